"""Sixteen bits a channel: read beside Pillow, which has no such colour, and kept as far as memory goes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

from faces.files import png_16bit, tiff_16bit
from faces.files.metadata import orientation
from faces.files.modes import Colours, as_stored, to_8bit
from faces.limits import MAX_16BIT_PIXELS, MAX_MEMORY_BYTES, STRIPS_BYTES

__all__ = ["has_16_bits", "read_16bit"]

Array = np.ndarray[Any, Any]

_BITS_PER_SAMPLE = 258
_RESULT_BYTES = 11
"""A pixel's bytes in a photo: 6 of colour, 3 of it in 8 bits, 2 of opacity."""


def read_16bit(image: Image.Image, data: bytes, decoder_bytes: int) -> tuple[Colours, Image.Image] | None:
    """A file's colours in 16 bits, and a picture that tells its EXIF and its profile.

    Args:
        image: the file as Pillow has opened it, not decoded, and its size found to be within the limits.
        data: the file; its structure is sound (:func:`faces.headers.structure.inspect`).
        decoder_bytes: what a decoder holds at once, as far as the headers tell.

    Returns None where the file has no 16 bits, or they cannot be read or held: Pillow is then to read 8 of them, and to
    tell what is wrong.
    """
    if not has_16_bits(image, data):
        return None
    if image.width * image.height > MAX_16BIT_PIXELS:
        return None
    # The file and its samples; and beside them what decoding holds, or the result.
    stored = 2 * len(image.getbands()) * image.width * image.height
    need = len(data) + stored + max(2 * decoder_bytes + stored, _RESULT_BYTES * image.width * image.height)
    if need + STRIPS_BYTES > MAX_MEMORY_BYTES:
        return None
    try:
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            told: Image.Image = image
            values = tiff_16bit.read(image, data)
        else:
            # Pillow looks for EXIF behind the picture, and would decode it first.
            told = PngImagePlugin.PngImageFile(io.BytesIO(png_16bit.one_pixel(data)))
            values = png_16bit.read(data)
        return None if values is None else (_colours(values, orientation(told)), told)
    except Exception:
        return None


def has_16_bits(image: Image.Image, data: bytes) -> bool:
    """Whether a PNG or TIFF, opened but not decoded, has 16 bits a channel."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))) == 16
    return image.format == "PNG" and data[24] == 16


def _colours(stored: Array, how: int) -> Colours:
    """From ``(h, w, 1 to 4)`` as a file has them."""
    grey, with_alpha = stored.shape[2] <= 2, stored.shape[2] in (2, 4)
    shape = as_stored(stored, how).shape[:2]
    pixels_16bit = stored
    if grey or with_alpha or how != 1:
        pixels_16bit = np.empty((*shape, 3), np.uint16)
        as_stored(pixels_16bit, how)[:] = stored[:, :, :1] if grey else stored[:, :, :3]
    alpha = None
    if with_alpha:
        alpha = np.empty(shape, np.uint16)
        as_stored(alpha, how)[:] = stored[:, :, -1]
    return Colours(to_8bit(pixels_16bit), alpha, pixels_16bit, grey=grey)
