"""Where a change ends at the border of a face's square: faded out where it would be cut off, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from faces.align import Alignment

Array = np.ndarray[Any, Any]

FEATHER = 0.08
"""Width of the fade at the sides and at the bottom of the square, in sides. In CelebA-HQ the chin ends at about 0.9."""
CROWN = 0.03
"""The same at the top: little hair is above it, and a long fade would leave a crown of
the old colour."""
VISIBLE = 6 / 255
"""Change at the border from which on it is faded in full, of values in [0, 1]: a step of less is hardly seen."""

DIRECTIONS = 256
"""Rays from the middle, along which the border is looked at."""

_RING = 0.02  # Depth, in sides, of what counts as the border.
_SMOOTH = 11  # Rays over which it is averaged: hair that leaves is faded as a whole.
_NOTHING = 0.01  # Of the photo beyond the square, in sides: under it, nobody sees where the change ends.
_SHARE = 2.0  # Longest fade, in lengths of what the photo still shows beyond the square.


def fade(change: Array, beyond: Array | None = None) -> Array:
    """Weights that take a change to the border of its square without a visible end.

    Where nothing changes at the border, nothing is faded: a beard, or a crown inside of the square, keeps its colour
    to the end. Where hair or a neck runs out of the square, its change falls off smoothly as :func:`feather_mask`
    does, but over no more than about what the photo still shows of it. Each ray from the middle has a fade of its own.

    Args:
        change: ``(S, S, 3)``, of values in [0, 1].
        beyond: how far the photo goes on beyond the square, as :func:`photo_beyond` tells; without it, far.

    Returns:
        ``(S, S)`` float32 in [0, 1].
    """
    size = change.shape[0]
    strength = torch.from_numpy(np.abs(change).max(axis=-1).astype(np.float32))[None, None]
    rays = _rays()
    depths = torch.linspace(1.0 - 2.0 * _RING, 1.0, max(2, round(2 * _RING * size)))
    points = (rays[:, None] * depths[None, :, None])[None]
    ring = functional.grid_sample(strength, points, padding_mode="border", align_corners=False)[0, 0]
    leaving = _smooth((_around(ring.amax(dim=-1)) / VISIBLE).clamp(0.0, 1.0))
    widths = FEATHER + (CROWN - FEATHER) * _smooth((-rays[:, 1]).clamp(0.0, 1.0))
    if beyond is not None:
        left = torch.from_numpy(beyond).float()
        leaving = leaving * _around((left / _NOTHING).clamp(0.0, 1.0))
        widths = _around(torch.minimum(widths, _NOTHING + left * _SHARE))
    position = (torch.arange(size) + 0.5) * 2.0 / size - 1.0
    at = torch.atan2(position[:, None], position[None, :]) / (2.0 * torch.pi) * DIRECTIONS
    low = at.floor().long()
    leaving, widths = (torch.lerp(x[low % DIRECTIONS], x[(low + 1) % DIRECTIONS], at - low) for x in (leaving, widths))
    weights: Array = 1.0 - leaving.numpy() * (1.0 - feather_mask(size, widths.numpy()))
    return weights


def photo_beyond(shape: tuple[int, int], alignment: Alignment) -> Array:
    """How far a photo goes on beyond a face's square along each of the rays, ``(DIRECTIONS,)``, in sides; 0 where the
    square reaches the photo's edge.

    Args:
        shape: the photo's height and width.
        alignment: the square, its middle in the photo.
    """
    rays = _rays().numpy().astype(np.float64)
    border, twice = (alignment.to_photo(0.5 + reach * rays) for reach in (0.5, 1.0))
    outward = twice - border
    edges = np.where(outward > 0, np.array(shape[::-1]) - border, -border)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(outward == 0, np.inf, edges / outward)
    beyond: Array = 0.5 * np.clip(left.min(axis=-1), 0.0, None)
    return beyond


def _rays() -> Tensor:
    """Points on the border of the square from -1 to 1, ``(DIRECTIONS, 2)``, to the right first and then down."""
    angles = torch.arange(DIRECTIONS) * (2.0 * torch.pi / DIRECTIONS)
    rays = torch.stack([angles.cos(), angles.sin()], dim=-1)
    return rays / rays.abs().amax(dim=-1, keepdim=True)


def _around(values: Tensor) -> Tensor:
    """Averages over neighbouring rays."""
    padded = functional.pad(values[None, None], (_SMOOTH // 2,) * 2, mode="circular")
    return functional.avg_pool1d(padded, _SMOOTH, 1)[0, 0]


def feather_mask(size: int, feather: float | Array = FEATHER) -> Array:
    """``(size, size)`` float32 weights: 1 inside, falling smoothly (level at both ends) to 0 at the border.

    The outline is a rounded square, |x|^3 + |y|^3 = 1: the eye finds the corners of a plain square at once,
    and a face has none. ``feather`` may differ from place to place, ``(size, size)``.
    """
    position = np.abs((np.arange(size, dtype=np.float32) + 0.5) * 2.0 / size - 1.0) ** 3
    radius = np.cbrt(position[:, None] + position[None, :])
    t = np.clip((1.0 - radius) / np.maximum(2.0 * np.asarray(feather), 1e-6), 0.0, 1.0)
    mask: Array = (t * t * t * (t * (6.0 * t - 15.0) + 10.0)).astype(np.float32)
    mask[[0, -1], :] = 0.0
    mask[:, [0, -1]] = 0.0
    return mask


def _smooth(x: Tensor) -> Tensor:
    """From 0 to 1, level at both ends."""
    return x * x * (3.0 - 2.0 * x)
