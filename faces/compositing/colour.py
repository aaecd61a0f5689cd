"""How much colour an edit may bring into a face: no more than edits of photos do, or the face glows.

Of a face unlike all that the model has seen, such as a cartoon of a few flat colours, it makes edits like neon:
blond hair that is pure yellow, skin that is pink. Edits of photos, however strong, bring in much less colour.
"""

from __future__ import annotations

import torch
from torch import Tensor

from faces.compositing.paste import LUMA

MAX_CHANGE = 0.35
"""Most that an edit changes of a colour's difference to its grey, in all but the strongest hundredth of a square."""

STRONGEST = 0.01
"""Share of a square that may change by more: a highlight, an edge."""


def colour_limited(change: Tensor) -> Tensor:
    """A change ``(1, 3, S, S)`` of values in [0, 1] with less colour in it, where it would glow; itself elsewhere.

    How much brighter or darker places become stays.
    """
    luma = (change * torch.from_numpy(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    colour = change - luma
    strong = float(torch.quantile(colour.abs().amax(dim=1), 1.0 - STRONGEST))
    return change if strong <= MAX_CHANGE else luma + colour * (MAX_CHANGE / strong)
