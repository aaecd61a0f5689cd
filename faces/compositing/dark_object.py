"""What comes as a thing of its own and is darker than skin, as glasses are: the thing alone.

The faces that a direction was learned from wear their glasses in other light, so that with them foreheads turn pale,
and a haze comes around the frame.
"""

from __future__ import annotations

from torch import Tensor

from faces.compositing.colour import luma
from faces.compositing.smoothing import smooth_step, smoothed

THING = 0.02
"""Share of a square that changes most; by how much it does is what the shares below are of."""
GLINT = 1 / 64
"""How far a change of light reaches at least, in sides of the square: a glint is smaller, and stays."""
LIGHTER = 0.1
"""Up to so much a place may become lighter before it is left as it is."""
HAZE = (0.2, 0.4)
"""Up to which a change is haze around the thing, and from which on it is the thing."""
OUTLINE = 1.5 / 128
"""How far around the thing it still counts, in sides of the square."""


def dark_object(change: Tensor, where: Tensor) -> Tensor:
    """What of a change brings a thing that is darker than what it covers.

    What becomes lighter over more than a glint is left out, and so is what changes little beside the thing. All of
    it is measured in shares of the strongest change, so that half of a change brings half of the thing.

    Args:
        change: ``(B, 3, S, S)``.
        where: how much of it is the thing's, ``(S, S)`` in [0, 1].

    Returns:
        ``(B, 3, S, S)``.
    """
    most = (where * change).abs().amax(dim=1).flatten(1).quantile(1 - THING, dim=1).clamp_min(1e-6)
    most = most[:, None, None, None]
    wide = smoothed(change, GLINT)
    change = change - wide * smooth_step(luma(wide) / most, 0.0, LIGHTER)
    strength = smoothed(change.abs().amax(dim=1, keepdim=True), OUTLINE)
    return change * smooth_step(strength / most, *HAZE)
