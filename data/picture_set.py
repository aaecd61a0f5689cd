"""What any set of pictures offers; and reading many of one, in which a broken picture stops nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, Protocol

import numpy as np
from PIL import Image

from errors import GlowfaceError
from faces import open_photo

NAMED_AT_MOST = 20
"""So many broken pictures are named one by one."""


class DatasetError(GlowfaceError):
    """A folder holds no pictures in a known layout; the message says what was looked for."""


class PictureError(DatasetError):
    """A picture cannot be read; the message names it and says why."""


class PictureSet(Protocol):
    """A set of pictures: what a class must offer to be trained on, cached or measured with."""

    @property
    def identity(self) -> str:
        """Changes when the pictures do."""

    def __len__(self) -> int:
        """How many there are."""

    def read(self, index: int, size: int) -> np.ndarray:
        """Picture ``index`` as uint8 ``(3, size, size)``. Raises :class:`PictureError` where that fails."""


def central_square(file: BinaryIO, size: int, crop: int | None = None) -> np.ndarray:
    """The central square of a picture's file, of side ``crop`` or the largest, resized with Lanczos.

    The picture is opened as a photo is that somebody edits: upright, 16 bits as 8, and what is transparent on white.

    Returns:
        uint8 ``(3, size, size)``.

    Raises:
        PhotoError: the file cannot be opened.
    """
    photo = open_photo(file)
    image = photo.image
    if photo.alpha is not None:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    side = min(*image.size, crop or min(image.size))
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.resize((size, size), Image.Resampling.LANCZOS, (left, top, left + side, top + side))
    return np.asarray(square).transpose(2, 0, 1)


def read_batches(
    pictures: PictureSet, size: int, batch: int, *, workers: int, indices: Sequence[int] | np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pictures in order, ``(indices (B,), pixels uint8 (B, 3, size, size))``, read ahead by threads.

    Those that cannot be read are left out, and named on standard error in the end.

    Args:
        pictures: what to read from.
        size: height and width to read at.
        batch: pictures at once.
        workers: threads.
        indices: which pictures; all if left out.
    """
    order = np.arange(len(pictures)) if indices is None else np.asarray(indices)
    chunks = [order[start : start + batch] for start in range(0, len(order), batch)]
    broken: list[PictureError] = []

    def load(index: int) -> np.ndarray | PictureError:
        try:
            return pictures.read(index, size)
        except PictureError as error:
            return error

    with ThreadPoolExecutor(workers) as pool:
        ahead = [[pool.submit(load, int(i)) for i in chunk] for chunk in chunks[:2]]
        for position, chunk in enumerate(chunks):
            found = [future.result() for future in ahead.pop(0)]
            if position + 2 < len(chunks):
                ahead.append([pool.submit(load, int(i)) for i in chunks[position + 2]])
            broken += [picture for picture in found if isinstance(picture, PictureError)]
            readable = [place for place, picture in enumerate(found) if not isinstance(picture, PictureError)]
            pixels = [picture for picture in found if not isinstance(picture, PictureError)]
            if pixels:
                yield chunk[readable], np.stack(pixels)
    report_broken(broken, len(order))


def report_broken(broken: Sequence[Exception], count: int) -> None:
    """Name the pictures that were left out on standard error, with how many they are of ``count``."""
    if broken:
        lines = [f"  {error}" for error in broken[:NAMED_AT_MOST]]
        lines += [f"  and {len(broken) - NAMED_AT_MOST} more"] if len(broken) > NAMED_AT_MOST else []
        head = f"{len(broken)} of {count} pictures cannot be read and are left out:"
        print("\n".join([head, *lines]), file=sys.stderr)
