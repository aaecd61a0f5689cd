"""What is measured of an edit that was put back; :mod:`benchmarks.pasting` defines it."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from benchmarks.pasting import SIDE
from benchmarks.pasting.examples import Array, Example
from faces import crop

NOBODY, SOMEBODY = 0.05, 0.5
"""Where the mask is under the first, there is only background; over the second, only the person."""
DRAWN_IN = 4 / 256
"""How far background must be from the person, in sides."""
COLOURED = 4.0
"""Levels that count as a change of colour."""
SAME_CONTRAST = (0.9, 1.1)
PLAIN = 2.0
"""Levels a pixel by which a plain background changes from pixel to pixel, at most."""
OUTER = 0.2
INNER_LIPS = slice(60, 68)
"""Of the 68 landmarks."""
LIP_PIXELS, LIP_RANGE = 60, 60.0


def background(example: Example, result: Array) -> float:
    """How much what is behind the person changes, in levels; not a number where there is nothing."""
    pixels = round(DRAWN_IN * len(result))
    behind = ndimage.binary_erosion(example.theirs < NOBODY, iterations=pixels, border_value=1)
    return _mean(np.abs(_float(result) - example.pixels).mean(-1), behind)


def person(example: Example, result: Array) -> float:
    """How far the person is from the model's own picture, at its resolution, in levels."""
    size = len(example.after)
    seen = crop(result, example.alignment, size).astype(np.float32)
    return _mean(np.abs(seen - 255 * example.after).mean(-1), _person_in_square(example, size))


def sharpness(example: Example, result: Array) -> tuple[float, float]:
    """The squares of the finest detail, summed where only the colour changed: before and after."""
    size, side = len(example.after), round(example.alignment.size)
    before, after = (255 * x.mean(-1) for x in (example.before, example.after))
    contrast = (_contrast(after) + 0.5) / (_contrast(before) + 0.5)
    changed = ndimage.uniform_filter(np.abs(255 * (example.after - example.before)).mean(-1), 7) >= COLOURED
    coloured = changed & (contrast >= SAME_CONTRAST[0]) & (contrast <= SAME_CONTRAST[1])
    coloured &= _person_in_square(example, size)
    where = np.asarray(Image.fromarray(coloured).resize((side, side), Image.Resampling.NEAREST))
    squares = [
        float((_fine(crop(x, example.alignment, side), size)[where] ** 2).sum()) for x in (example.pixels, result)
    ]
    return squares[0], squares[1]


def seam(example: Example, result: Array) -> tuple[float, float]:
    """The sums of the gradients of the photo, and of the change, over plain backgrounds by the square's border."""
    height, width = result.shape[:2]
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    place = np.abs(example.alignment.to_square(np.stack([x, y], axis=-1)) * 2 - 1).max(-1)
    photo, change = _gradient(_float(example.pixels)), _gradient(_float(result) - example.pixels)
    plain = (example.theirs < NOBODY) & (ndimage.uniform_filter(photo, 9) <= PLAIN)
    where = plain & (place <= 1) & (place >= 1 - 2 * OUTER)
    return float(photo[where].sum()), float(change[where].sum())


def between_lips(landmarks: Array, square: Array) -> tuple[Array, float] | None:
    """The place between the inner lips, bool ``(SIDE, SIDE)``, and the brightness of teeth; None where none show.

    Args:
        landmarks: ``(68, 2)`` in the pixels of the square.
        square: uint8 ``(SIDE, SIDE, 3)``, the face before the edit.
    """
    drawn = Image.new("1", (SIDE, SIDE))
    ImageDraw.Draw(drawn).polygon([tuple(point) for point in landmarks[INNER_LIPS].tolist()], fill=1)
    inside = np.asarray(drawn)
    if inside.sum() < LIP_PIXELS:
        return None
    low, high = np.percentile(_float(square).mean(-1)[inside], (10, 90))
    return (inside, float(low + high) / 2) if high - low >= LIP_RANGE else None


def teeth(square: Array, lips: tuple[Array, float]) -> float:
    """The share of the place between the lips that is as bright as teeth are, in a picture of the square."""
    inside, bright = lips
    return float((_float(square).mean(-1)[inside] >= bright).mean())


def _float(pixels: Array) -> Array:
    return pixels.astype(np.float32)


def _mean(values: Array, where: Array) -> float:
    return float(values[where].mean()) if where.any() else math.nan


def _person_in_square(example: Example, size: int) -> Array:
    mask = np.repeat((example.theirs * 255).astype(np.uint8)[..., None], 3, axis=2)
    inside: Array = crop(mask, example.alignment, size)[..., 0] > 255 * SOMEBODY
    return inside


def _contrast(x: Array) -> Array:
    fine = x - ndimage.uniform_filter(x, 7)
    return np.sqrt(ndimage.uniform_filter(fine * fine, 7))


def _fine(square: Array, size: int) -> Array:
    """What a picture shows beyond the model's resolution."""
    image = Image.fromarray(square)
    coarse = image.resize((size, size), Image.Resampling.LANCZOS).resize(image.size, Image.Resampling.BICUBIC)
    return _float(square) - np.asarray(coarse, np.float32)


def _gradient(x: Array) -> Array:
    down, across = (np.diff(x, axis=axis, append=np.take(x, [-1], axis=axis)) for axis in (0, 1))
    return np.hypot(down, across).mean(-1)
