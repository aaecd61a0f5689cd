"""Put an edit back: add its difference to the photo, at the photo's own resolution."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from faces.align import Alignment
from faces.errors import FaceError
from faces.guided import asked, local_affine

__all__ = ["FEATHER", "feather_mask", "paste"]

Array = np.ndarray[Any, Any]

FEATHER = 0.12
"""Width of the fade at each side of the square, in sides. In CelebA-HQ the chin ends at about 0.9."""

_FINE = 512  # Resolution up to which the difference is enlarged with a cubic kernel.
_STRIP = 128  # Rows handled at once: a strip of a large photo stays in the cache, and memory stays small.


def feather_mask(size: int, feather: float = FEATHER) -> Array:
    """``(size, size)`` float32 weights: 1 inside, falling smoothly (level at both ends) to 0 at the border.

    The outline is a rounded square, |x|^3 + |y|^3 = 1: the eye finds the corners of a plain square at once,
    and a face has none.
    """
    position = np.abs((np.arange(size, dtype=np.float32) + 0.5) * 2.0 / size - 1.0) ** 3
    radius = np.cbrt(position[:, None] + position[None, :])
    t = np.clip((1.0 - radius) / max(2.0 * feather, 1e-6), 0.0, 1.0)
    mask: Array = (t * t * t * (t * (6.0 * t - 15.0) + 10.0)).astype(np.float32)
    mask[[0, -1], :] = 0.0
    mask[:, [0, -1]] = 0.0
    return mask


def paste(
    pixels: Array, alignment: Alignment, difference: Array, guide: Array | None = None, feather: float = FEATHER
) -> Array:
    """Add an edit to a photo.

    Args:
        pixels: ``(H, W, 3)`` uint8 photo; not changed.
        alignment: the square that the edited picture was cut from.
        difference: ``(S, S, 3)`` float in [-1, 1]: edited minus original picture, both in [0, 1].
        guide: ``(S, S, 3)`` float, the original picture: with it, the difference follows the photo's own edges
            (:mod:`faces.guided`); without it, it is enlarged smoothly.
        feather: width of the fade to nothing at the border, in sides of the square.

    Returns:
        A new ``(H, W, 3)`` uint8 photo. Pixels outside the square are bit for bit those of the photo, and so
        are all if the difference is zero: only a change is ever added, the photo is never resampled.

    Raises:
        FaceError: the shapes do not fit, or the difference is not finite.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise FaceError(f"Pixels of shape {pixels.shape}, {pixels.dtype} given. Give (H, W, 3) uint8.")
    if difference.ndim != 3 or difference.shape[2] != 3 or difference.shape[0] != difference.shape[1]:
        raise FaceError(f"A difference of shape {difference.shape} given. Give (S, S, 3).")
    if guide is not None and guide.shape != difference.shape:
        raise FaceError(f"A guide of shape {guide.shape} given for a difference of {difference.shape}. Give the same.")
    if not np.isfinite(difference).all() or (guide is not None and not np.isfinite(guide).all()):
        raise FaceError("The edit decoded to values that are not finite. Make the edit weaker.")
    result = pixels.copy()
    bounds = _bounds(pixels, alignment)
    if bounds is None or not difference.any():
        return result
    change = np.clip(difference, -1.0, 1.0).astype(np.float32)
    if guide is not None:
        planes = (torch.from_numpy(np.ascontiguousarray(x)).permute(2, 0, 1) for x in (guide, change))
        change = local_affine(*planes).permute(1, 2, 0).numpy()
    change[..., -3:] *= np.float32(255.0)  # in levels, as the photo's colours are
    fine = _enlarge(change, alignment.size)
    fine *= feather_mask(fine.shape[0], feather)[..., None]
    # Enlarged far, or smooth as coefficients are, linear cannot be told from cubic and is several times faster.
    mode = "bicubic" if guide is None and alignment.size <= fine.shape[0] + 1 else "bilinear"
    x0, y0, x1, y1 = bounds
    _add(torch.from_numpy(result)[y0:y1, x0:x1], torch.from_numpy(fine), alignment, (x0, y0), mode)
    return result


def _add(target: Tensor, fine: Tensor, alignment: Alignment, corner: tuple[int, int], mode: str) -> None:
    """Add the change, ``(F, F, 3)`` in levels or ``(F, F, 12)`` as a function of the colours, to the ``(h, w, 3)``
    uint8 part of the photo at ``corner``."""
    field = fine.permute(2, 0, 1)[None].contiguous()
    origin, right, below = (
        torch.from_numpy(alignment.to_square(np.array(point, dtype=np.float64) + corner) * 2.0 - 1.0)
        for point in ((0.5, 0.5), (1.5, 0.5), (0.5, 1.5))
    )
    across, down = right - origin, below - origin
    columns = torch.arange(target.shape[1], dtype=torch.float64)[None, :, None] * across + origin
    for top in range(0, target.shape[0], _STRIP):
        strip = target[top : top + _STRIP]
        rows = torch.arange(top, top + strip.shape[0], dtype=torch.float64)[:, None, None] * down
        grid = columns.float() + rows.float()
        added = functional.grid_sample(field, grid[None], mode=mode, align_corners=False)[0]
        if len(added) > 3:
            added = asked(added, strip.permute(2, 0, 1).float())
        if mode == "bicubic":  # Its kernel reaches past the square by a pixel of the field.
            added *= grid.abs().amax(dim=-1) <= 1.0
        # Rounding the change equals rounding the sum, as the photo is whole numbers.
        strip.copy_(added.round_().permute(1, 2, 0).add(strip).clamp_(0, 255))


def _bounds(pixels: Array, alignment: Alignment) -> tuple[int, int, int, int] | None:
    """The pixels that the square can touch, as ``x0, y0, x1, y1``; None when it lies outside the photo."""
    height, width = pixels.shape[:2]
    low = np.floor(alignment.quad.min(axis=0)).astype(int)
    high = np.ceil(alignment.quad.max(axis=0)).astype(int)
    x0, y0 = max(int(low[0]), 0), max(int(low[1]), 0)
    x1, y1 = min(int(high[0]), width), min(int(high[1]), height)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _enlarge(change: Array, side: float) -> Array:
    """Bring the change near the photo's resolution: bicubic, and antialiased when shrinking."""
    size = max(1, min(round(side), max(_FINE, change.shape[0])))
    planes = (Image.fromarray(np.ascontiguousarray(change[:, :, channel])) for channel in range(change.shape[2]))
    resized = [np.asarray(plane.resize((size, size), Image.Resampling.BICUBIC)) for plane in planes]
    return np.stack(resized, axis=-1)
