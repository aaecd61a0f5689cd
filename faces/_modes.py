"""From any Pillow mode or numpy array to 8-bit RGB and an alpha channel kept apart."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from faces.errors import PhotoError

__all__ = ["array_to_rgb", "image_to_rgb"]

Array = np.ndarray[Any, Any]

_WIDE_GREY = ("I;16", "I;16L", "I;16B", "I;16N")
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")


def image_to_rgb(image: Image.Image) -> tuple[Array, Array | None, bool]:
    """Convert a loaded Pillow image of any mode.

    Returns ``(pixels, alpha, converted)``: ``(H, W, 3)`` uint8 RGB, ``(H, W)`` uint8 or None, and whether
    the colours were taken to sRGB by the picture's own ICC profile (which then no longer describes them).
    """
    if image.mode in _WIDE_GREY or image.mode in ("I", "F"):
        grey = _grey_to_8bit(np.asarray(image), image.mode)
        return np.repeat(grey[:, :, None], 3, axis=2), None, False
    if image.mode in ("CMYK", "LAB"):
        pixels, converted = _to_srgb(image)
        return pixels, None, converted
    if image.mode in _WITH_ALPHA or image.has_transparency_data:
        rgba = np.array(image.convert("RGBA"))
        return np.ascontiguousarray(rgba[:, :, :3]), np.ascontiguousarray(rgba[:, :, 3]), False
    return np.array(image.convert("RGB")), None, False


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
    result: Array = np.clip(np.rint(array.astype(np.float32) / np.float32(step)), 0, 255).astype(np.uint8)
    return result


def _grey_to_8bit(grey: Array, mode: str) -> Array:
    """Grey to uint8; the modes I and F do not state their white level, so it is guessed from the peak."""
    if mode in _WIDE_GREY:
        return _divide(grey, 257.0)
    values = np.nan_to_num(grey.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    peak = float(values.max(initial=0.0))
    if mode == "F" and peak <= 1.0:
        return _divide(values, 1.0 / 255.0)
    if peak <= 255.0:
        return _divide(values, 1.0)
    if peak <= 65535.0:
        return _divide(values, 257.0)
    return _divide(values, peak / 255.0)


def _to_srgb(image: Image.Image) -> tuple[Array, bool]:
    """CMYK by its own profile where that is usable, else by the plain formula; LAB through LittleCMS."""
    icc: bytes | None = image.info.get("icc_profile")
    try:
        if image.mode == "LAB":
            profile: Any = ImageCms.createProfile("LAB")
        elif icc:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        else:
            return np.array(image.convert("RGB")), False
        srgb = ImageCms.createProfile("sRGB")
        result = ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB")
        if result is not None:
            return np.array(result), True
    except (ImageCms.PyCMSError, OSError, ValueError):
        if image.mode == "LAB":
            raise
    return np.array(image.convert("RGB")), False
