"""Making sliders of directions: which mix each is, how far a value of 1 goes, and where its range ends."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from attributes.basis import Basis
from attributes.crossing import between, crossing
from attributes.fitting import CLEAR
from attributes.judge import Judge, progress
from attributes.labels import LABELS
from attributes.partial import partial_weights
from attributes.slider import Slider
from attributes.tuning import FAR, STEPS, Tuner

REACH = 0.84
"""Share of faces that a value of 1 must change: a little over the 80 % that are promised for others."""
PROMISED = 0.8
"""Share of faces that a value of 1 is said to change."""
SURE = 0.9
"""Share of faces that a mix must change at some strength, or it is not chosen: of others it changes a little fewer."""
CHOICE_FACES = {1: 40, -1: 20}
"""Faces on which the mixes of one label are compared: without it, which they are to bring, and with it."""
STRENGTH_FACES = 60
"""Faces on which the strength of each side of a slider is measured."""
TRIED = (0.7, 1.4, 2.2, 3.3, 5.0)
"""Strengths that are tried, in lengths of the label's mean direction."""
STRAINED = 0.02
"""Share of colour values that may leave what a picture can show; where it is more, a face breaks into blotches."""
STRAIN_FACES = 16
WHOLE_FACES = 200
"""Faces of which not one may break at a slider's end."""
LEAST = 0.3
"""Lengths of the mean direction that a value of 1 goes at the least."""
RANGES = (2.5, 2.0, 1.5, 1.25, 1.0)
"""Ends of a slider's range that are tried, the furthest first."""
MARGIN = 1.15
"""So much further than the end of the range faces must still be whole: other faces break a little sooner."""
SHORTEST = 1.5
"""The shortest range: where faces break earlier, a value of 1 goes less far, so that there is room beyond."""


@dataclass(frozen=True)
class Course:
    """What going one way does to faces on the other side of a label."""

    amount: float
    """The strength that brings most of them over, in lengths of the vector; the longest tried where none does."""

    reached: float
    """Share of the faces that come over at one of the strengths that were tried, still whole."""

    length: float
    """How far the median face goes, where each goes only as far as it needs."""

    leakage: float
    """Mean change of the other labels' probabilities there."""


def calibrate(basis: Basis, judge: Judge, latents: Tensor, *, start: Tensor | None = None, steps: int = STEPS) -> Basis:
    """A basis with sliders: for each label a mix that leaks little, tuned to that, its strengths and its range.

    Args:
        basis: mean directions, as `compute` made them.
        judge: the flow and the classifier.
        latents: validation faces ``(B, D)`` that no evaluation will use.
        start: mixes ``(40, S, 40)`` to begin with, where they leak less than partial directions do.
        steps: of tuning for each label; 0 leaves the mixes as they are.
    """
    calibration = Calibration(basis, judge, latents, start=start, steps=steps)
    found = [calibration.slider(label) for label in progress(list(range(len(LABELS))), "calibrating")]
    return basis.calibrated(torch.stack([mix for mix, _ in found]), [slider for _, slider in found])


class Calibration:
    """What the sliders of one basis are made and measured with.

    Args:
        basis: mean directions.
        judge: the flow and the classifier.
        latents: faces ``(B, D)``.
        start: mixes ``(40, S, 40)`` to begin with, where they leak less than partial directions do.
        steps: of tuning for each label.
    """

    def __init__(
        self, basis: Basis, judge: Judge, latents: Tensor, *, start: Tensor | None = None, steps: int = STEPS
    ) -> None:
        self.basis, self.judge, self.latents = basis, judge, latents
        self.before = judge.logits(latents)
        mean, partial = basis.kind("mean"), basis.kind("partial")
        alone = partial_weights(basis.gram)[:, None].expand_as(partial)
        self.mean = mean
        self.tuner = Tuner(basis, judge, latents, self.before, steps) if steps else None
        kinds = (mean, (mean + partial) / 2, (mean + 3 * partial) / 4, partial, alone)
        self.kinds = kinds if start is None else (start, partial)

    def slider(self, label: int) -> tuple[Tensor, Slider]:
        """The mix ``(S, 40)`` of a label and its slider."""
        kinds = [self._as_long(kind[label], self.mean[label]) for kind in self.kinds]
        cost, first = min(((self._cost(label, mix), mix) for mix in kinds), key=lambda found: found[0])
        mix = first
        if self.tuner is not None:
            tuned = self.tuner.tuned(label, first)
            mix = tuned if self._cost(label, tuned) < cost else first
        vector = self._vector(mix)
        (up, high), (down, low) = (self._way(label, sense * vector, sense) for sense in (1, -1))
        return mix, Slider.of_label(LABELS[label], up=up, down=down, low=-low, high=high)

    def _way(self, label: int, vector: Tensor, sense: int) -> tuple[float, float]:
        """How far a value of 1 goes one way, and at which value the range ends."""
        found = course(self.judge, self.latents, self.before, vector, label, most=STRENGTH_FACES, sense=sense)
        amount = plausible(self.judge, self.latents, vector, found.amount)
        reach = end(self.judge, self.latents, amount * vector)
        if reach < SHORTEST:
            amount, reach = amount * reach / SHORTEST, SHORTEST
        return amount, reach

    def _as_long(self, mix: Tensor, other: Tensor) -> Tensor:
        """The mix of a vector that is as long as the other's."""
        return mix * float(self._vector(other).norm() / self._vector(mix).norm())

    def _cost(self, label: int, mix: Tensor) -> float:
        """What a mix leaks where it reaches its label, and as much more for each length that it goes there."""
        vector, total = self._vector(mix), 0.0
        for sense, most in CHOICE_FACES.items():
            found = course(self.judge, self.latents, self.before, sense * vector, label, most=most, sense=sense)
            # One that does not get there is of no use, however little it leaks.
            total += most * (found.leakage + FAR * found.length + 10 * max(0.0, SURE - found.reached))
        return total / sum(CHOICE_FACES.values())

    def _vector(self, mix: Tensor) -> Tensor:
        return self.basis.vectors(mix[None]).flatten()[0].to(self.latents)


def course(
    judge: Judge, latents: Tensor, before: Tensor, vector: Tensor, label: int, *, most: int, sense: int = 1
) -> Course:
    """How far to go for :data:`REACH` of the faces to change sides, and what else changes there.

    Args:
        judge: decodes and reads.
        latents: ``(B, D)``.
        before: their log odds, ``(B, 40)``.
        vector: the way to go, ``(D,)``.
        label: which label is to change.
        most: at most so many faces.
        sense: 1 where the faces are to gain the label, -1 where they are to lose it.
    """
    faces = torch.nonzero(sense * before[:, label] < 0).flatten()[:most]
    if not len(faces):
        return Course(1.0, 0.0, 0.0, 0.0)
    seen = [judge.look(latents[faces] + tried * vector) for tried in TRIED]
    after = torch.stack([before[faces], *(logits for logits, _ in seen)])
    whole = torch.stack([torch.ones(len(faces), dtype=torch.bool), *(whole for _, whole in seen)])
    at = torch.tensor((0.0, *TRIED), dtype=torch.float64)
    # What is seen in a face that has broken is no longer of use.
    unbroken = whole.long().cumprod(0)
    over = torch.where(unbroken.bool(), sense * after[:, :, label], torch.nan)
    crossed, clear = crossing(over, at), crossing(over - CLEAR, at)
    amount = float(torch.quantile(crossed, REACH).clamp(0.05, TRIED[-1]))
    probabilities = torch.sigmoid(after)
    needed = torch.where(clear <= at[-1], clear, at[unbroken.sum(0) - 1].clamp_max(amount))
    change = between(needed, at, (probabilities - probabilities[0]).abs()).mean(0)
    leakage = float(change.sum() - change[label]) / (len(LABELS) - 1)
    return Course(amount, float((crossed <= at[-1]).double().mean()), float(needed.median()), leakage)


def plausible(judge: Judge, latents: Tensor, vector: Tensor, amount: float) -> float:
    """The amount, or as much of it as keeps faces whole."""
    while amount > LEAST and not _keeps_faces(judge, latents, amount * vector):
        amount *= 0.85
    return amount


def end(judge: Judge, latents: Tensor, vector: Tensor) -> float:
    """The furthest of :data:`RANGES` at which, and by :data:`MARGIN` beyond, faces are whole; at least the last."""
    kept = (reach for reach in RANGES[:-1] if _keeps_faces(judge, latents, MARGIN * reach * vector))
    return next(kept, RANGES[-1])


def _keeps_faces(judge: Judge, latents: Tensor, move: Tensor) -> bool:
    strained = judge.strain(latents[:STRAIN_FACES] + move) > STRAINED
    return not strained and judge.whole(latents[:WHOLE_FACES] + move)
