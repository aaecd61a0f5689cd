"""Whether pictures are good enough for a model of some size: lossy and small copies lack fine detail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, JpegImagePlugin

from data.face_set import FaceSet
from data.picture_set import PictureSet

LOOKED_AT = 64
"""Pictures whose headers are read, spread over the set."""

_HEADER = 2**20
"""Bytes of a file in which what it tells must stand; colour profiles and the like stand before it."""

_FEW = 0.05
"""Up to this share of such pictures, nothing is said."""


@dataclass(frozen=True)
class SourceQuality:
    """What a picture's file can hold of its central square."""

    side: int
    """Side of the square, in pixels."""

    colour_side: int
    """Side of the square's colour, in pixels: less where the file keeps colour at a lower resolution."""

    lossy: bool
    """Whether the file was compressed with loss."""


def source_quality(path: Path, crop: int | None = None) -> SourceQuality | None:
    """What the header of a JPEG, WebP, AVIF or lossless file tells; None if it cannot be read, or does not tell.

    Args:
        path: the picture.
        crop: side of the square that is used, if it is not the largest.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER)
        with Image.open(path) as image:
            side = min(*image.size, crop or min(image.size))
            halves: tuple[int, int] = (1, 1)  # by how much colour is coarser, across and down
            lossy = False
            if isinstance(image, JpegImagePlugin.JpegImageFile):
                lossy = True
                if image.layers >= 3:
                    (_, across, down, _), (_, colour_across, colour_down, _) = image.layer[:2]
                    halves = (max(1, across // colour_across), max(1, down // colour_down))
            elif image.format == "WEBP":
                lossy = _lossy_webp(start)
                halves = (2, 2) if lossy else (1, 1)
            elif image.format == "AVIF":
                lossy, halves = True, _avif_halves(start)  # as good as always
    except Exception:  # what a broken file makes decoders stumble over is told when the picture is read
        return None
    return SourceQuality(side, side // max(halves), lossy)


def _lossy_webp(start: bytes) -> bool:
    """Whether the pixels' chunk is of the lossy kind; others, such as a colour profile, may stand before it.

    Raises:
        ValueError: it does not begin within ``start``.
    """
    place = 12
    while (name := start[place : place + 4]) not in (b"VP8 ", b"VP8L"):
        if len(name) < 4:
            raise ValueError("no pixels")
        if name == b"ANMF":  # a frame of an animation, with chunks of its own
            place += 24
            continue
        length = int.from_bytes(start[place + 4 : place + 8], "little")
        place += 8 + length + length % 2
    return name == b"VP8 "


def _avif_halves(start: bytes) -> tuple[int, int]:
    """By how much the colour of an AVIF is coarser, across and down, as its decoder's configuration has it.

    Raises:
        ValueError: that does not lie within ``start``.
    """
    flags = start[start.index(b"av1C") + 6]
    if flags & 0b10000:  # grey
        return 1, 1
    return 1 + bool(flags & 0b1000), 1 + bool(flags & 0b100)


def quality_notes(pictures: PictureSet, size: int) -> tuple[str, ...]:
    """What a model of ``size`` pixels will not learn from these pictures, each in a sentence; usually nothing.

    Arrays and databases are taken as they are.
    """
    if not isinstance(pictures, FaceSet) or not len(pictures):
        return ()
    places = np.unique(np.linspace(0, len(pictures) - 1, LOOKED_AT).round().astype(int))
    found = [quality for i in places if (quality := source_quality(pictures.paths[i], pictures.crop)) is not None]

    def share(of: Callable[[SourceQuality], bool]) -> float:
        return sum(map(of, found)) / max(1, len(found))

    notes = []
    if (small := share(lambda each: each.side < size)) > _FEW:
        lossy = share(lambda each: each.side < size and each.lossy)
        kind = "lossy copies smaller" if lossy > small / 2 else "smaller"
        notes.append(
            f"{small:.0%} of the pictures are {kind} than {size} pixels, and are enlarged: the model learns to draw "
            "them blurred. Give the originals, or a smaller --image-size."
        )
    if (coarse := share(lambda each: each.side >= size > each.colour_side)) > _FEW:
        notes.append(
            f"{coarse:.0%} of the pictures keep colour at less than {size} pixels (JPEG, WebP or AVIF, chroma "
            "subsampled): the model learns colours that are too smooth. Give the originals, or larger copies."
        )
    return tuple(notes)
