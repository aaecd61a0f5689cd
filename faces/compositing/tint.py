"""The colour of what was dark and becomes lighter, as black hair that is to be blond.

A direction lightens hair by about as much for everybody, and adds the warmth that brown hair lacks; black hair lacks
more of it, and would turn grey.
"""

from __future__ import annotations

from torch import Tensor

from faces.compositing.colour import luma
from faces.compositing.dark_places import dark_places

MOST = 2.0
"""So many times the tint that light is to bring may be added to it at most: more to blue light than to grey, and next
to nothing to what becomes hardly lighter."""


def tinted(change: Tensor, before: Tensor, tint: Tensor) -> Tensor:
    """A change that brings at least so much of a tint as it brings light, where the face was dark.

    What becomes no lighter, or brings more of the tint already, stays; how much brighter places become stays too.

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
    return change + lacking.minimum(MOST * wanted) * dark_places(before) * towards
