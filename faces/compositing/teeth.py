"""Teeth: what makes a face older, or a man's, turns them grey, or smears them over with lips, and what opens a mouth
may bring green or glaring ones. Figures of real teeth are those of ``python -m benchmarks.natural teeth``."""

from __future__ import annotations

import torch
from torch import Tensor

from faces.compositing.colour import luma
from faces.compositing.dark_places import skin
from faces.compositing.smoothing import smooth_step, smoothed

MOUTH = (0.5, 0.75)
"""The middle of the mouth in the square, from the left and from the top, in shares of its side,"""
MOUTH_RADII = (0.16, 0.08)
"""and half of the width and of the height that holds nearly all mouths."""
BRIGHT = (0.65, 0.85)
"""Brightness from which on, and from which fully, a place of the mouth counts as teeth, in shares of the skin's,"""
COLOURLESS = (0.55, 0.85)
"""and how much redder than blue it may be for that, up to which fully and from which on not at all, likewise."""
EDGE = 0.7 / 128
"""How far the border is smoothed, in sides of the square."""
BRIGHTEST = (0.6, 0.5)
"""Brightness that new teeth have at most, in [0, 1]: so much, and this share of the skin's more. Of real teeth, 89% of
the places have less."""
GREENEST = 0.04
"""How much more green than red and blue new teeth have at most, in shares of their brightness. Of real teeth, 95%
of the places have less, and 97% are no bluer than red."""
NO_COLOUR = 0.1
"""Brightness that is added before colours are told, in [0, 1]: what is nearly black has none that means anything."""


def teeth(picture: Tensor) -> Tensor:
    """How much of each place is teeth, ``(B, 1, S, S)`` in [0, 1], of pictures of faces ``(B, 3, S, S)``."""
    brightness = luma(picture)
    redder = (picture[:, :1] - picture[:, 2:]) / brightness.clamp_min(1e-3)
    bright = smooth_step(brightness / skin(brightness), *BRIGHT)
    colourless = 1 - smooth_step(redder / skin(redder), *COLOURLESS)
    return smoothed(_mouth(picture) * bright * colourless, EDGE).clamp(0, 1)


def natural_mouth(moved: Tensor, before: Tensor) -> Tensor:
    """Pictures of moved faces whose mouths have no place that is greener, bluer or brighter than teeth are.

    In light that colours the skin as well, they may be as green or blue as that is; and what was so before stays.

    Args:
        moved: ``(B, 3, S, S)``, in [0, 1] but for what overflows,
        before: and of the faces as they were.

    Returns:
        ``(B, 3, S, S)``; what is within these bounds is as it is in ``moved``, bit for bit.
    """
    shown = moved.nan_to_num().clamp(0, 1)  # a face may be lost in part
    brightness, brightness_before = luma(shown), luma(before)
    skin_colour = torch.cat([skin(channel) for channel in before.split(1, dim=1)], dim=1)
    skin_brightness = luma(skin_colour)
    hue = _hue(shown, brightness)
    bounds = [
        bound.maximum(bound_of_skin).clamp_min(least)
        for bound, bound_of_skin, least in zip(
            _green_and_blue(_hue(before, brightness_before)),
            _green_and_blue(_hue(skin_colour, skin_brightness)),
            (GREENEST, 0.0),
            strict=True,
        )
    ]
    green, blue = ((value - bound).clamp_min(0) for value, bound in zip(_green_and_blue(hue), bounds, strict=True))
    level, more = BRIGHTEST
    most = brightness_before.maximum(level + more * skin_brightness.maximum(skin(brightness)))  # also of a paler face
    hue = hue + torch.cat([green / 3 + blue / 2, -2 * green / 3, green / 3 - blue / 2], dim=1)
    natural = (hue + 1 - luma(hue)) * (brightness.minimum(most) + NO_COLOUR) - NO_COLOUR
    odd = (green > 0) | (blue > 0) | (brightness > most)
    return moved.lerp(natural.clamp(0, 1).where(odd, moved), _mouth(moved))


def _hue(picture: Tensor, brightness: Tensor) -> Tensor:
    """Colours ``(B, 3, S, S)`` as shares of their brightness."""
    return (picture + NO_COLOUR) / (brightness + NO_COLOUR)


def _green_and_blue(hue: Tensor) -> tuple[Tensor, Tensor]:
    """How much more green there is than red and blue on average, and how much more blue than red."""
    red, green, blue = hue.split(1, dim=1)
    return green - (red + blue) / 2, blue - red


def _mouth(picture: Tensor) -> Tensor:
    """How much of each place may be the mouth, ``(S, S)`` in [0, 1]."""
    size = picture.shape[-1]
    places = (torch.arange(size, device=picture.device) + 0.5) / size
    across, down = ((places - middle) / radius for middle, radius in zip(MOUTH, MOUTH_RADII, strict=True))
    return 1 - smooth_step(torch.hypot(down[:, None], across), 0.8, 1.2)
