"""Fitting a slider to a face: a value of 1 goes as far as that very face needs for its attribute to be seen.

One strength for all faces is too little for some and too much for most, and what is too much moves everything else.
And one end of the range for all is where the first face breaks, though most could go on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TypeAlias

import torch
from torch import Tensor

from attributes.crossing import crossing
from attributes.directions import Directions
from attributes.judge import FEW, Judge
from attributes.labels import LABEL_NAMES
from attributes.moved import Fits
from attributes.slider import Fit
from glow.latent import Latent

LENGTHS = (0.35, 0.7, 1.1, 1.5, 2.1, 2.9, 4.0, 5.5)
"""Lengths of the slider's vector at which an attribute is looked for, a few at a time."""
CLEAR = math.log(2)
"""Log odds at which the classifier counts as seeing an attribute clearly: it finds it twice as likely as not."""
BEYOND = 0.25
"""How far behind the place where the attribute should come into view it is looked for, as a share of the way to where
it was seen."""
LEAST = 0.3
"""The least share of what a value of 1 goes on any face: a slider must do something also where little is lacking."""
MORE = 0.5
"""Share of what a value of 1 goes on any face, where the attribute is clear from the start: a smile that is there
already is to become a wider one, not a grin."""
FURTHER = 1.5
"""The end of the range is at least this many times as far as a value of 1."""
SOONER = (0.6, 0.3)
"""Shares of a way that are tried where a face is broken at its end."""
Look: TypeAlias = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def fit(
    directions: Directions,
    judge: Judge,
    latent: Latent,
    *,
    before: Tensor,
    name: str,
    sense: int,
    keep: Iterable[str] = (),
) -> Fit:
    """How far a label's slider goes on each of some faces, for :meth:`Directions.move`.

    A value of 1 goes about as far as it takes for the classifier to see clearly what the slider is to bring (or that
    what it is to take away is gone). A face that does not come there goes to where the attribute is seen best; where it
    is not seen at all, to the last place before the face breaks, or else as far as any face; where it is clear from the
    start, half as far. The end of the range is where it is on any face, or beyond where a value of 1 needs the room.
    Neither goes where the face is broken.

    Args:
        directions: with the slider.
        judge: the flow and the classifier.
        latent: B faces.
        before: ``(B,)``, the label's log odds in these faces.
        name: the slider's, one of :data:`LABEL_NAMES`.
        sense: 1 for its values above 0, -1 for those below.
        keep: names of sliders whose directions are taken out of the move.
    """
    slider, label = directions.slider(name), LABEL_NAMES.index(name)
    amount, limit = (slider.up, slider.high) if sense > 0 else (slider.down, -slider.low)
    kept = frozenset(keep)

    def look(faces: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """By how much the attribute is there, and whether the face is whole: ``(T, F)``, at lengths of that shape."""
        some = Latent(tuple(scale[faces.to(scale.device)] for scale in latent.scales))
        moved = [directions.move(some, {name: float(sense)}, kept, {(name, sense): Fit(to, to)}) for to in lengths]
        logits, whole = judge.look(torch.cat([one.flatten() for one in moved]))
        return sense * logits[:, label].view(lengths.shape) - CLEAR, whole.view(lengths.shape)

    at = torch.tensor((0.0, *LENGTHS), dtype=torch.float64)
    course = torch.full((len(at), len(latent)), torch.nan, dtype=torch.float64)
    course[0] = sense * before.double() - CLEAR
    safe = torch.zeros(len(latent), dtype=torch.float64)  # the furthest place seen, with all before it whole
    broken = torch.zeros(len(latent), dtype=torch.bool)
    left = torch.nonzero(course[0] < 0).flatten()
    for places in torch.arange(1, len(at)).split(FEW):
        if len(left):
            seen, whole = look(left, at[places, None].expand(-1, len(left)))
            unbroken = whole.long().cumprod(0)
            course[places[:, None], left] = torch.where(unbroken.bool(), seen, torch.nan)
            safe[left] = at[places[0] - 1 + unbroken.sum(0)]
            broken[left] = ~unbroken[-1].bool()
            left = left[~broken[left] & (seen < 0).all(0)]
    crossed = crossing(course, at)
    comes = crossed <= safe
    over = at[torch.searchsorted(at, crossed).clamp_max(len(LENGTHS))]
    most, best = course.nan_to_num(-torch.inf).max(0)
    seen_best = (best > 0) & (most >= -CLEAR)
    usual = amount * torch.where(course[0] < 0, torch.ones_like(safe), MORE)
    one = torch.where(comes, over, torch.where(seen_best, at[best], torch.where(broken, safe, usual)))
    near = torch.where(comes, torch.lerp(crossed, over, BEYOND), one)
    one, near = (place.clamp_min(LEAST * amount) for place in (one, near))
    return _within(look, one, near, safe, amount * limit)


def _within(look: Look, one: Tensor, near: Tensor, safe: Tensor, usual: float) -> Fit:
    """The fit that goes to ``one`` or, where that is enough, only to ``near``; and on while the faces are whole."""
    end = (FURTHER * one).clamp_min(usual)
    seen, whole = look(torch.arange(len(one)), torch.stack([near, end]))
    one = torch.where((seen[0] >= 0) & whole[0], near, one)
    broken = torch.nonzero(~whole[1]).flatten()
    if len(broken):
        at, to = one[broken], end[broken]
        sooner = [torch.lerp(at, to, share) for share in SOONER]
        tried = torch.stack([*sooner, torch.maximum(at, safe[broken]), at, *(at * share for share in SOONER)])
        # The first that is whole, or else the last.
        which = look(broken, tried)[1].long().cumsum(0).eq(0).sum(0).clamp_max(len(tried) - 1)
        end[broken] = tried.gather(0, which[None])[0]
    return Fit(torch.minimum(one, end), end)


def fit_sides(
    directions: Directions, judge: Judge, latent: Latent, *, before: Tensor, name: str, values: Iterable[float]
) -> Fits:
    """The fits of a label's slider on the sides that some of its values are on; arguments as of :func:`fit`."""
    senses = {1 if value > 0 else -1 for value in values if value}
    return {(name, sense): fit(directions, judge, latent, before=before, name=name, sense=sense) for sense in senses}
