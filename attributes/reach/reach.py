"""The reach of a slider on a face: how far a value of 1 goes on that very face.

One strength for all faces is too little for some and too much for most. So each face is looked at on its way, until the
attribute has become plain or the face begins to look odd (:mod:`attributes.sliders.oddness`), whichever comes first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from attributes.directions.directions import Directions
from attributes.reach.crossing import between, crossing
from attributes.reach.judge import FEW, Judging, Seen
from attributes.sliders.moved_latent import Reaches
from attributes.sliders.slider import PLAIN, Reach, Slider
from data.labels import LABEL_NAMES
from glow.latent import Latent


@dataclass(frozen=True, kw_only=True)
class ReachConfig:
    """Where a slider stops on a face. Lengths are shares of the slider's usual strength."""

    shares: tuple[float, ...] = (0.3, 0.55, 0.8, 1.1, 1.3)
    """Where a face is looked at, a few at a time; no reach goes further than the last."""

    clear: float = 1.1
    """Log odds at which an attribute counts as seen: the classifier finds it three times as likely as not."""

    least_plain: float = 0.5
    """The least length, where it looks natural: also where the attribute is plain, or nearly so, from the start. A
    smile that is there already is to become a wider one, not a grin."""

    end_of_plain: float = 1.5
    """The end of the range is so many times as far as a value of 1,"""

    end_of_natural: float = 1.2
    """but no further than so many times as far as looks natural: about so much odder, as oddness grows as a move does.
    Who pulls a slider beyond 1 wants more of it than a photo shows, and still no broken face."""

    complete: float = 0.8
    """Share of the log odds at which an attribute is plain to which a face has to come where half of it looks wrong
    (:attr:`Slider.all_or_nothing`)."""

    hides: float = -0.5
    """Log odds from which on a label counts as there where it hides what a slider changes: of 34 validation faces with
    a hat, two are below 0 and none is below this."""

    little: float = 0.3
    """Where a face begins to look odd before this length, a slider does little."""

    least: float = 1e-3
    """The least length of all: a way has a length, though nothing can be seen of it."""


REACH = ReachConfig()


def find_reach(
    directions: Directions,
    judge: Judging,
    latent: Latent,
    *,
    before: Seen,
    name: str,
    side: int,
    keep: Iterable[str] = (),
) -> Reach:
    """How far a label's slider goes on each of some faces, for :meth:`Directions.move`.

    A value of 1 goes to where the classifier sees plainly what the slider is to bring (or that what it is to take away
    is gone), or to where the face begins to look odd (:meth:`Slider.natural`, sooner on a head that is turned to a
    side), whichever comes first; but at least half as far as usual, where that looks natural; and next to nowhere where
    half of what comes would look wrong and no more does (:attr:`Slider.all_or_nothing`), or all of it is there, or
    where something hides what is to change (:attr:`Slider.hidden_by`), or the face is none that gets it
    (:attr:`Slider.only_on`). The end of the range is half as far again, or a fifth further than what looks natural.

    Args:
        directions: with the slider.
        judge: looks at moved faces.
        latent: B faces.
        before: what is seen in these faces as they are.
        name: the slider's, one of :data:`LABEL_NAMES`.
        side: 1 for its values above 0, -1 for those below.
        keep: names of sliders whose directions are taken out of the move.
    """
    slider, label, kept = directions.slider(name), LABEL_NAMES.index(name), frozenset(keep)
    vector = directions.along(latent, name, side)
    own = vector if len(vector) == len(latent) else None
    usual = abs(slider.amount(side))
    at = usual * torch.tensor((0.0, *REACH.shares), dtype=torch.float64)
    # What lacks until the attribute is plain, and how much odder the face may get; NaN where nobody has looked.
    lack = torch.full((len(at), len(latent)), torch.nan, dtype=torch.float64)
    spare = lack.clone()
    natural = torch.full((len(latent),), slider.natural(side), dtype=torch.float64)
    if directions.head_turn is not None:
        natural = natural * directions.head_turn.share_borne(before.features, slider.natural_turned(side))
    lack[0], spare[0] = slider.plain - side * before.logits[:, label], natural
    plain = torch.full_like(lack[0], REACH.least_plain * usual)
    left = torch.nonzero(~left_alone(slider, before, side)).flatten()
    for places in torch.arange(1, len(at)).split(FEW):
        if not len(left):
            break
        some = Latent(tuple(scale[left.to(scale.device)] for scale in latent.scales))
        lengths = at[places, None].expand(-1, len(left))
        theirs = own if own is None else own[left.to(own.device)]
        reaches = [{(name, side): Reach(to, to, vector=theirs)} for to in lengths]
        moved = [directions.move(some, {name: float(side)}, kept, each) for each in reaches]
        seen = judge.look(torch.cat([one.flatten() for one in moved]))
        lack[places[:, None], left] = slider.plain - side * seen.logits[:, label].view(lengths.shape)
        moves = torch.cat([(one - some).flatten().cpu() for one in moved])
        odd = seen.oddness(Seen.cat([before[left]] * len(places)), moves)
        spare[places[:, None], left] = natural[left] - odd.view(lengths.shape)
        plain = torch.where(lack[0] > 0, crossing(-lack, at), 0.0).clamp_min(REACH.least_plain * usual)
        # As far as the end of the range may go, where the face stays natural on the way.
        left = left[(REACH.end_of_plain * plain[left] > at[places[-1]]) & (spare[: places[-1] + 1, left] > 0).all(0)]
    looked = at[(~spare.isnan()).sum(0) - 1]
    furthest = crossing(-spare, at).minimum(looked).clamp_min(REACH.least * usual)
    one = plain.minimum(furthest)
    if slider.all_or_nothing and side == slider.sign:
        there = slider.plain - between(one, at, lack[:, :, None])[:, 0]
        furthest = torch.where(there < REACH.complete * slider.plain, REACH.least * usual, furthest)
        one = plain.minimum(furthest)
    # The furthest place that was looked at with the face intact at it and before it.
    intact = at[(spare.isfinite().cumprod(0).sum(0) - 1).clamp_min(0)]
    end = (REACH.end_of_plain * one).minimum(REACH.end_of_natural * furthest).minimum(intact).maximum(one)
    return Reach(one, end, furthest < REACH.little * usual, own)


def left_alone(slider: Slider, before: Seen, side: int) -> Tensor:
    """Which faces a slider leaves as they are whatever it does to others, ``(B,)`` bool: something hides what it
    changes (:attr:`Slider.hidden_by`), they are none that get it (:attr:`Slider.only_on`), or what comes whole or not
    at all is there, as a second pair of glasses over the first looks broken.

    Args:
        slider: a label's.
        before: what is seen in B faces as they are.
        side: 1 for the slider's values above 0, -1 for those below.
    """

    def log_odds(names: tuple[str, ...]) -> Tensor:
        return before.logits[:, [LABEL_NAMES.index(name) for name in names]]

    left = (log_odds(slider.hidden_by) > REACH.hides).any(1)
    if side == slider.sign:
        left = left | (log_odds(slider.only_on) <= 0).any(1)
        if slider.all_or_nothing:
            left = left | (side * log_odds((slider.name,)) > PLAIN).any(1)
    return left


def find_reaches(
    directions: Directions, judge: Judging, latent: Latent, *, before: Seen, name: str, values: Iterable[float]
) -> Reaches:
    """The reaches of a label's slider on the sides that some of its values are on; arguments as of
    :func:`find_reach`."""
    sides = {1 if value > 0 else -1 for value in values if value}
    return {(name, side): find_reach(directions, judge, latent, before=before, name=name, side=side) for side in sides}
