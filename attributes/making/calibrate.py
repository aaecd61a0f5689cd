"""Making sliders of directions: what each goes along, and how far a value of 1 usually goes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from attributes.directions.direction_basis import DirectionBasis
from attributes.directions.directions import Directions
from attributes.making.by_eye import (
    HIDDEN_BY,
    NATURAL_TURNED,
    OBJECTS,
    ONLY_ON,
    PLAIN_AT,
    companions,
    natural_lengths,
    natural_oddness,
    slider_mask,
)
from attributes.reach.crossing import between, crossing
from attributes.reach.judge import Judge, Seen, progress
from attributes.reach.reach import REACH
from attributes.sliders.slider import LABEL_SLIDERS, PLAIN, Slider
from data.labels import LABEL_NAMES, LABELS
from glow.latent import Latent

PROMISED = 0.8
"""Share of faces that a value of 1 is to change, where it can."""
MEAN_ALONE = frozenset({"Young", "Male", "Eyeglasses"})
"""Labels whose mean direction alone looks better than half of both, where there is no mapper."""
STRENGTH_FACES = 20
"""Faces on which the strength of each side of a slider is measured."""
TRIED = (0.7, 1.5, 2.6, 4.4)
"""Strengths that are tried, in lengths of the label's mean direction,"""
TRIED_MAPPED = (0.4, 0.7, 1.0, 1.4)
"""and in lengths of a mapper's vectors."""
ROUGH = 0.2
"""A slider that brings fewer than this share of faces to show its attribute in a natural way is rough."""
MOST_FACES = 0.75
"""Share of the faces for which the first look at a reach (:mod:`attributes.reach.reach`) goes far enough."""
LEAST = 0.05
"""The least strength, in lengths of the mean direction."""
LABEL_RANGE_END = 1.5
"""The highest value of the labels' sliders, and the lowest below 0; a face's own reach ends before it looks odd."""


@dataclass(frozen=True)
class Course:
    """What going one way does to faces on the other side of a label, each as far as it needs and looks natural."""

    lengths: Tensor
    """``(B,)`` float64: how far each goes, in lengths of the vector."""

    reached: float
    """Share of the faces that come to show the attribute."""


def calibrate(
    basis: DirectionBasis, judge: Judge, latents: Tensor, only: Collection[str] = LABEL_NAMES
) -> DirectionBasis:
    """A basis with sliders: for each label what it goes along, its strengths, and whether it is rough.

    Args:
        basis: directions, as `compute` and `mapper` made them.
        judge: the flow and the classifier.
        latents: validation faces ``(B, D)`` that no evaluation will use.
        only: labels whose sliders are made; the others stay as they are.

    Raises:
        DirectionsError: other sliders shall stay, but there are none yet.
    """
    chosen = [place for place, name in enumerate(LABEL_NAMES) if name in only]
    mix = [label_mix(basis, p) if p in chosen else basis.kind("calibrated")[p] for p in range(len(LABELS))]
    sliders, scales = list(basis.sliders), len(judge.model.config.scale_shapes())
    for place in chosen:
        plain = LABEL_SLIDERS[place]
        sliders[place] = plain if basis.mapper is None else _acting(plain, scales)
    before = judge.look(latents)
    basis = basis.calibrated(torch.stack(mix), sliders)
    directions = basis.directions("calibrated")
    for place in progress(chosen, "calibrating"):
        sliders[place] = _measured(sliders[place], directions, judge, latents, before)
    return replace(basis, sliders=tuple(sliders))


def _measured(slider: Slider, directions: Directions, judge: Judge, latents: Tensor, before: Seen) -> Slider:
    """A label's slider with its strengths, and whether it is rough."""
    place = LABEL_NAMES.index(slider.name)
    label, mapped, shapes = LABELS[place], directions.mapper is not None, judge.model.config.scale_shapes()
    ways, natural = {}, {}
    for side in (1, -1):
        faces = torch.nonzero(side * before.logits[:, place] < 0).flatten()[:STRENGTH_FACES]
        vectors = directions.along(Latent.unflatten(latents[faces], shapes), label.name, side).to(latents)
        natural[side] = most = natural_oddness(label.name, side)
        if mapped and len(faces):
            move = natural_lengths(label.name, side) * side * vectors
            natural[side] = most = float(judge.look(latents[faces] + move).oddness(before[faces], move).median())
        ways[side] = course(
            judge,
            latents[faces],
            before[faces],
            side * vectors,
            place,
            most=most,
            plain=slider.plain,
            side=side,
            tried=TRIED_MAPPED if mapped else TRIED,
        )
    up, down = (
        natural_lengths(label.name, side) / REACH.shares[3] if mapped else usual(ways[side].lengths) for side in (1, -1)
    )
    return replace(
        slider,
        up=up,
        down=down,
        natural_up=natural[1],
        natural_down=natural[-1],
        low=-LABEL_RANGE_END,
        high=LABEL_RANGE_END,
        rough=ways[label.sign].reached < ROUGH,
    )


def _acting(slider: Slider, scales: int) -> Slider:
    """A label's slider with what was seen of it by eye: where it acts, what comes with it, what hides it, and so on."""
    up, down = (slider_mask(slider.name, side, scales) for side in (1, -1))
    return replace(
        slider,
        mask=up,
        mask_down=None if down == up else down,
        natural_turned_up=NATURAL_TURNED.get((slider.name, 1), 1.0),
        natural_turned_down=NATURAL_TURNED.get((slider.name, -1), 1.0),
        companions=companions(slider.name),
        hidden_by=HIDDEN_BY.get(slider.name, ()),
        only_on=ONLY_ON.get(slider.name, ()),
        plain=PLAIN_AT.get(slider.name, PLAIN),
        all_or_nothing=slider.name in OBJECTS,
    )


def label_mix(basis: DirectionBasis, label: int) -> Tensor:
    """The mix ``(S, K)`` that a label's slider goes along: the direction that the mapper adds to or, without a mapper,
    half its mean and half its partial direction, as long as the mean, or the mean alone (:data:`MEAN_ALONE`)."""
    if basis.base is not None:
        return basis.kind("base")[label]
    mean, partial = basis.kind("mean")[label], basis.kind("partial")[label]
    if LABELS[label].name in MEAN_ALONE:
        return mean
    length = _length(basis, mean)
    mix = mean + partial * length / _length(basis, partial)
    return mix * length / _length(basis, mix)


def _length(basis: DirectionBasis, mix: Tensor) -> float:
    return float(basis.vectors(mix[None]).flatten().norm())


def usual(lengths: Tensor) -> float:
    """The usual strength, of which the shares of a reach let each face go from little to twice as much."""
    return max(LEAST, float(torch.quantile(lengths, MOST_FACES)) / REACH.shares[3]) if len(lengths) else 1.0


def course(
    judge: Judge,
    latents: Tensor,
    before: Seen,
    vectors: Tensor,
    label: int,
    *,
    most: float,
    plain: float = PLAIN,
    side: int = 1,
    tried: Sequence[float] = TRIED,
) -> Course:
    """How far each face goes along its vector until its label is plain or it begins to look odd.

    Args:
        judge: decodes and reads.
        latents: faces ``(B, D)`` without the label, or with it for side -1.
        before: what is seen in them.
        vectors: the way that each goes, ``(B, D)``, or ``(1, D)`` for all the same.
        label: which label is to change.
        most: how odd the faces may become.
        plain: log odds at which the label is plain.
        side: 1 where the faces are to gain the label, -1 where they are to lose it.
        tried: lengths at which they are looked at, until they have come far enough; none goes beyond the last.
    """
    if not len(latents):
        return Course(torch.empty(0, dtype=torch.float64), 1.0)
    at = torch.tensor((0.0, *tried), dtype=torch.float64)
    logits = torch.full((len(at), *before.logits.shape), torch.nan, dtype=torch.float64)
    over = torch.full((len(at), len(latents)), torch.nan, dtype=torch.float64)
    logits[0], over[0], left = before.logits, -most, torch.arange(len(latents))
    for place, length in enumerate(tried, start=1):
        move = length * vectors.expand(len(latents), -1)[left]
        seen = judge.look(latents[left] + move)
        logits[place, left], over[place, left] = seen.logits, seen.oddness(before[left], move.cpu()) - most
        left = left[(side * seen.logits[:, label] < plain) & (over[place, left] < 0)]
        if not len(left):
            break
    odds = side * logits[:, :, label]
    lengths = crossing(odds - plain, at).minimum(crossing(over, at)).clamp_max(tried[-1])
    there = between(lengths, at, odds[:, :, None])[:, 0]
    return Course(lengths, float((there >= REACH.clear).double().mean()))
