"""Colour profiles: the colours of one, as another one writes them."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

__all__ = ["converted"]

Array = np.ndarray[Any, Any]


def converted(pixels: Array, profile: bytes | None, target: bytes | None = None) -> Array:
    """The same colours in another profile's values.

    Args:
        pixels: ``(H, W, 3)`` uint8; of a profile for grey, the three channels are alike.
        profile: the ICC profile of these values; None is sRGB.
        target: that of the result, for RGB; None is sRGB, what a page on screen shows.

    Returns:
        ``(H, W, 3)`` uint8; the very array where the profiles are the same, or one of them cannot be used.
    """
    if profile == target or (_is_srgb(profile) and _is_srgb(target)):
        return pixels
    grey = profile is not None and profile[16:20] == b"GRAY"
    transform = _transform(profile, target, "L" if grey else "RGB")
    if transform is None:
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if grey else pixels))
    return np.asarray(ImageCms.applyTransform(image, transform))


@lru_cache(maxsize=8)
def _transform(profile: bytes | None, target: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From one profile to another by relative colorimetry, black to black; None if one of them is broken."""
    try:
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        return ImageCms.buildTransform(_profile(profile), _profile(target), mode, "RGB", intent, flags)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None


@lru_cache(maxsize=8)
def _is_srgb(profile: bytes | None) -> bool:
    """Whether a profile is one of the many of sRGB, by its name."""
    if profile is None:
        return True
    try:
        return ImageCms.getProfileDescription(_profile(profile)).strip().lower().startswith("srgb")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return False


def _profile(icc: bytes | None) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB") if icc is None else io.BytesIO(icc))
