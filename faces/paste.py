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
from faces.fade import fade, photo_beyond
from faces.guided import asked, local_affine

__all__ = ["paste"]

Array = np.ndarray[Any, Any]

KNEE = 6.0
"""Levels from black and from white within which a change is slowed down, so that it does not end there."""

LUMA = np.array((0.299, 0.587, 0.114), np.float32)
"""How bright red, green and blue are (ITU-R BT.601)."""

_FINE = 512  # Resolution up to which the difference is enlarged with a cubic kernel.
_FINE_GUIDED = 256  # The same of the function of the colours, which is smoother and has four times as many numbers.
_STRIP = 128  # Rows handled at once: a strip of a large photo stays in the cache, and memory stays small.
_WHITE = 255.0
_STEPS = {np.dtype(np.uint8): 1, np.dtype(np.uint16): 257}  # of a pixel's values in a level


def paste(
    pixels: Array, alignment: Alignment, difference: Array, guide: Array | None = None, *, grey: bool = False
) -> Array:
    """Add an edit to a photo.

    Args:
        pixels: ``(H, W, 3)`` uint8 or uint16 photo; not changed.
        alignment: the square that the edited picture was cut from.
        difference: ``(S, S, 3)`` float in [-1, 1]: edited minus original picture, both in [0, 1].
        guide: ``(S, S, 3)`` float, the original picture: with it, the difference follows the photo's own edges
            (:mod:`faces.guided`); without it, it is enlarged smoothly.
        grey: whether to change the brightness only, as a face without colour needs.

    Returns:
        A new photo like ``pixels``. Pixels outside the square are bit for bit those of the photo, and so are all if
        the difference is zero: only a change is ever added, the photo is never resampled.

    Raises:
        FaceError: the shapes do not fit, or the difference is not finite.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype not in _STEPS or 0 in pixels.shape:
        raise FaceError(f"Pixels of shape {pixels.shape}, {pixels.dtype} given. Give (H, W, 3) uint8 or uint16.")
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
    if grey:
        change = np.repeat(change @ LUMA, 3).reshape(change.shape)
    weights = fade(change, photo_beyond(pixels.shape[:2], alignment))[..., None]
    if guide is not None:
        planes = (torch.from_numpy(np.ascontiguousarray(x)).permute(2, 0, 1) for x in (guide, change))
        change = local_affine(*planes).permute(1, 2, 0).numpy()
    change *= weights
    change[..., -3:] *= np.float32(_WHITE)  # in levels, as the photo's colours are
    fine = _enlarge(change, alignment.size, _FINE if guide is None else _FINE_GUIDED)
    # Enlarged far, or smooth as coefficients are, linear cannot be told from cubic and is several times faster.
    mode = "bicubic" if guide is None and alignment.size <= fine.shape[0] + 1 else "bilinear"
    x0, y0, x1, y1 = bounds
    _add(result[y0:y1, x0:x1], torch.from_numpy(fine), alignment, (x0, y0), mode)
    return result


def _add(target: Array, fine: Tensor, alignment: Alignment, corner: tuple[int, int], mode: str) -> None:
    """Add the change, ``(F, F, 3)`` in levels or ``(F, F, 12)`` as a function of the colours, to the ``(h, w, 3)``
    part of the photo at ``corner``."""
    step = _STEPS[target.dtype]
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
        # The square ends between the outermost pixels of the field and what is behind: there, the field goes on.
        added = functional.grid_sample(field, grid[None], mode=mode, padding_mode="border", align_corners=False)[0]
        colours = torch.from_numpy(strip.transpose(2, 0, 1).astype(np.float32)).div_(step)
        if len(added) > 3:
            added = asked(added, colours)
        added *= grid.abs().amax(dim=-1) <= 1.0
        changed = _short_of_the_ends(colours, added).mul_(step).round_().clamp_(0, _WHITE * step)
        strip[...] = changed.permute(1, 2, 0).numpy().astype(strip.dtype)


def _short_of_the_ends(colours: Tensor, added: Tensor) -> Tensor:
    """The sum, in levels, but nearing black and white ever more slowly within :data:`KNEE`: hair that turns black keeps
    its shades. Where nothing is added, the sum is the colour itself."""
    wanted = colours + added
    # With k the knee, k² / (2k - x) has the value and the slope of x at k, and is never 0.
    dark, light = wanted.clamp(max=KNEE), wanted.clamp(min=_WHITE - KNEE)
    darker = (KNEE**2 / (2 * KNEE - dark)).sub_(dark).add_(wanted)
    lighter = (-(KNEE**2) / (light - (_WHITE - 2 * KNEE))).sub_(light).add_(wanted).add_(_WHITE)
    return torch.where(added < 0, torch.minimum(colours, darker), torch.maximum(colours, lighter))


def _bounds(pixels: Array, alignment: Alignment) -> tuple[int, int, int, int] | None:
    """The pixels that the square can touch, as ``x0, y0, x1, y1``; None when it lies outside the photo."""
    height, width = pixels.shape[:2]
    low = np.floor(alignment.quad.min(axis=0)).astype(int)
    high = np.ceil(alignment.quad.max(axis=0)).astype(int)
    x0, y0 = max(int(low[0]), 0), max(int(low[1]), 0)
    x1, y1 = min(int(high[0]), width), min(int(high[1]), height)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _enlarge(change: Array, side: float, most: int) -> Array:
    """Bring the change near the photo's resolution: bicubic, and antialiased when shrinking."""
    size = max(1, min(round(side), max(most, change.shape[0])))
    planes = (Image.fromarray(np.ascontiguousarray(change[:, :, channel])) for channel in range(change.shape[2]))
    resized = [np.asarray(plane.resize((size, size), Image.Resampling.BICUBIC)) for plane in planes]
    return np.stack(resized, axis=-1)
