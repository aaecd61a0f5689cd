"""From any Pillow mode or numpy array to RGB, in 8 bits and where there are more in 16, and alpha kept apart."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageCms

from faces.errors import PhotoError
from faces.limits import MAX_16BIT_PIXELS

__all__ = ["Colours", "array_to_rgb", "as_stored", "image_to_rgb", "row_strips", "to_8bit"]

Array = np.ndarray[Any, Any]

_WIDE_GREY = ("I;16", "I;16L", "I;16B", "I;16N")
_GREY = ("1", "L", "LA", "La", *_WIDE_GREY, "I", "F")
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_TURNED = 5
"""EXIF orientations from this one on swap the sides."""
_STRIP_PIXELS = 1 << 20


class Colours(NamedTuple):
    """An upright picture's channels."""

    pixels: Array
    """``(H, W, 3)`` uint8 RGB."""
    alpha: Array | None
    """``(H, W)`` uint8 or uint16 opacity, or None."""
    pixels_16bit: Array | None = None
    """``(H, W, 3)`` uint16 RGB, or None where there are no 16 bits."""
    grey: bool = False
    """Whether the picture had one channel for its colour."""
    converted: bool = False
    """Whether the picture's own ICC profile took the colours to sRGB, and no longer describes them."""


def image_to_rgb(image: Image.Image, orientation: int = 1) -> Colours:
    """Convert a loaded Pillow image of any mode, strip by strip, so that no second copy of it is in memory.

    Args:
        image: the picture as it is stored.
        orientation: how it lies, 1 to 8 by the EXIF standard.
    """
    width, height = image.im.size
    shape = (width, height) if orientation >= _TURNED else (height, width)
    pixels = np.empty((*shape, 3), np.uint8)
    stored = as_stored(pixels, orientation)
    grey = image.mode in _GREY
    if image.mode in _WIDE_GREY:
        pixels_16bit = np.empty((*shape, 3), np.uint16) if width * height <= MAX_16BIT_PIXELS else None
        for rows, strip in _strips(image):
            if pixels_16bit is not None:
                as_stored(pixels_16bit, orientation)[rows] = np.asarray(strip)[:, :, None]
            stored[rows] = _divide(np.asarray(strip), 257.0)[:, :, None]
        return Colours(pixels, None, pixels_16bit, grey)
    if image.mode in ("I", "F"):
        step = _grey_step(image)
        for rows, strip in _strips(image):
            stored[rows] = _grey_to_8bit(np.asarray(strip), step)[:, :, None]
        return Colours(pixels, None, grey=grey)
    if image.mode in ("CMYK", "LAB"):
        transform = _to_srgb(image)
        for rows, strip in _strips(image):
            stored[rows] = np.asarray(ImageCms.applyTransform(strip, transform) if transform else strip.convert("RGB"))
        return Colours(pixels, None, converted=transform is not None)
    if image.mode in _WITH_ALPHA or image.has_transparency_data:
        alpha = np.empty(shape, np.uint8)
        stored_alpha = as_stored(alpha, orientation)
        for rows, strip in _strips(image):
            # From premultiplied grey there is no direct way.
            rgba = np.asarray((strip.convert("LA") if strip.mode == "La" else strip).convert("RGBA"))
            stored[rows], stored_alpha[rows] = rgba[:, :, :3], rgba[:, :, 3]
        return Colours(pixels, alpha, grey=grey)
    for rows, strip in _strips(image):
        stored[rows] = np.asarray(strip if strip.mode == "RGB" else strip.convert("RGB"))
    return Colours(pixels, None, grey=grey)


def array_to_rgb(array: Array) -> Colours:
    """Convert ``(H, W)``, ``(H, W, 1..4)`` arrays of uint8, uint16, bool or float in [0, 1].

    One channel is grey, two are grey and alpha, three RGB, four RGBA. uint16 keeps its depth. Raises
    :class:`PhotoError` for other shapes, types and ranges.
    """
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or not 1 <= array.shape[2] <= 4 or 0 in array.shape:
        raise PhotoError(
            f"An array of shape {array.shape} is not a photo. Give (H, W), (H, W, 3) or (H, W, 4), not empty."
        )
    if array.dtype.newbyteorder("=") != np.uint16:
        array = _array_to_8bit(array)
    channels, kind = array.shape[2], array.dtype.newbyteorder("=")
    # In copies of our own: who gives the array may go on with it.
    alpha = np.array(array[:, :, -1], kind, order="C") if channels in (2, 4) else None
    colour = array[:, :, :3] if channels >= 3 else np.repeat(array[:, :, :1], 3, axis=2)
    colour = np.array(colour, kind, order="C")
    if kind == np.uint8:
        return Colours(colour, alpha, grey=channels <= 2)
    return Colours(to_8bit(colour), alpha, colour, grey=channels <= 2)


def to_8bit(values: Array) -> Array:
    """``(H, W, ...)`` uint16 as the nearest uint8: 65535 = 255 x 257."""
    result = np.empty(values.shape, np.uint8)
    for rows in row_strips(*values.shape[:2]):
        result[rows] = _divide(values[rows], 257.0)
    return result


def _array_to_8bit(array: Array) -> Array:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if np.issubdtype(array.dtype, np.floating):
        low, high = float(array.min()), float(array.max())
        # The negated form also refuses NaN, whose comparisons are all false.
        if not (low >= -1e-3 and high <= 1.0 + 1e-3):
            raise PhotoError(
                f"A float photo runs from {low:g} to {high:g}, but its values must lie in [0, 1]. "
                "Divide it by its white level first, or give uint8 or uint16."
            )
        return _divide(array, 1.0 / 255.0)
    raise PhotoError(f"A photo of type {array.dtype} cannot be used. Give uint8, uint16 or float in [0, 1].")


def _divide(array: Array, step: float) -> Array:
    """Round ``array / step`` into uint8."""
    scaled = array.astype(np.float32)
    scaled /= np.float32(step)
    np.rint(scaled, out=scaled)
    np.clip(scaled, 0, 255, out=scaled)
    return scaled.astype(np.uint8)


def _grey_to_8bit(grey: Array, step: float) -> Array:
    """Grey of a wide type to uint8, ``step`` of its values to one of 256."""
    return _divide(np.nan_to_num(grey, nan=0.0, posinf=0.0, neginf=0.0) if grey.dtype.kind == "f" else grey, step)


def _grey_step(image: Image.Image) -> float:
    """Values to one of 256; the modes I and F do not state their white level, so it is guessed from the peak."""
    peak = 0.0
    for _, strip in _strips(image):
        values = np.asarray(strip)
        if not np.isfinite(highest := float(values.max())):
            highest = float(values.max(initial=0.0, where=np.isfinite(values)))
        peak = max(peak, highest)
    if image.mode == "F" and peak <= 1.0:
        return 1.0 / 255.0
    if peak <= 255.0:
        return 1.0
    return 257.0 if peak <= 65535.0 else peak / 255.0


def _to_srgb(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """LAB to sRGB through LittleCMS; CMYK by its own profile where that is usable, else None: by the plain formula."""
    icc: bytes | None = image.info.get("icc_profile")
    srgb = ImageCms.createProfile("sRGB")
    if image.mode == "LAB":
        return ImageCms.buildTransform(ImageCms.createProfile("LAB"), srgb, "LAB", "RGB")
    if not icc:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        return ImageCms.buildTransform(profile, srgb, image.mode, "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None


def _strips(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """The picture as it is stored, in strips of whole rows and about a million pixels."""
    width, height = image.im.size
    for rows in row_strips(height, width):
        yield rows, image.crop((0, rows.start, width, rows.stop))


def row_strips(height: int, width: int) -> Iterator[slice]:
    """Strips of whole rows and about a million pixels."""
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def as_stored(upright: Array, orientation: int) -> Array:
    """A view of an upright picture as a camera held that way stores it, by the EXIF standard's table."""
    if orientation >= _TURNED:
        upright = upright.swapaxes(0, 1)
    if orientation in (3, 4, 6, 7):
        upright = upright[::-1]
    if orientation in (2, 3, 7, 8):
        upright = upright[:, ::-1]
    return upright
