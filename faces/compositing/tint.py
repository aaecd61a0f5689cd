"""The colour of hair that is dyed: of what was dark and becomes lighter, and of what was light and becomes darker.

A direction lightens hair by about as much for everybody, and adds the warmth that brown hair lacks; black hair lacks
more of it, and would turn grey. It darkens hair and takes its warmth; where blond hair does not become quite black, it
would turn grey too, and not brown.
"""

from __future__ import annotations

from torch import Tensor

from faces.compositing.colour import luma
from faces.compositing.dark_places import dark_places
from faces.compositing.smoothing import smooth_step

MOST = 2.0
"""So many times the tint that light is to bring may be added to it at most: more to blue light than to grey, and next
to nothing to what becomes hardly lighter."""
DARKER = (0.0, 0.15)
"""Share of its brightness that a place loses from which on, and from which fully, it keeps its colour."""


def tinted(change: Tensor, before: Tensor, tint: Tensor) -> Tensor:
    """A change that brings at least so much of a tint as it brings light, where the face was dark, and that leaves what
    it darkens as much of the tint as that had.

    What has more of the tint already stays; how much brighter or darker places become stays too.

    Args:
        change: ``(B, 3, S, S)``.
        before: the faces' pictures ``(B, 3, S, S)`` in [0, 1].
        tint: red, green and blue ``(3, S, S)`` at each place, as shares of any brightness; of grey, nothing comes.

    Returns:
        ``(B, 3, S, S)``.
    """
    brighter = luma(change)
    chroma = tint[None] / luma(tint[None]).clamp_min(1e-6) - 1
    strength = chroma.norm(dim=1, keepdim=True)
    towards = chroma / strength.clamp_min(1e-6)
    wanted = brighter.clamp_min(0) * strength
    lacking = (wanted - ((change - brighter) * towards).sum(dim=1, keepdim=True)).clamp_min(0)
    change = change + lacking.minimum(MOST * wanted) * dark_places(before) * towards
    return change + _kept(change, before, strength, towards) * towards


def _kept(change: Tensor, before: Tensor, strength: Tensor, towards: Tensor) -> Tensor:
    """How much of a tint, ``(B, 1, S, S)``, a change takes too much of from what it darkens."""
    brightness, moved = luma(before).clamp_min(1e-3), before + change
    left = luma(moved).clamp_min(0)
    had = ((before - brightness) * towards).sum(dim=1, keepdim=True) / brightness
    has = ((moved - luma(moved)) * towards).sum(dim=1, keepdim=True)
    lacking = (left * had.clamp_min(0).minimum(strength) - has).clamp_min(0)
    return lacking * smooth_step(1 - left / brightness, *DARKER)
