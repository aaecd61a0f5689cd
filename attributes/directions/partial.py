"""Partial directions: the effect of one label on the latent while the other labels are held fixed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from attributes.directions.mean_difference import label_covariance

LARGEST_CONDITION = 100.0
"""Of the labels' correlation matrix; where it is worse, a ridge makes it so."""


def partial_weights(label_second_moment: Tensor, families: Sequence[Sequence[int]] = ()) -> Tensor:
    """How partial directions are made of the mean ones: ``partial = weights @ mean``, with weights ``(N, N)``.

    Each is a coefficient of the least-squares regression of the latents on the labels (Frisch & Waugh 1933). For a
    label of a family, the others of its family are left out of the regression: labels that are parts of one act
    are not held fixed for one another.

    Only the labels' own sums are needed: with mean directions m, label covariance C and its diagonal v, the latents'
    covariance with the labels is ``diag(v) m``, and the regression's coefficients are ``C⁻¹ diag(v) m``. Where labels
    are nearly collinear, C has a ridge, in units of v, that is just large enough.

    Args:
        label_second_moment: ``Σ y yᵀ``, as
            :attr:`attributes.directions.mean_difference.LabelSums.label_second_moment`.
        families: indices of the labels of each family; a label may be in several.

    Raises:
        OneSidedLabelError: a label is on all faces or on none.
    """
    covariance = label_covariance(label_second_moment)
    variance = covariance.diagonal()
    scale = variance.sqrt()
    correlation = covariance / torch.outer(scale, scale)
    weights = torch.zeros_like(covariance)
    for label in range(len(covariance)):
        relatives = {member for family in families if label in family for member in family} - {label}
        used = [i for i in range(len(covariance)) if i not in relatives]
        among = correlation[used][:, used]
        solution = torch.linalg.solve(among + _ridge(among) * torch.eye(len(used)), _unit(len(used), used.index(label)))
        weights[label, used] = solution / scale[label] * scale[used]
    return weights


def _ridge(correlation: Tensor) -> float:
    """The least multiple of 1 that makes the matrix well conditioned."""
    eigenvalues = torch.linalg.eigvalsh(correlation)
    lowest, highest = float(eigenvalues[0]), float(eigenvalues[-1])
    return max(0.0, (highest - LARGEST_CONDITION * lowest) / (LARGEST_CONDITION - 1))


def _unit(size: int, index: int) -> Tensor:
    unit = torch.zeros(size, dtype=torch.float64)
    unit[index] = 1
    return unit
