"""Cut the aligned picture out of a photo, antialiased, at the flow's resolution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from faces.align import Alignment
from faces.errors import FaceError

__all__ = ["crop", "crop_float"]

Array = np.ndarray[Any, Any]

_MARGIN = 4  # Pixels around the square that the bicubic kernel may reach.


def crop(pixels: Array, alignment: Alignment, size: int) -> Array:
    """Resample the square of an ``(H, W, 3)`` uint8 photo to ``(size, size, 3)`` uint8.

    What lies outside the photo is its mirror image, fading into blur and then into one colour, much as in
    CelebA-HQ (Karras et al. 2018, arXiv 1710.10196, appendix C); any overhang will do. When the square is
    whole pixels of the photo and ``size`` its side, the result is those very pixels.
    """
    if size < 1:
        raise FaceError(f"size is {size}, but a picture needs at least 1 pixel.")
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise FaceError(f"Pixels of shape {pixels.shape}, {pixels.dtype} given. Give (H, W, 3) uint8.")
    # Averaging whole blocks first bounds the work for large photos; twice the size is left to good filters.
    block = max(1, int(alignment.size / (2 * size)))
    region, quad = _region(pixels, alignment.quad, block)
    # Turned at a multiple of the size that is no coarser than the region, so that only the last step shrinks.
    inner = size * max(1, math.ceil(float(np.hypot(*(quad[3] - quad[0]))) / size - 1e-9))
    across, down = (quad[3] - quad[0]) / inner, (quad[1] - quad[0]) / inner
    matrix = (across[0], down[0], quad[0, 0], across[1], down[1], quad[0, 1])
    planes = []
    for channel in range(3):
        # In float, as Pillow's 8-bit transform cuts decimals off: half a level darker in the mean.
        plane = Image.fromarray(region[:, :, channel].astype(np.float32))
        turned = plane.transform((inner, inner), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
        planes.append(np.asarray(turned.resize((size, size), Image.Resampling.LANCZOS)))
    cut = _to_levels(np.stack(planes, axis=-1))
    outside = _outside(pixels.shape[1], pixels.shape[0], alignment, size)
    return cut if outside is None else _soften(cut, outside)


def crop_float(pixels: Array, alignment: Alignment, size: int) -> Array:
    """As :func:`crop`, but ``(size, size, 3)`` float32 in [0, 1]: what the flow is given."""
    return crop(pixels, alignment, size).astype(np.float32) / np.float32(255.0)


def _region(pixels: Array, quad: Array, block: int) -> tuple[Array, Array]:
    """The square's surroundings, shrunk by ``block`` and mirrored at the photo's ends; its corners there."""
    height, width = pixels.shape[:2]
    reach = _MARGIN * block
    low = np.floor(quad.min(axis=0)).astype(int) - reach
    high = np.ceil(quad.max(axis=0)).astype(int) + reach
    # Where the square overhangs, the mirror image needs as much of the photo's inside as lies outside.
    x0, x1 = _span(int(low[0]), int(high[0]), width)
    y0, y1 = _span(int(low[1]), int(high[1]), height)
    part = Image.fromarray(np.ascontiguousarray(pixels[y0:y1, x0:x1]))
    if block > 1:
        part = part.reduce(block)
    local = (quad - (x0, y0)) / block
    first = np.floor(local.min(axis=0)).astype(int) - _MARGIN
    last = np.ceil(local.max(axis=0)).astype(int) + _MARGIN
    columns = _mirror(np.arange(first[0], last[0]), part.width)
    rows = _mirror(np.arange(first[1], last[1]), part.height)
    return np.asarray(part)[rows[:, None], columns[None, :]], local - first


def _span(low: int, high: int, length: int) -> tuple[int, int]:
    """The part of ``[0, length)`` that ``[low, high)`` and its mirror images at both ends show."""
    if low < 0:
        high = max(high, -low)
    if high > length:
        low = min(low, 2 * length - high)
    low = min(max(low, 0), length - 1)
    return low, max(min(high, length), low + 1)


def _mirror(index: Array, length: int) -> Array:
    """Fold any index into ``[0, length)`` by mirroring at the edges as often as it takes."""
    folded = np.mod(index, 2 * length)
    result: Array = np.where(folded < length, folded, 2 * length - 1 - folded)
    return result


def _outside(width: int, height: int, alignment: Alignment, size: int) -> Array | None:
    """``(size, size)`` distance of each pixel from the photo, in sides; None when all are inside."""
    quad = alignment.quad
    if quad.min() >= 0 and quad[:, 0].max() <= width and quad[:, 1].max() <= height:
        return None
    steps = (np.arange(size) + 0.5) / size
    points = alignment.to_photo(np.stack(np.meshgrid(steps, steps), axis=-1))
    beyond = np.maximum(np.maximum(-points, points - (width, height)), 0.0)
    distance: Array = np.hypot(beyond[..., 0], beyond[..., 1]) / alignment.size
    return distance


def _to_levels(values: Array) -> Array:
    levels: Array = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return levels


def _soften(cut: Array, distance: Array) -> Array:
    """Fade the mirrored part into blur and further out into the photo's median colour."""
    sharp = cut.astype(np.float32)
    inside = distance <= 0
    median = np.median(sharp[inside], axis=0) if inside.any() else np.median(sharp.reshape(-1, 3), axis=0)
    blur = ImageFilter.GaussianBlur(0.02 * cut.shape[0])
    blurred = np.asarray(Image.fromarray(cut).filter(blur), dtype=np.float32)
    near = np.clip(distance / 0.1, 0.0, 1.0)[..., None]
    far = np.clip(distance / 0.4, 0.0, 1.0)[..., None]
    mixed = sharp + (blurred - sharp) * near
    mixed += (median - mixed) * far
    return _to_levels(mixed)
