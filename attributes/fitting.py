"""Fitting a slider to a face: a value of 1 goes as far as that very face needs for its attribute to be seen.

One strength for all faces is too little for some and too much for most, and what is too much moves everything else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from attributes.crossing import crossing
from attributes.directions import Directions
from attributes.judge import FEW, Judge
from attributes.labels import LABEL_NAMES
from attributes.moved import Strengths
from glow.latent import Latent

TRIED = (0.35, 0.7, 1.05, 1.4, 1.75, 2.1)
"""Values of the slider at which a face is looked at, and at the end of the range; a few at a time."""
CLEAR = math.log(2)
"""Log odds at which the classifier counts as seeing an attribute clearly: it finds it twice as likely as not."""
BEYOND = 0.25
"""How far behind the place where the attribute should come into view it is looked for, as a share of the way to where
it was seen."""
LEAST = 0.3
"""The least strength: a slider must do something also where little is lacking."""


def fit(
    directions: Directions,
    judge: Judge,
    latent: Latent,
    *,
    before: Tensor,
    name: str,
    sense: int,
    keep: Iterable[str] = (),
) -> Tensor:
    """The strength of a label's slider for each of some faces, for :meth:`Directions.move`.

    It is about the least value of the slider at which the classifier clearly sees what the slider is to bring (or at
    which what it is to take away is clearly gone). It is 1, as on any face, for faces that are there from the start,
    and for those that do not come there before the end of the range.

    Args:
        directions: with the slider.
        judge: the flow and the classifier.
        latent: B faces.
        before: ``(B,)``, the label's log odds in these faces.
        name: the slider's, one of :data:`LABEL_NAMES`.
        sense: 1 for its values above 0, -1 for those below.
        keep: names of sliders whose directions are taken out of the move.

    Returns:
        ``(B,)`` float64.
    """
    slider, label = directions.slider(name), LABEL_NAMES.index(name)
    end, kept = slider.high if sense > 0 else -slider.low, frozenset(keep)

    def seen(faces: Tensor, values: Tensor) -> Tensor:
        """By how much each face is there, at each of some values."""
        some = Latent(tuple(scale[faces.to(scale.device)] for scale in latent.scales))
        moved = []
        for one in values:
            strengths = {(name, sense): one.expand(len(faces))}
            moved.append(directions.move(some, {name: float(sense)}, kept, strengths).flatten())
        return sense * judge.logits(torch.cat(moved))[:, label].view(len(values), len(faces)) - CLEAR

    at = torch.tensor([0.0, *(value for value in TRIED if value < end), end], dtype=torch.float64)
    course = torch.full((len(at), len(latent)), torch.nan, dtype=torch.float64)
    course[0] = sense * before.double() - CLEAR
    left = torch.nonzero(course[0] < 0).flatten()
    for places in torch.arange(1, len(at)).split(FEW):
        if len(left):
            course[places[:, None], left] = seen(left, at[places])
            left = left[(course[places][:, left] < 0).all(0)]
    crossed = crossing(course, at)
    fitted = torch.nonzero((course[0] < 0) & (crossed <= end)).flatten()
    strength = torch.ones(len(latent), dtype=torch.float64)
    if len(fitted):
        over = at[torch.searchsorted(at, crossed[fitted])]
        near = torch.lerp(crossed[fitted], over, BEYOND)
        strength[fitted] = torch.where(seen(fitted, near[None])[0] >= 0, near, over).clamp(LEAST, end)
    return strength


def fit_sides(
    directions: Directions, judge: Judge, latent: Latent, *, before: Tensor, name: str, values: Iterable[float]
) -> Strengths:
    """The strengths of a label's slider on the sides that some of its values are on; arguments as of :func:`fit`."""
    senses = {1 if value > 0 else -1 for value in values if value}
    return {(name, sense): fit(directions, judge, latent, before=before, name=name, sense=sense) for sense in senses}
