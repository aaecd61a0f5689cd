"""Put an edit back: add its difference to the photo, at the photo's own resolution."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from faces.align import Alignment
from faces.compositing.fade import fade, photo_beyond
from faces.compositing.guided import apply_affine, local_affine
from faces.errors import FaceError

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
            (:mod:`faces.compositing.guided`); without it, it is enlarged smoothly.
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
    weights = fade(change, photo_beyond(pixels.shape[:2], alignment))
    field = _planes(change)
    if guide is not None:
        field = local_affine(_planes(guide), field)
    field *= torch.from_numpy(weights)
    field[-3:] *= _WHITE  # in levels, as the photo's colours are
    field = _enlarged(field, alignment.size, _FINE if guide is None else _FINE_GUIDED)
    # Enlarged far, or smooth as coefficients are, linear cannot be told from cubic and is several times faster.
    mode = "bicubic" if guide is None and alignment.size <= field.shape[-1] + 1 else "bilinear"
    x0, y0, x1, y1 = bounds
    _add(result[y0:y1, x0:x1], field, alignment, (x0, y0), mode)
    return result


def _add(target: Array, field: Tensor, alignment: Alignment, corner: tuple[int, int], mode: str) -> None:
    """Add the change, ``(3, F, F)`` in levels or ``(12, F, F)`` as a function of the colours, to the ``(h, w, 3)``
    part of the photo at ``corner``."""
    step = _STEPS[target.dtype]
    spacing = max(1, int(alignment.size) // field.shape[-1])
    origin, right, below = (
        torch.from_numpy(alignment.to_square(np.array(point, dtype=np.float64) + corner) * 2.0 - 1.0)
        for point in ((0.5, 0.5), (1.5, 0.5), (0.5, 1.5))
    )

    def places(rows: Tensor, columns: Tensor) -> Tensor:
        """Where pixels lie in the square, from -1 to 1, ``(len(rows), len(columns), 2)``."""
        across = columns[None, :, None] * (right - origin) + origin
        return across.float() + (rows[:, None, None] * (below - origin)).float()

    columns = torch.arange(target.shape[1])
    for top in range(0, target.shape[0], _STRIP):
        strip = target[top : top + _STRIP]
        rows = torch.arange(top, top + strip.shape[0])
        nodes = places(*(torch.arange(int(x[0]), int(x[-1]) + spacing, spacing) for x in (rows, columns)))
        # The square ends between the outermost pixels of the field and what is behind: there, the field goes on.
        added = functional.grid_sample(field[None], nodes[None], mode=mode, padding_mode="border", align_corners=False)
        added = _between(added, spacing)[0, :, : len(rows), : len(columns)]
        stored = torch.from_numpy(strip).permute(2, 0, 1)
        # Plane by plane in memory, what follows is two to five times as fast.
        colours = stored.to(torch.float32, memory_format=torch.contiguous_format).div_(step)
        if len(added) > 3:
            added = apply_affine(added, colours)
        added = added * (places(rows, columns).abs().amax(dim=-1) <= 1.0)
        stored.copy_(_short_of_the_ends(colours, added).mul_(step).round_().clamp_(0, _WHITE * step))


def _between(nodes: Tensor, spacing: int) -> Tensor:
    """Values at every ``spacing``-th pixel, at all pixels: no further apart than the field's own, which is smooth, they
    may be joined by lines, several times as fast as sampling the field."""
    if spacing == 1:
        return nodes
    size = [(count - 1) * spacing + 1 for count in nodes.shape[-2:]]
    return functional.interpolate(nodes, size, mode="bilinear", align_corners=True)


def _short_of_the_ends(colours: Tensor, added: Tensor) -> Tensor:
    """The sum, in levels, but nearing black and white ever more slowly within :data:`KNEE`: hair that turns black keeps
    its shades. Where nothing is added, the sum is the colour itself."""
    wanted = colours + added
    # With k the knee, k² / (2k - x) has the value and the slope of x at k, and is never 0.
    dark, light = wanted.clamp(max=KNEE), wanted.clamp(min=_WHITE - KNEE)
    darker = (2 * KNEE - dark).reciprocal_().mul_(KNEE**2).sub_(dark).add_(wanted)
    lighter = (_WHITE - 2 * KNEE - light).reciprocal_().mul_(KNEE**2).sub_(light).add_(wanted).add_(_WHITE)
    # Downwards never above the colour itself, upwards never below it.
    return torch.where(added < 0, torch.minimum(colours, darker), torch.maximum(colours, lighter))


def _bounds(pixels: Array, alignment: Alignment) -> tuple[int, int, int, int] | None:
    """The pixels that the square can touch, as ``x0, y0, x1, y1``; None when it lies outside the photo."""
    height, width = pixels.shape[:2]
    low = np.floor(alignment.quad.min(axis=0)).astype(int)
    high = np.ceil(alignment.quad.max(axis=0)).astype(int)
    x0, y0 = max(int(low[0]), 0), max(int(low[1]), 0)
    x1, y1 = min(int(high[0]), width), min(int(high[1]), height)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _planes(picture: Array) -> Tensor:
    """``(S, S, 3)`` as ``(3, S, S)``."""
    return torch.from_numpy(picture).float().permute(2, 0, 1).contiguous()


def _enlarged(field: Tensor, side: float, most: int) -> Tensor:
    """Bring the change near the photo's resolution: bicubic, and antialiased when shrinking."""
    size = max(1, min(round(side), max(most, field.shape[-1])))
    if size == field.shape[-1]:
        return field
    return functional.interpolate(field[None], (size, size), mode="bicubic", antialias=True)[0]
