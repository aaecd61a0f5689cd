"""The Fréchet distance, against what is known of it, and of a model's samples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch

from train.__main__ import main
from train.evaluation.frechet import Moments, frechet_distance


def moments_of(features: torch.Tensor, batch: int = 7) -> Moments:
    """Moments of features ``(N, F)`` taken in bit by bit."""
    found = Moments()
    for part in features.split(batch):
        found.add(part)
    return found


def test_moments_that_come_bit_by_bit_are_numpys() -> None:
    features = torch.randn(100, 5, dtype=torch.float64) * 3 + 1000
    found = moments_of(features)
    np.testing.assert_allclose(found.mean, features.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(features.numpy().T), rtol=1e-9)


def test_the_distance_is_that_of_its_formula() -> None:
    generator = torch.Generator().manual_seed(0)
    mixed = torch.randn(200, 6, generator=generator) @ torch.randn(6, 6, generator=generator)
    first, second = moments_of(mixed), moments_of(torch.randn(150, 6, generator=generator) + 1)
    root = scipy.linalg.sqrtm(first.covariance.numpy() @ second.covariance.numpy()).real
    trace_term = np.trace(first.covariance.numpy() + second.covariance.numpy() - 2 * root)
    wanted = float((first.mean - second.mean).square().sum()) + trace_term
    assert frechet_distance(first, second) == pytest.approx(wanted, rel=1e-8)
    assert frechet_distance(second, first) == pytest.approx(wanted, rel=1e-8)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-6)


def test_the_distance_of_a_shift_is_its_square_even_with_features_that_never_vary() -> None:
    features = torch.cat([torch.randn(50, 3), torch.zeros(50, 2)], dim=1)
    shift = torch.tensor([1.0, 0, 0, 2, 0])
    assert frechet_distance(moments_of(features), moments_of(features + shift)) == pytest.approx(5, abs=1e-4)
    with pytest.raises(ValueError, match="at least 2 pictures"):
        frechet_distance(moments_of(features[:1]), moments_of(features))


def test_samples_at_the_usual_temperature_are_nearer_to_faces_than_grey_ones(
    celebahq_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["eval", "--data", str(celebahq_folder), "--cache", str(tmp_path), "--device", "cpu", "--json"]
    assert main([*words, "--frechet", "64", "--temperatures", "0,0.7"]) == 0
    distances = json.loads(capsys.readouterr().out)["frechet"]
    assert 0 < distances["0.7"] < distances["0.0"]
