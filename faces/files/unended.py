"""JPEG files that lack their end: whether only the end marker is gone, and no pixel."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, JpegImagePlugin

from faces.headers.jpeg import breaks_off_in_scan
from faces.limits import MAX_MEMORY_BYTES

__all__ = ["ended"]

_END = b"\xff\xd9"
_FILLINGS = (b"\x55" * 64, b"\xaa" * 64)
"""Coded data that never was in the picture, one with a 1 wherever the other has a 0."""
_ROWS = 256


def ended(data: bytes, decoder_bytes: int) -> Image.Image | None:
    """The picture of a JPEG file that breaks off, if all of it is there; else None.

    A decoder takes what is missing from whatever follows. So the file is decoded twice, with two things behind it that
    have no bit in common: where both give the same picture, nothing of it was missing. What would take too much memory
    is not tried.

    Args:
        data: the file.
        decoder_bytes: what the decoder holds at once, beside a picture.
    """
    data = data.rstrip(b"\xff")
    if not breaks_off_in_scan(data):
        return None
    first, second = (JpegImagePlugin.JpegImageFile(io.BytesIO(data + filling + _END)) for filling in _FILLINGS)
    if 9 * first.width * first.height + 2 * len(data) + decoder_bytes > MAX_MEMORY_BYTES:
        return None
    try:
        first.load()
        second.load()
    except OSError:
        return None
    for top in range(0, first.height, _ROWS):
        strip = (0, top, first.width, min(top + _ROWS, first.height))
        if not np.array_equal(np.asarray(first.crop(strip)), np.asarray(second.crop(strip))):
            return None
    return first
