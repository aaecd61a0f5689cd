"""A face in a photo: its box and five landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from faces.errors import FaceError

__all__ = ["Face", "Point"]

Point = tuple[float, float]
"""``(x, y)`` in pixels; the photo covers ``[0, W] x [0, H]``: the first pixel's centre is (0.5, 0.5)."""


@dataclass(frozen=True, eq=False)
class Face:
    """Where a face is, in photo pixels (the photo covers ``[0, W] x [0, H]``)."""

    box: tuple[float, float, float, float]
    """``(x0, y0, x1, y1)``; may reach beyond the photo."""
    landmarks: np.ndarray[Any, Any]
    """``(5, 2)`` float32: left eye, right eye, nose, left and right corner of the mouth, as seen when the
    face is upright."""
    confidence: float
    """Detector's probability in [0, 1]; 1 for a face marked by hand."""

    def __post_init__(self) -> None:
        landmarks = np.array(self.landmarks, dtype=np.float32)
        if landmarks.shape != (5, 2) or not np.isfinite(landmarks).all():
            raise FaceError(f"Landmarks must be five finite (x, y) points, but have shape {landmarks.shape}.")
        landmarks.setflags(write=False)
        object.__setattr__(self, "landmarks", landmarks)

    @property
    def size(self) -> float:
        """Longer side of the box in pixels."""
        x0, y0, x1, y1 = self.box
        return max(x1 - x0, y1 - y0)

    @classmethod
    def from_points(cls, left_eye: Point, right_eye: Point, mouth: Point) -> Face:
        """Build a face from three clicked points: both eyes and the middle of the mouth.

        The eyes may come in either order, and the face may lie on its side or stand on its head: the mouth
        tells. Raises :class:`FaceError` when the points coincide or lie on one line.
        """
        eyes = np.array([left_eye, right_eye], dtype=np.float64)
        low = np.array(mouth, dtype=np.float64)
        if eyes.shape != (2, 2) or low.shape != (2,) or not np.isfinite([*eyes, low]).all():
            raise FaceError(f"Points must be finite (x, y) pairs, but are {left_eye}, {right_eye}, {mouth}.")
        across, down = eyes[1] - eyes[0], low - eyes.mean(axis=0)
        turn = across[0] * down[1] - across[1] * down[0]
        width, height = float(np.hypot(*across)), float(np.hypot(*down))
        if width < 1.0 or height < 1.0 or abs(turn) < 0.2 * width * height:
            raise FaceError(
                f"The eyes {tuple(left_eye)}, {tuple(right_eye)} and the mouth {tuple(mouth)} span no face. "
                "Click the middle of each eye, then the middle of the mouth."
            )
        if turn < 0:  # Only a mirrored face has its eyes in this order: they were clicked right to left.
            eyes, across = eyes[::-1], -across
        middle = eyes.mean(axis=0)
        corners = [low - 0.45 * across, low + 0.45 * across]
        landmarks = np.stack([*eyes, middle + 0.6 * down, *corners])
        # Box proportions of the detector's own boxes on CelebA-HQ, roughly.
        radius = max(1.25 * width, 1.1 * height)
        x, y = middle + 0.5 * down
        box = (float(x - radius), float(y - radius), float(x + radius), float(y + radius))
        return cls(box, landmarks, 1.0)
