"""Bringing a small change to a photo's resolution, with the photo as the guide: a guided filter.

A change that is only enlarged knows nothing of the photo's edges: hair turns black in a haze, and behind lips that have
shut, the photo's own teeth shine through. So the change is written as a function of the picture's colours, one for the
surroundings of each place, and that function is then asked at the photo's own pixels: edges are the photo's, and its
fine detail grows, fades or goes as the change asks.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

RADIUS = 3 / 128
"""Of the surroundings, in sides of the picture."""
NOISE = 1e-3
"""Variance of colour, of values in [0, 1], below which surroundings count as flat."""


def local_affine(guide: Tensor, change: Tensor) -> Tensor:
    """The change as an affine function of the guide's colours around each place.

    A guided filter with a colour guide (He, Sun and Tang 2013, doi 10.1109/TPAMI.2012.213), whose coefficients are
    there to be enlarged (He and Sun 2015, arXiv 1505.00996). What they leave of the change is added to the constant
    part, so that the function gives the very change at the guide's own colours.

    Args:
        guide: ``(3, S, S)`` in [0, 1], the picture before the change.
        change: ``(3, S, S)``.

    Returns:
        ``(12, S, S)``: the 3×3 matrix A, row by row, then the vector b of ``change = A @ colour + b``.
    """
    average = _averages(guide.shape[-1])

    def mean(x: Tensor) -> Tensor:
        return average @ x @ average.T

    # All averages at once: many small steps take longer than one larger.
    pairs = [guide[:, None] * guide, change[:, None] * guide]
    mean_guide, mean_change, *squares = mean(torch.cat([guide, change, *(x.flatten(0, 1) for x in pairs)])).split(
        [3, 3, 9, 9]
    )
    spread = squares[0].unflatten(0, (3, 3)) - mean_guide[:, None] * mean_guide
    together = squares[1].unflatten(0, (3, 3)) - mean_change[:, None] * mean_guide
    inverse = _inverse(spread + NOISE * torch.eye(3)[:, :, None, None])
    matrix = (together[:, :, None] * inverse).sum(1)
    matrix = mean(matrix.flatten(0, 1))
    return torch.cat([matrix, change - _applied(matrix.unflatten(0, (3, 3)), guide)])


def apply_affine(field: Tensor, colours: Tensor) -> Tensor:
    """The change that :func:`local_affine`'s function gives at some colours.

    Args:
        field: ``(12, H, W)``.
        colours: ``(3, H, W)``.
    """
    return _applied(field[:9].unflatten(0, (3, 3)), colours) + field[9:]


@cache
def _averages(size: int) -> Tensor:
    """The matrix ``(size, size)`` that averages a row over the surroundings of each place. At the size of a model's
    pictures, two products with it take a quarter of the time that pooling does."""
    radius = max(1, round(RADIUS * size))
    places = torch.arange(size)
    near = ((places[:, None] - places).abs() <= radius).float()
    return near / near.sum(dim=1, keepdim=True)


def _inverse(matrices: Tensor) -> Tensor:
    """The inverse of the matrix at each place, ``(3, 3, H, W)``: by cross products, many times faster than a solver."""
    first, second, third = matrices
    columns = [torch.linalg.cross(*pair, dim=0) for pair in ((second, third), (third, first), (first, second))]
    return torch.stack(columns, dim=1) / (first * columns[0]).sum(0)


def _applied(matrix: Tensor, colours: Tensor) -> Tensor:
    """``matrix @ colours`` at each place, of ``(3, 3, H, W)`` and ``(3, H, W)``."""
    return torch.addcmul(torch.addcmul(matrix[:, 0] * colours[0], matrix[:, 1], colours[1]), matrix[:, 2], colours[2])
