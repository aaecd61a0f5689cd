"""Sums of one pass give what their definitions and scikit-learn's least squares give."""

from __future__ import annotations

import pytest
import torch
from sklearn.linear_model import LinearRegression

from attributes.directions.mean_difference import LabelSums, OneSidedLabelError
from attributes.directions.partial import partial_weights

LABELS = 5


def small_case() -> tuple[torch.Tensor, torch.Tensor]:
    """300 latents of 6 numbers, and 5 labels of which the first three often go together."""
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(300, 6, dtype=torch.float64, generator=generator)
    wish = torch.randn(300, LABELS, dtype=torch.float64, generator=generator)
    wish[:, 1:3] += 2 * wish[:, :1]
    return latents + wish[:, :1], wish > 0.3


def summed(latents: torch.Tensor, labels: torch.Tensor) -> LabelSums:
    sums = LabelSums(latents.shape[1], labels.shape[1])
    for start in range(0, len(latents), 7):
        sums.add(latents[start : start + 7], labels[start : start + 7])
    return sums


def test_mean_directions_equal_their_definition() -> None:
    latents, labels = small_case()
    expected = torch.stack([latents[flag].mean(0) - latents[~flag].mean(0) for flag in labels.T])
    torch.testing.assert_close(summed(latents, labels).mean_directions(), expected, atol=1e-12, rtol=0)


def test_partial_directions_equal_linear_regression() -> None:
    latents, labels = small_case()
    sums = summed(latents, labels)
    partial = partial_weights(sums.label_second_moment) @ sums.mean_directions()
    fitted = LinearRegression().fit(labels.numpy(), latents.numpy())
    torch.testing.assert_close(partial, torch.from_numpy(fitted.coef_.T.copy()), atol=1e-12, rtol=0)


def test_labels_of_a_family_are_not_held_fixed_for_one_another() -> None:
    latents, labels = small_case()
    sums = summed(latents, labels)
    partial = partial_weights(sums.label_second_moment, families=[(0, 1, 2)]) @ sums.mean_directions()
    first = LinearRegression().fit(labels[:, [0, 3, 4]].numpy(), latents.numpy()).coef_[:, 0]
    torch.testing.assert_close(partial[0], torch.from_numpy(first.copy()), atol=1e-12, rtol=0)
    whole = LinearRegression().fit(labels.numpy(), latents.numpy()).coef_[:, 3]
    torch.testing.assert_close(partial[3], torch.from_numpy(whole.copy()), atol=1e-12, rtol=0)


def test_labels_that_nearly_coincide_still_have_short_directions() -> None:
    """Least squares alone would set one huge coefficient against another."""
    latents, labels = small_case()
    labels[:, 1] = labels[:, 0]
    labels[0, 1] = ~labels[0, 1]
    sums = summed(latents, labels)
    means = sums.mean_directions()
    assert (partial_weights(sums.label_second_moment) @ means).norm(dim=1).max() < 2 * means.norm(dim=1).max()


def test_a_label_on_no_face_is_refused() -> None:
    latents, labels = torch.randn(30, 2), torch.rand(30, 40) < 0.5
    labels[:, 4] = False
    with pytest.raises(OneSidedLabelError, match="Bald"):
        summed(latents, labels).mean_directions()
