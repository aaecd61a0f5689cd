"""Teeth: what makes a face older, or a man's, turns them grey, or smears them over with lips."""

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


def teeth(picture: Tensor) -> Tensor:
    """How much of each place is teeth, ``(B, 1, S, S)`` in [0, 1], of pictures of faces ``(B, 3, S, S)``."""
    size = picture.shape[-1]
    places = (torch.arange(size, device=picture.device) + 0.5) / size
    across, down = ((places - middle) / radius for middle, radius in zip(MOUTH, MOUTH_RADII, strict=True))
    mouth = 1 - smooth_step(torch.hypot(down[:, None], across), 0.8, 1.2)
    brightness = luma(picture)
    redder = (picture[:, :1] - picture[:, 2:]) / brightness.clamp_min(1e-3)
    bright = smooth_step(brightness / skin(brightness), *BRIGHT)
    colourless = 1 - smooth_step(redder / skin(redder), *COLOURLESS)
    return smoothed(mouth * bright * colourless, EDGE).clamp(0, 1)
