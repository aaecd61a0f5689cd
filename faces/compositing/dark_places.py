"""Which places of a face are dark beside its skin: hair, frames and glasses, brows, the dark of eyes.

What pales skin, or lays wrinkles over it, would pale a frame or a pair of sunglasses as well.
"""

from __future__ import annotations

from torch import Tensor

from faces.compositing.colour import luma
from faces.compositing.smoothing import smooth_step, smoothed

SKIN = ((0.4, 0.74), (0.31, 0.69))
"""Rows and columns of the square in which most is skin, in shares of its side."""
DARK = (0.3, 0.55)
"""Brightness up to which a place is dark, and from which on it is not, in shares of the skin's; shadows on skin are
mostly brighter."""
EDGE = 0.7 / 128
"""How far its border is smoothed, in sides of the square."""


def dark_places(picture: Tensor) -> Tensor:
    """How much of each place is dark beside the skin, ``(B, 1, S, S)`` in [0, 1], of pictures ``(B, 3, S, S)``."""
    brightness = luma(picture)
    return smoothed(1 - smooth_step(brightness / skin(brightness), *DARK), EDGE).clamp(0, 1)


def skin(values: Tensor) -> Tensor:
    """What of some values, at least 0.001, most of a face's skin has, ``(B, 1, 1, 1)``, of ``(B, 1, S, S)``."""
    size = values.shape[-1]
    rows, columns = (slice(round(low * size), max(1, round(high * size))) for low, high in SKIN)
    middle = values[:, :, rows, columns].flatten(1).median(dim=1).values
    return middle.clamp_min(1e-3)[:, None, None, None]
