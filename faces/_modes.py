"""From any Pillow mode or numpy array to 8-bit RGB and an alpha channel kept apart."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from faces.errors import PhotoError

__all__ = ["array_to_rgb", "image_to_rgb"]

Array = np.ndarray[Any, Any]

_WIDE_GREY = ("I;16", "I;16L", "I;16B", "I;16N")
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_TURNED = 5
"""EXIF orientations from this one on swap the sides."""
_STRIP_PIXELS = 1 << 20


def image_to_rgb(image: Image.Image, orientation: int = 1) -> tuple[Array, Array | None, bool]:
    """Convert a loaded Pillow image of any mode, strip by strip, so that no second copy of it is in memory.

    Args:
        image: the picture as it is stored.
        orientation: how it lies, 1 to 8 by the EXIF standard.

    Returns ``(pixels, alpha, converted)``: upright ``(H, W, 3)`` uint8 RGB, ``(H, W)`` uint8 or None, and whether
    the colours were taken to sRGB by the picture's own ICC profile (which then no longer describes them).
    """
    width, height = image.im.size
    shape = (width, height) if orientation >= _TURNED else (height, width)
    pixels = np.empty((*shape, 3), np.uint8)
    stored = _as_stored(pixels, orientation)
    if image.mode in (*_WIDE_GREY, "I", "F"):
        step = _grey_step(image)
        for rows, strip in _strips(image):
            stored[rows] = _grey_to_8bit(np.asarray(strip), step)[:, :, None]
        return pixels, None, False
    if image.mode in ("CMYK", "LAB"):
        transform = _to_srgb(image)
        for rows, strip in _strips(image):
            stored[rows] = np.asarray(ImageCms.applyTransform(strip, transform) if transform else strip.convert("RGB"))
        return pixels, None, transform is not None
    if image.mode in _WITH_ALPHA or image.has_transparency_data:
        alpha = np.empty(shape, np.uint8)
        stored_alpha = _as_stored(alpha, orientation)
        for rows, strip in _strips(image):
            # From premultiplied grey there is no direct way.
            rgba = np.asarray((strip.convert("LA") if strip.mode == "La" else strip).convert("RGBA"))
            stored[rows], stored_alpha[rows] = rgba[:, :, :3], rgba[:, :, 3]
        return pixels, alpha, False
    for rows, strip in _strips(image):
        stored[rows] = np.asarray(strip if strip.mode == "RGB" else strip.convert("RGB"))
    return pixels, None, False


def array_to_rgb(array: Array) -> tuple[Array, Array | None]:
    """Convert ``(H, W)``, ``(H, W, 1..4)`` arrays of uint8, uint16, bool or float in [0, 1].

    One channel is grey, two are grey and alpha, three RGB, four RGBA. Returns pixels and alpha as
    :func:`image_to_rgb` does; raises :class:`PhotoError` for other shapes, types and ranges.
    """
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or not 1 <= array.shape[2] <= 4 or 0 in array.shape:
        raise PhotoError(
            f"An array of shape {array.shape} is not a photo. Give (H, W), (H, W, 3) or (H, W, 4), not empty."
        )
    array = _array_to_8bit(array)
    channels = array.shape[2]
    alpha = np.ascontiguousarray(array[:, :, -1]) if channels in (2, 4) else None
    colour = array[:, :, :3] if channels >= 3 else np.repeat(array[:, :, :1], 3, axis=2)
    return np.array(colour, order="C"), alpha


def _array_to_8bit(array: Array) -> Array:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return _divide(array, 257.0)
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
    """Round ``array / step`` into uint8; for 16 bits the step is 257, as 65535 = 255 x 257."""
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
    if image.mode in _WIDE_GREY:
        return 257.0
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
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        yield slice(top, bottom), image.crop((0, top, width, bottom))


def _as_stored(upright: Array, orientation: int) -> Array:
    """A view of an upright picture as a camera held that way stores it, by the EXIF standard's table."""
    if orientation >= _TURNED:
        upright = upright.swapaxes(0, 1)
    if orientation in (3, 4, 6, 7):
        upright = upright[::-1]
    if orientation in (2, 3, 7, 8):
        upright = upright[:, ::-1]
    return upright
