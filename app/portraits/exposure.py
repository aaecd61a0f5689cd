"""Faces that were taken in the dark: shown to the model as bright as the faces that it knows.

Of a face far darker than any that it was trained on, the model makes edits that glow: to it, hair as dark as that is
black, and what it adds is as bright as in daylight. So such a face is brightened for the model, and what an edit
changes is darkened again by as much.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from faces.compositing.paste import LUMA

Array = np.ndarray[Any, Any]

DARK = 0.4
"""Brightness under which a face is brightened: so dark is one in five hundred of CelebA-HQ's faces."""
TYPICAL = 0.7
"""Brightness to which it is brought; CelebA-HQ's median is 0.74."""
DARKEST = 0.1
"""Least exposure: what is darker yet is mostly noise."""

_FACE = (slice(0.2, 0.9), slice(0.2, 0.8))  # Rows and columns of the face in its square, in sides.


def exposure(square: Array) -> float:
    """How bright a face was taken, from :data:`DARKEST` to 1; nearly all are 1.

    Args:
        square: ``(S, S, 3)`` uint8, cut out and aligned.
    """
    rows, columns = (slice(round(part.start * len(square)), round(part.stop * len(square))) for part in _FACE)
    brightness = float(np.percentile(square[rows, columns] @ LUMA, 90)) / 255
    return 1.0 if brightness >= DARK else max(brightness / TYPICAL, DARKEST)


def brightened(square: Array, taken: float) -> Array:
    """A square ``(S, S, 3)`` uint8 as if it had been taken at an exposure of 1; itself where it was."""
    if taken == 1:
        return square
    bright: Array = np.clip(np.round(square / taken), 0, 255).astype(np.uint8)
    return bright


def as_taken(picture: Tensor, taken: float) -> Tensor:
    """The model's picture, or a change of it, as dark as the photo was taken."""
    return picture if taken == 1 else picture * taken
