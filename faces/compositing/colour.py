"""The colour that an edit brings into a face: no more than edits of photos do, or the face glows; and the broad part of
a change, which tints skin and light.

Of a face unlike all that the model has seen, such as a cartoon of a few flat colours, it makes edits like neon:
blond hair that is pure yellow, skin that is pink. Edits of photos, however strong, bring in much less colour.
"""

from __future__ import annotations

import torch
from torch import Tensor

from faces.compositing.paste import LUMA
from faces.compositing.smoothing import smoothed

MAX_CHANGE = 0.35
"""Most that an edit changes of a colour's difference to its grey, in all but the strongest hundredth of a square."""

BROAD = 1 / 16
"""How far a tint reaches at least: the standard deviation of what smooths it, in sides of the square."""

STRONGEST = 0.01
"""Share of a square that may change by more: a highlight, an edge."""


def colour_limited(change: Tensor) -> Tensor:
    """A change ``(1, 3, S, S)`` of values in [0, 1] with less colour in it, where it would glow; itself elsewhere.

    How much brighter or darker places become stays.
    """
    brighter = luma(change)
    colour = change - brighter
    strong = float(torch.quantile(colour.abs().amax(dim=1), 1.0 - STRONGEST))
    return change if strong <= MAX_CHANGE else brighter + colour * (MAX_CHANGE / strong)


def broad(change: Tensor, where: Tensor) -> Tensor:
    """What of a change tints or lights whole parts of a face, and not lips or eyes: the change, smoothed.

    Args:
        change: ``(B, 3, S, S)``.
        where: how much of it is taken over, ``(S, S)`` in [0, 1]; what changes elsewhere, as hair, tints nothing.

    Returns:
        ``(B, 3, S, S)``; whatever it is where nothing near is taken over.
    """
    return smoothed(where * change, BROAD) / smoothed(where, BROAD).clamp_min(1e-6)


def luma(change: Tensor) -> Tensor:
    """How much brighter places become, ``(B, 1, S, S)``, of a change ``(B, 3, S, S)``."""
    return (change * torch.from_numpy(LUMA).to(change).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
