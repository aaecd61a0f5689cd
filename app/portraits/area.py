"""The part of a photo that edits may change, painted by strokes of a soft brush."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from app.portraits.view import View
from faces import Photo

FINEST = 1024
"""Longest side at which an area is painted; it is soft, and can be enlarged."""

SOFT = 0.4
"""How wide a stroke's edge fades, in radii."""


@dataclass(frozen=True)
class Stroke:
    """One stroke of the brush."""

    points: tuple[tuple[float, float], ...]
    """Where it went, at least one place, in photo pixels."""

    radius: float
    """In photo pixels."""


def weights(strokes: Sequence[Stroke], shape: tuple[int, int], view: View) -> np.ndarray:
    """How much may change at each place of what a view shows, ``(H, W, 1)`` in [0, 1]: 1 where a stroke went.

    Args:
        strokes: at least one.
        shape: height and width of what the view shows.
        view: on the photo.
    """
    factor = min(1.0, FINEST / max(shape))
    size = (max(1, round(shape[1] * factor)), max(1, round(shape[0] * factor)))
    painted = Image.new("L", size)
    for stroke in strokes:
        radius = max(0.5, stroke.radius * view.scale * factor)
        one = Image.new("L", size)
        draw = ImageDraw.Draw(one)
        places = [(float(x), float(y)) for x, y in view.seen_at(np.asarray(stroke.points)) * factor]
        if len(places) > 1:
            draw.line(places, fill=255, width=max(1, round(2 * radius)))
        for x, y in places:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        soft = one.filter(ImageFilter.GaussianBlur(SOFT * radius))
        painted = Image.fromarray(np.maximum(np.asarray(painted), np.asarray(soft)))
    full = painted.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(full, dtype=np.float32)[..., None] / 255


def limited(before: Photo, after: Photo, strokes: Sequence[Stroke], view: View) -> Photo:
    """A photo, or what a view shows of it: after the edit inside the area, before the edit elsewhere, bit for bit."""
    old, new = before.finest, after.finest
    if old.dtype != new.dtype:
        old, new = before.pixels, after.pixels
    part = weights(strokes, (old.shape[0], old.shape[1]), view)
    change = (new.astype(np.float32) - old) * part
    return after.with_pixels((old + np.rint(change)).astype(old.dtype))
