"""How good the sliders are: does an edit reach its label, what else moves, does the person stay, does it go back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from attributes.classifier.network import AttributeClassifier
from attributes.directions.direction_basis import DirectionBasis, Kind
from attributes.directions.directions import Directions
from attributes.making.by_eye import natural_oddness
from attributes.making.calibrate import course, usual
from attributes.reach.crossing import crossing
from attributes.reach.judge import Judge, log_odds
from attributes.reach.reach import find_reaches
from data.labels import LABEL_NAMES
from glow.latent import Latent

HEADLINE = (
    "Smiling", "Young", "Blond_Hair", "Black_Hair", "Male", "Eyeglasses", "Bangs", "No_Beard", "Pale_Skin",
    "Narrow_Eyes",
)  # fmt: skip
"""The labels that are looked at most, for which kinds of direction are compared."""
ALIKE = (1.0, 1.6, 2.5, 4.0, 6.0)
"""Strengths of other kinds of direction among which the one that reaches as many faces is looked for."""
TUNING_FACES = 100
"""Faces on which it is looked for."""
GRID_FACES = 20
GRID = (-1.0, -0.5, 0.5, 1.0)
"""Values between the ends of the range at which the course of a slider is looked at."""
SLACK = 0.01
"""A step over the slider's course that lowers the label's probability by no more than this is still monotone."""
EDITED = 1 / 3
"""Share of the picture that counts as edited: those pixels that a slider changes most, on average over the faces."""


@dataclass(frozen=True)
class HeldOutSide:
    """What the held-out classifier, which no slider goes by, sees of an edit."""

    faces: int
    """How many faces it finds on the other side, as the judge does; the figures are of these."""

    reached: float
    """Share of them whose label it sees changed."""

    leakage: Tensor
    """``(40,)``: how much each label's probability changed on average, the slider's own included."""


@dataclass(frozen=True)
class Side:
    """What one side of a slider does to the faces that are on the other side."""

    faces: int
    """How many there were."""

    reached: float
    """Share of them whose label the classifier sees changed."""

    leakage: Tensor
    """``(40,)``: how much each label's probability changed on average, the slider's own included."""

    flips: float
    """How many other labels changed sides, on average for each face."""

    person: float
    """Distance in the classifier's features, as a share of the distance between two people."""

    outside: float
    """Mean change of the pixels outside the edited region, in 8-bit levels."""

    held_out: HeldOutSide | None
    """The same to the held-out classifier, where there is one."""


@dataclass(frozen=True)
class Report:
    """What one slider does."""

    up: Side
    """A value of 1, on faces without the label."""

    down: Side
    """A value of -1, on faces with it."""

    monotone: float
    """Share of the steps over the slider's range that raise the label's probability, or leave it."""

    reversed: bool
    """Whether +1 then -1, and all sliders at 0, gave every latent and picture back, bit for bit."""


def other_labels(leakage: Tensor, label: int) -> float:
    """The mean leakage onto the labels that the slider does not name."""
    return float((leakage.sum() - leakage[label]) / (len(LABEL_NAMES) - 1))


class Evaluation:
    """Measures sliders on faces.

    Args:
        judge: the flow and the classifier.
        latents: validation faces ``(B, D)`` that had no part in calibration.
        most: at most so many faces for each slider: half of them on each side, where there are so many.
        held_out: a classifier that no slider goes by, to see whether it sees the same.
    """

    def __init__(self, judge: Judge, latents: Tensor, most: int, held_out: AttributeClassifier | None = None) -> None:
        self.judge, self.latents, self.most, self.held_out = judge, latents, most, held_out
        self.pictures = judge.draw(latents)[0]
        self.seen = judge.look(latents)
        self.before = self._read(self.pictures, judge.classifier)
        self.held_out_before = self._read(self.pictures, held_out) if held_out else None
        features = self._features(self.pictures)
        self.features = features
        self.apart = float((features - features.roll(1, 0)).norm(dim=1).mean())

    def _read(self, pictures: Tensor, classifier: AttributeClassifier) -> Tensor:
        parts = pictures.split(100)
        return torch.cat([classifier.balanced_probabilities(x.to(self.judge.model.device)).cpu() for x in parts])

    def _features(self, pictures: Tensor) -> Tensor:
        parts = pictures.split(100)
        return torch.cat([self.judge.classifier.features(x.to(self.judge.model.device)).cpu() for x in parts])

    def chosen(self, label: int, side: int) -> Tensor:
        """Which faces are to change: those without the label, or with it for side -1."""
        found = torch.nonzero((self.before[:, label] >= 0.5) == (side < 0)).flatten()
        on_the_other_side = len(self.before) - len(found)
        return found[: max(1, self.most // 2, self.most - on_the_other_side)]

    def report(self, directions: Directions, label: int) -> Report:
        """What the slider of a label does."""
        up, down = (self.side(directions, label, side) for side in (1, -1))
        return Report(up, down, self.monotone(directions, label), self.reverses(directions, label))

    def side(self, directions: Directions, label: int, side: int) -> Side:
        """What a value of 1, or -1, does."""
        faces = self.chosen(label, side)
        pictures, _ = self.judge.draw(self._moved(directions, faces, label, [float(side)]))
        where = directions.acts_where({LABEL_NAMES[label]: side}, pictures.shape[-1])
        return self.compare(faces, where.over(self.pictures[faces], pictures), label)

    def compare(self, faces: Tensor, pictures: Tensor, label: int) -> Side:
        """What became of faces whose pictures are now these."""
        now, before = self._read(pictures, self.judge.classifier), self.before[faces]
        changed = (now >= 0.5) != (before >= 0.5)
        others = torch.arange(len(LABEL_NAMES)) != label
        difference = (pictures - self.pictures[faces]).abs().mean(1)  # (B, H, W)
        where = difference.mean(0)
        outside = where <= torch.quantile(where, 1 - EDITED)
        apart = (self._features(pictures) - self.features[faces]).norm(dim=1).mean()
        return Side(
            faces=len(faces),
            reached=float(changed[:, label].double().mean()),
            leakage=(now - before).abs().double().mean(0),
            flips=float(changed[:, others].double().sum(1).mean()),
            person=float(apart) / self.apart,
            outside=float(difference[:, outside].mean()) * 255,
            held_out=self._held_out_side(faces, pictures, label),
        )

    def _held_out_side(self, faces: Tensor, pictures: Tensor, label: int) -> HeldOutSide | None:
        """The same as the held-out classifier sees it."""
        if self.held_out is None or self.held_out_before is None:
            return None
        now, before = self._read(pictures, self.held_out), self.held_out_before[faces]
        there = before[:, label] >= 0.5
        alike = there == (self.before[faces, label] >= 0.5)
        changed = ((now[:, label] >= 0.5) != there)[alike]
        change = (now - before)[alike].abs().double()
        return HeldOutSide(len(changed), float(changed.double().mean()), change.mean(0))

    def monotone(self, directions: Directions, label: int) -> float:
        """Share of the steps over the slider's range that raise the label's probability, or leave it."""
        slider = directions.sliders[label]
        values = sorted({slider.low, *GRID, slider.high})
        faces = torch.arange(min(GRID_FACES, self.most, len(self.latents)))
        moved = self._moved(directions, faces, label, values)
        course = list(self.judge.balanced_probabilities(moved)[:, label].view(len(values), len(faces)))
        course.insert(sum(value < 0 for value in values), self.before[faces, label])
        steps = torch.stack(course).diff(dim=0)
        return float((steps >= -SLACK).double().mean())

    def reverses(self, directions: Directions, label: int) -> bool:
        """Whether what was moved comes back, and what was not moved stays, bit for bit."""
        start = self._latent(torch.arange(min(len(self.latents), GRID_FACES)))
        name = LABEL_NAMES[label]
        back = directions.move(directions.move(start, {name: 1.0}), {name: -1.0})
        still = directions.move(start, {name: 0.0})
        return all(torch.equal(z.flatten(), start.flatten()) for z in (back, still))

    def mean_by_reach(self, basis: DirectionBasis, label: int) -> Side:
        """What a value of 1 does of the mean direction that goes, as sliders do, as far as it reaches on each face."""
        name, faces = LABEL_NAMES[label], self.chosen(label, 1)[:GRID_FACES]
        most, vectors = natural_oddness(name, 1), basis.means.flatten()[[label]].to(self.latents)
        gone = course(self.judge, self.latents[faces], self.seen[faces], vectors, label, most=most).lengths
        sliders = list(basis.sliders)
        sliders[label] = replace(sliders[label], up=usual(gone))
        return self.side(replace(basis.directions("mean"), sliders=tuple(sliders)), label, 1)

    def at_the_same_rate(self, basis: DirectionBasis, kind: Kind, label: int, rate: float) -> Side:
        """What a plain direction does that is just so strong that it reaches ``rate`` of the faces, without a limit.

        Or as many as it can. Of the faces that are still intact there: what is seen in broken ones says nothing.
        """
        vector = basis.vectors(basis.kind(kind)[label : label + 1]).flatten()
        faces = self.chosen(label, 1)
        latents, some = self.latents[faces], slice(TUNING_FACES)
        curve = [log_odds(self.before[faces[some], label])]
        for times in ALIKE:
            seen = self.judge.look(latents[some] + times * vector)
            curve.append(torch.where(seen.intact, seen.logits[:, label], torch.nan))
        crossed = crossing(torch.stack(curve), torch.tensor((0.0, *ALIKE), dtype=torch.float64))
        come_over = crossed[crossed <= ALIKE[-1]]
        # So far as all come over that ever do, at the most: further on, faces only break.
        times = min(float(torch.quantile(crossed, rate)), float(come_over.max())) if len(come_over) else ALIKE[-1]
        pictures, intact = self.judge.draw(latents + times * vector)
        return self.compare(faces[intact], pictures[intact], label)

    def _latent(self, faces: Tensor) -> Latent:
        return Latent.unflatten(self.latents[faces], self.judge.model.config.scale_shapes())

    def _moved(self, directions: Directions, faces: Tensor, label: int, values: Sequence[float]) -> Tensor:
        """The faces at each of some values of a label's slider, one value after the other, as the app moves them."""
        latent, name = self._latent(faces), LABEL_NAMES[label]
        reaches = find_reaches(directions, self.judge, latent, before=self.seen[faces], name=name, values=values)
        return torch.cat([directions.move(latent, {name: value}, (), reaches).flatten() for value in values])
