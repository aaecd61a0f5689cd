"""Find faces with MTCNN (Zhang et al. 2016, arXiv 1604.02878), as packaged in facenet-pytorch.

The bare detector fails on tiny pictures, is slow on huge ones, misses faces that overflow the frame, and on a
photo that lies on its side it finds nothing or, worse, a face with misplaced landmarks. The class below tries
several views of the photo and maps what it finds back. The weights are part of the package: no network.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from faces.errors import FaceError, NoFaceError
from faces.face import Face

__all__ = ["MIN_FACE_PIXELS", "Detector"]

Array = np.ndarray[Any, Any]

MIN_FACE_PIXELS = 24
"""Smallest face that is looked for, in pixels of the working copy (see :func:`smallest_face`)."""

_LONG_SIDE = 1280  # Of the working copy: 0.35 s on one core; faces of 2 % of the long side are still found.
_FINE_LONG_SIDE = 2560  # Of a last look at a larger photo in which nothing was found: 1.4 s.
_SHORT_SIDE = 160  # Smaller pictures are enlarged: the first net sees faces as 12 pixels.
_TURNED_LONG_SIDE = 800  # Later attempts are smaller, so that a photo without a face does not take long.
_PADDED_LONG_SIDE = 256  # A face that overflows the frame is large by nature.

# On 33 CelebA-HQ faces the upright view scored 0.995 or more, while the same faces turned by 90 and 180
# degrees were "found" with wrong landmarks, 95 of 99 times at under 0.99. So less than this is not believed
# before all turns are tried.
_SURE = 0.99
_UNBORDERED = 5  # Looks before those that are turned and have a border.


@dataclass(frozen=True)
class _View:
    """How one look at the photo was made: scaled copy, border added, then turned."""

    scale_x: float
    scale_y: float
    border: int
    turns: int
    width: int
    height: int

    def back(self, points: Array) -> Array:
        """Map ``(..., 2)`` points of the view to the photo."""
        x, y = points[..., 0], points[..., 1]
        for step in range(self.turns, 0, -1):
            # One quarter turn against the clock sent (x, y) to (y, width - x).
            x, y = (self.width if step % 2 else self.height) - y, x
        return np.stack([(x - self.border) / self.scale_x, (y - self.border) / self.scale_y], axis=-1)


class Detector:
    """MTCNN behind a lock: one instance may be shared between threads. Weights load on first use (0.1 s).

    Args:
        device: torch device, as ``"cpu"`` or ``"cuda:0"``.
        min_confidence: faces that the detector believes less, in [0, 1], are left out.
    """

    def __init__(self, device: str = "cpu", min_confidence: float = 0.9) -> None:
        if not 0.0 <= min_confidence <= 1.0:
            raise FaceError(f"min_confidence is {min_confidence}, but must lie in [0, 1].")
        self.device = device
        self.min_confidence = min_confidence
        self._lock = threading.Lock()
        self._net: Any = None

    def __repr__(self) -> str:
        return f"Detector(device={self.device!r}, min_confidence={self.min_confidence})"

    def detect(self, photo_pixels: Array) -> list[Face]:
        """Return the faces of an ``(H, W, 3)`` uint8 photo, largest first; an empty list if there is none."""
        pixels = np.asarray(photo_pixels)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
            raise FaceError(f"Pixels of shape {pixels.shape}, {pixels.dtype} given. Give (H, W, 3) uint8.")
        found: list[tuple[bool, float, list[Face]]] = []
        for number, (view, picture) in enumerate(_views(pixels), start=1):
            faces = self._look(view, picture)
            if faces and view.border == 0 and any(_overflows(face, pixels) for face in faces):
                faces = self._look(*_with_room(view, picture)) or faces
            if faces:
                found.append((view.turns == 0, max(face.confidence for face in faces), faces))
            # The first look is believed alone. Of a face that lies or stands on its head, the others are often sure of
            # something wrong as well, but surer the right way up.
            if found and number in (1, _UNBORDERED):
                surest = max(found, key=lambda one: one[1])
                if surest[1] >= _SURE:
                    return surest[2]
        if not found and max(pixels.shape[:2]) > _LONG_SIDE:
            return self._look(
                *_view(pixels, _resized(pixels, _scale(pixels, _FINE_LONG_SIDE)), _FINE_LONG_SIDE, 0.0, 0)
            )
        # Among doubtful findings an upright one comes first: most photos are upright.
        return max(found, key=lambda one: one[:2])[2] if found else []

    def require(self, photo_pixels: Array) -> list[Face]:
        """As :meth:`detect`, but raise :class:`NoFaceError`, with a way on, when there is no face."""
        faces = self.detect(photo_pixels)
        if not faces:
            height, width = photo_pixels.shape[:2]
            raise NoFaceError(
                f"No face was found in this photo of {width} x {height} pixels: choose a photo in which a face of at "
                f"least {smallest_face(width, height)} pixels looks at the camera, or take the whole picture for the "
                "face, if it is cut around one."
            )
        return faces

    def _look(self, view: _View, picture: Array) -> list[Face]:
        with self._lock:
            if self._net is None:
                # Imported late: it pulls in torchvision, a second of start-up.
                from facenet_pytorch import MTCNN

                self._net = MTCNN(keep_all=True, device=self.device, min_face_size=MIN_FACE_PIXELS).eval()
            boxes, confidences, landmarks = self._net.detect(Image.fromarray(picture), landmarks=True)
        if boxes is None:
            return []
        faces = []
        for box, confidence, points in zip(boxes, confidences, landmarks, strict=True):
            if float(confidence) < self.min_confidence:
                continue
            # The package cuts patches at truncated box corners, on average half a pixel before where it then
            # says they are: the x of 150 mirrored pairs of CelebA-HQ pictures add up to W + 1 in the median.
            corners = view.back(np.asarray(box, dtype=np.float64).reshape(2, 2) - 0.5)
            (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
            marks = view.back(np.asarray(points, dtype=np.float64) - 0.5)
            faces.append(Face((float(x0), float(y0), float(x1), float(y1)), marks, float(confidence)))
        return sorted(faces, key=lambda face: face.size, reverse=True)


def smallest_face(width: int, height: int) -> int:
    """How large a face must be to be found, in pixels of a photo of that size."""
    return round(MIN_FACE_PIXELS * max(1.0, max(width, height) / _FINE_LONG_SIDE))


def _scale(pixels: Array, long_side: int) -> float:
    """By how much a photo is scaled for a look: enlarged where it is very small, shrunk to ``long_side``."""
    height, width = pixels.shape[:2]
    return min(max(1.0, _SHORT_SIDE / min(width, height)), long_side / max(width, height))


def _views(pixels: Array) -> Iterator[tuple[_View, Array]]:
    """The looks to take, likeliest first: upright, then turned, each without and with a border."""
    # All looks share one working copy: shrinking a large photo costs more than looking at the copy.
    copy = _resized(pixels, _scale(pixels, _LONG_SIDE))
    yield _view(pixels, copy, _LONG_SIDE, 0.0, 0)
    yield _view(pixels, copy, _PADDED_LONG_SIDE, 0.5, 0)
    for border, long_side in ((0.0, _TURNED_LONG_SIDE), (0.5, _PADDED_LONG_SIDE)):
        for turns in (1, 3, 2):
            yield _view(pixels, copy, long_side, border, turns)


def _view(pixels: Array, copy: Array, long_side: int, border_share: float, turns: int) -> tuple[_View, Array]:
    picture = _resized(copy, min(1.0, long_side / max(copy.shape[:2])))
    scale_y, scale_x = picture.shape[0] / pixels.shape[0], picture.shape[1] / pixels.shape[1]
    border = round(border_share * max(picture.shape[:2]))
    # A very narrow strip, which could not be enlarged without making it too long, is widened by a border.
    border = max(border, (2 * MIN_FACE_PIXELS - min(picture.shape[:2]) + 1) // 2)
    if border:
        picture = np.pad(picture, ((border, border), (border, border), (0, 0)), mode="edge")
    view = _View(scale_x, scale_y, border, turns, picture.shape[1], picture.shape[0])
    return view, np.ascontiguousarray(np.rot90(picture, turns))


def _overflows(face: Face, pixels: Array) -> bool:
    """Whether the square that the last net looks at, around the face's box, reaches beyond the photo.

    The package clips that patch but places the landmarks as if it had not: in a close-up of the astronaut's
    face, 86 pixels wide, the eyes were 10 pixels off.
    """
    x0, y0, x1, y1 = face.box
    x, y, reach = (x0 + x1) / 2, (y0 + y1) / 2, 0.55 * face.size
    return min(x, y) < reach or x + reach > pixels.shape[1] or y + reach > pixels.shape[0]


def _with_room(view: _View, picture: Array) -> tuple[_View, Array]:
    """The same look with a border around it, in which no face near the edge is clipped."""
    border = round(0.3 * max(picture.shape[:2]))
    grown = replace(view, border=view.border + border, width=view.width + 2 * border, height=view.height + 2 * border)
    return grown, np.pad(picture, ((border, border), (border, border), (0, 0)), mode="edge")


def _resized(pixels: Array, scale: float) -> Array:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return pixels
    # reducing_gap first averages whole blocks: several times faster on large photos.
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))
