"""Smoothing of small pictures, and smooth steps."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor


def smoothed(x: Tensor, reach: float) -> Tensor:
    """Means over the surroundings of each place, near ones most.

    Args:
        x: ``(..., S, S)``.
        reach: the standard deviation of the Gaussian that smooths, in sides of the picture; above 0.
    """
    matrix = _smoothing(x.shape[-1], reach).to(x)
    return matrix @ x @ matrix.T


@cache
def _smoothing(size: int, reach: float) -> Tensor:
    """The matrix ``(size, size)`` that smooths a row; the weights of each place sum to 1 at the borders too."""
    places = torch.arange(size)
    weights = torch.exp(-(((places[:, None] - places) / (reach * size)) ** 2) / 2)
    return weights / weights.sum(dim=1, keepdim=True)


def smooth_step(x: Tensor, low: float, high: float) -> Tensor:
    """From 0 at ``low`` to 1 at ``high``, level at both ends."""
    share = ((x - low) / (high - low)).clamp(0, 1)
    return share * share * (3 - 2 * share)
