"""The part of a photo that is on screen, and how large."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from faces import Alignment, Photo
from faces.profiles import converted

FACE_MARGIN = 0.09
"""What is shown around a face's square, in sides of it: enough for an edit to end as it does in the whole photo
(:mod:`faces.compositing.fade`), however the face is turned."""


@dataclass(frozen=True)
class View:
    """A box of a photo, made smaller where it is larger than the screen needs.

    An edit seen through a view costs what the view costs, however large the photo is.
    """

    box: tuple[int, int, int, int]
    """Left, top, right and bottom, in photo pixels."""

    long_side: int
    """Longest side on screen, in pixels."""

    @staticmethod
    def whole(photo: Photo, long_side: int) -> View:
        """All of the photo."""
        height, width = photo.pixels.shape[:2]
        return View((0, 0, width, height), long_side)

    @staticmethod
    def face(photo: Photo, alignment: Alignment, long_side: int) -> View:
        """A face's square with a little around it, as far as the photo goes."""
        height, width = photo.pixels.shape[:2]
        margin = FACE_MARGIN * alignment.size
        left, top = np.clip(np.floor(alignment.quad.min(0) - margin), 0, (width - 1, height - 1)).astype(int).tolist()
        right, bottom = np.clip(np.ceil(alignment.quad.max(0) + margin), 1, (width, height)).astype(int).tolist()
        return View((left, top, max(right, left + 1), max(bottom, top + 1)), long_side)

    @property
    def scale(self) -> float:
        """How many pixels on screen one of the photo takes, at most 1."""
        left, top, right, bottom = self.box
        return min(1.0, self.long_side / max(right - left, bottom - top))

    def cut(self, photo: Photo) -> Photo:
        """What is seen of a photo, in 8 bits."""
        left, top, right, bottom = self.box
        part = Photo(
            photo.pixels[top:bottom, left:right], icc_profile=photo.icc_profile, name=photo.name, grey=photo.grey
        )
        if self.scale == 1:
            return part
        size = (max(1, round((right - left) * self.scale)), max(1, round((bottom - top) * self.scale)))
        return replace(part, pixels=np.asarray(part.image.resize(size, reducing_gap=2.0)))

    def place(self, alignment: Alignment) -> Alignment:
        """Where a square of the photo lies in what :meth:`cut` shows."""
        return Alignment(self.seen_at(alignment.quad))

    def seen_at(self, points: np.ndarray) -> np.ndarray:
        """Where points ``(N, 2)`` of the photo lie in what :meth:`cut` shows."""
        return (points - self.box[:2]) * self.scale


def on_screen(seen: Photo) -> Photo:
    """A photo, or what a view shows of it, in a screen's colours: where it has a profile, its values mean others."""
    return replace(seen, pixels=converted(seen.pixels, seen.icc_profile), icc_profile=None)
