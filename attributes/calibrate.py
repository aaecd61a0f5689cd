"""Making sliders of directions: which mix each is, and how far a value of 1 usually goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from attributes.basis import Basis, Kind
from attributes.crossing import between, crossing
from attributes.fitting import CLEAR, PLAIN, SHARES
from attributes.judge import Judge, Seen, progress
from attributes.labels import LABELS
from attributes.natural import limit
from attributes.slider import Slider

PROMISED = 0.8
"""Share of faces that a value of 1 is to change, where it can."""
KINDS: Mapping[str, Kind] = {
    "Young": "mean",
    "Male": "mean",
    "Eyeglasses": "mean",
    "Black_Hair": "refined",
}
"""Which kind of direction looks best, where that is another than half the mean and half the refined one: chosen by a
look at faces moved along each (``python -m benchmarks.natural kinds``), never by the classifier that sliders are fitted
with, which the refined ones have been made to please."""
STRENGTH_FACES = 20
"""Faces on which the strength of each side of a slider is measured."""
TRIED = (0.7, 1.5, 2.6, 4.4)
"""Strengths that are tried, in lengths of the label's mean direction."""
ROUGH = 0.2
"""A slider that brings fewer than this share of faces to show its attribute in a natural way is rough."""
MOST_FACES = 0.75
"""Share of the faces for which the first look of a fit (:data:`attributes.fitting.SHARES`) goes far enough."""
LEAST = 0.05
"""The least strength, in lengths of the mean direction."""
RANGE = 1.5
"""Where all ranges end; a face's own fit ends them before it looks odd."""


@dataclass(frozen=True)
class Course:
    """What going one way does to faces on the other side of a label, each as far as it needs and looks natural."""

    lengths: Tensor
    """``(B,)`` float64: how far each goes, in lengths of the vector."""

    reached: float
    """Share of the faces that come to show the attribute."""


def calibrate(basis: Basis, judge: Judge, latents: Tensor) -> Basis:
    """A basis with sliders: for each label its mix (:data:`KINDS`), its strengths, and whether it is rough.

    Args:
        basis: directions, as `compute` and `refine` made them.
        judge: the flow and the classifier.
        latents: validation faces ``(B, D)`` that no evaluation will use.
    """
    before, mixes, sliders = judge.look(latents), [], []
    for place in progress(list(range(len(LABELS))), "calibrating"):
        label, mix = LABELS[place], label_mix(basis, place)
        vector = basis.vectors(mix[None]).flatten()[0].to(latents)
        ways = {}
        for sense in (1, -1):
            faces = torch.nonzero(sense * before.logits[:, place] < 0).flatten()[:STRENGTH_FACES]
            ways[sense] = course(judge, latents[faces], before[faces], sense * vector, place, sense=sense)
        up, down = (_usual(ways[sense].lengths) for sense in (1, -1))
        rough = ways[label.sign].reached < ROUGH
        mixes.append(mix)
        sliders.append(Slider.of_label(label, up=up, down=down, low=-RANGE, high=RANGE, rough=rough))
    return basis.calibrated(torch.stack(mixes), sliders)


def label_mix(basis: Basis, label: int) -> Tensor:
    """The mix ``(S, K)`` of a label's slider, as long as its mean direction.

    Of a basis that was not refined, the other half is the label's partial direction.
    """
    mean, other = (basis.kind(kind)[label] for kind in ("mean", "partial" if basis.refined is None else "refined"))
    kind = KINDS.get(LABELS[label].name)
    if kind == "mean":
        return mean
    length = _length(basis, mean)
    other = other * length / _length(basis, other)
    mix = other if kind == "refined" and basis.refined is not None else mean + other
    return mix * length / _length(basis, mix)


def _length(basis: Basis, mix: Tensor) -> float:
    return float(basis.vectors(mix[None]).flatten().norm())


def _usual(lengths: Tensor) -> float:
    """The usual strength, of which :data:`SHARES` let each face's own fit go from little to twice as much."""
    return max(LEAST, float(torch.quantile(lengths, MOST_FACES)) / SHARES[3]) if len(lengths) else 1.0


def course(judge: Judge, latents: Tensor, before: Seen, vector: Tensor, label: int, *, sense: int = 1) -> Course:
    """How far each face goes along a vector until its label is plain or it begins to look odd.

    Args:
        judge: decodes and reads.
        latents: faces ``(B, D)`` without the label, or with it for the sense -1.
        before: what is seen in them.
        vector: the way to go, ``(D,)``.
        label: which label is to change.
        sense: 1 where the faces are to gain the label, -1 where they are to lose it.
    """
    if not len(latents):
        return Course(torch.empty(0, dtype=torch.float64), 1.0)
    at = torch.tensor((0.0, *TRIED), dtype=torch.float64)
    logits = torch.full((len(at), *before.logits.shape), torch.nan, dtype=torch.float64)
    over = torch.full((len(at), len(latents)), torch.nan, dtype=torch.float64)
    most = limit(LABELS[label].name, sense)
    logits[0], over[0], left = before.logits, -most, torch.arange(len(latents))
    for place, tried in enumerate(TRIED, start=1):
        seen = judge.look(latents[left] + tried * vector)
        move = (tried * vector).expand(len(left), -1).cpu()
        logits[place, left], over[place, left] = seen.logits, seen.oddness(before[left], move) - most
        left = left[(sense * seen.logits[:, label] < PLAIN) & (over[place, left] < 0)]
        if not len(left):
            break
    odds = sense * logits[:, :, label]
    lengths = crossing(odds - PLAIN, at).minimum(crossing(over, at)).clamp_max(TRIED[-1])
    there = between(lengths, at, odds[:, :, None])[:, 0]
    return Course(lengths, float((there >= CLEAR).double().mean()))
