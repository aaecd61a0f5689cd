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
TO_SKIN = (0.86, 1.07, 1.2)
"""Red, green and blue of real teeth, as shares of their brightness, beside the skin's: the light that both lie in."""


def teeth(picture: Tensor) -> Tensor:
    """How much of each place is teeth, ``(B, 1, S, S)`` in [0, 1], of pictures of faces ``(B, 3, S, S)``."""
    brightness = luma(picture)
    redder = (picture[:, :1] - picture[:, 2:]) / brightness.clamp_min(1e-3)
    bright = smooth_step(brightness / skin(brightness), *BRIGHT)
    colourless = 1 - smooth_step(redder / skin(redder), *COLOURLESS)
    return smoothed(_mouth(picture) * bright * colourless, EDGE).clamp(0, 1)


def natural_teeth(moved: Tensor, before: Tensor) -> Tensor:
    """Pictures of moved faces whose mouths are no greener, bluer or brighter than mouths are, or than they were.

    Teeth lie between grey and the skin's colour: of real ones, 96% of the places are redder than grey, 89% less green
    and 95% less blue. More is taken for what comes of light that is not white, if the skin shows it.

    Args:
        moved: ``(B, 3, S, S)``, in [0, 1] but for what overflows,
        before: and of the faces as they were.

    Returns:
        ``(B, 3, S, S)``; what is within these bounds is as it is in ``moved``, bit for bit.
    """
    shown = moved.nan_to_num().clamp(0, 1)  # a face may be lost in part
    brightness, brightness_before = luma(shown).clamp_min(1e-3), luma(before).clamp_min(1e-3)
    skin_colour = torch.cat([skin(channel) for channel in before.split(1, dim=1)], dim=1)
    skins = luma(skin_colour)
    light = skin_colour / skins * moved.new_tensor(TO_SKIN).view(1, 3, 1, 1)
    hue, hue_before = shown / brightness, before / brightness_before
    low = hue_before[:, :1].minimum(light[:, :1].clamp_max(1))
    high = hue_before[:, 1:].maximum(light[:, 1:].clamp_min(1))
    within = torch.cat([hue[:, :1].maximum(low), hue[:, 1:].minimum(high)], dim=1)
    level, more = BRIGHTEST
    most = brightness_before.maximum(level + more * skins.maximum(skin(brightness)))  # with a face that gets paler
    natural = within / luma(within).clamp_min(1e-3) * brightness.minimum(most)
    as_it_is = (within == hue).all(dim=1, keepdim=True) & (brightness <= most)
    return moved.lerp(natural.clamp(0, 1).where(~as_it_is, moved), _mouth(moved))


def _mouth(picture: Tensor) -> Tensor:
    """How much of each place may be the mouth, ``(S, S)`` in [0, 1]."""
    size = picture.shape[-1]
    places = (torch.arange(size, device=picture.device) + 0.5) / size
    across, down = ((places - middle) / radius for middle, radius in zip(MOUTH, MOUTH_RADII, strict=True))
    return 1 - smooth_step(torch.hypot(down[:, None], across), 0.8, 1.2)
