"""The oriented square around a face, and the aligned picture cut from it.

The geometry is that of CelebA-HQ (Karras et al. 2018, arXiv 1710.10196, appendix C), whose pictures the flow
is trained on: a photo's face must have the pose and scale that the flow knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from faces.errors import FaceError
from faces.face import Face

__all__ = ["Alignment", "align"]

Array = np.ndarray[Any, Any]

# Factor on the side of the square. Measured on 280 already aligned CelebA-HQ pictures, whose square should be
# the whole frame, as the mean distance of the four corners from the frame's, in sides: 0.0263 with factor 1
# (the squares came out 0.8 % too large in the median), 0.0256 with 0.992 (median 0.0222, 95th percentile
# 0.0537). A shift in face coordinates gained nothing: the centres lie within 0.2 of 256 pixels in the median.
# What remains is the scatter of the landmarks (scale 3.8 %, centre 1.2 pixels, 1 degree); fits of all five
# points did worse (0.033).
_SCALE = 0.992


@dataclass(frozen=True, eq=False)
class Alignment:
    """An oriented square in a photo. It may reach beyond the photo's edges."""

    quad: Array
    """``(4, 2)`` float64, photo pixels: top-left, bottom-left, bottom-right, top-right of the upright face.
    The photo covers ``[0, W] x [0, H]``."""

    def __post_init__(self) -> None:
        quad = np.array(self.quad, dtype=np.float64)
        if quad.shape != (4, 2) or not np.isfinite(quad).all():
            raise FaceError(f"A square needs four finite (x, y) corners, but has shape {quad.shape}.")
        down = quad[1] - quad[0]
        side = float(np.hypot(*down))
        across = -_quarter(down)
        square = quad[0] + np.stack([np.zeros(2), down, down + across, across])
        if side < 1e-3 or not np.allclose(quad, square, rtol=0.0, atol=1e-3 * side):
            raise FaceError(f"The corners {quad.tolist()} are no square. Mark the eyes and mouth anew.")
        quad.setflags(write=False)
        object.__setattr__(self, "quad", quad)

    @property
    def size(self) -> float:
        """Side length in photo pixels."""
        return float(np.hypot(*(self.quad[3] - self.quad[0])))

    def to_photo(self, points: Array) -> Array:
        """Map ``(..., 2)`` points of the square, whose corners are (0, 0) and (1, 1), to photo pixels."""
        result: Array = self.quad[0] + np.asarray(points, dtype=np.float64) @ self._axes
        return result

    def to_square(self, points: Array) -> Array:
        """Map ``(..., 2)`` photo pixels into the square, whose corners are (0, 0) and (1, 1)."""
        result: Array = (np.asarray(points, dtype=np.float64) - self.quad[0]) @ np.linalg.inv(self._axes)
        return result

    @property
    def _axes(self) -> Array:
        return np.stack([self.quad[3] - self.quad[0], self.quad[1] - self.quad[0]])

    @classmethod
    def whole(cls, pixels: Array) -> Alignment:
        """The central square of an ``(H, W, 3)`` photo: for aligned pictures, or as a way on."""
        height, width = pixels.shape[:2]
        side = min(height, width)
        # Whole pixels, so that cutting at the same size returns the very values.
        x, y = (width - side) // 2, (height - side) // 2
        return cls(np.array([[x, y], [x, y + side], [x + side, y + side], [x + side, y]], dtype=np.float64))


def align(face: Face) -> Alignment:
    """Return the square that CelebA-HQ would cut around this face, turned with it.

    With e the vector between the eyes and m that from their middle to the mouth's, the square's axis is
    e - rot90(m), its half side max(2.0 |e|, 1.8 |m|), and its centre the eyes' middle plus 0.1 m.
    """
    marks = face.landmarks.astype(np.float64)
    eyes = (marks[0] + marks[1]) / 2.0
    across = marks[1] - marks[0]
    down = (marks[3] + marks[4]) / 2.0 - eyes
    axis = across - _quarter(down)
    length = float(np.hypot(*axis))
    half = max(2.0 * float(np.hypot(*across)), 1.8 * float(np.hypot(*down))) * _SCALE
    if length < 1e-6 or half < 0.5:
        raise FaceError("The eyes and mouth of this face lie on one spot. Mark them by hand.")
    x = axis / length * half
    y = _quarter(x)
    centre = eyes + 0.1 * down
    return Alignment(np.stack([centre - x - y, centre - x + y, centre + x + y, centre + x - y]))


def _quarter(vector: Array) -> Array:
    """Turn by a quarter clockwise as seen on a screen, whose y points down: right becomes down."""
    return np.array([-vector[1], vector[0]])
