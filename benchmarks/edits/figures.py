"""From rows to figures: what each edit does, over all faces. :mod:`benchmarks.edits` defines them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from attributes import LABEL_NAMES
from attributes.making.evaluate import ALIKE
from benchmarks.edits import Edit
from benchmarks.edits.outside import SAME
from benchmarks.edits.rows import BEFORE, Row

Key = tuple[str, str]
AGES = (27, 31, 40)
"""Between the age groups, in years as seen before the edit; each belongs to the group above it."""


@dataclass(frozen=True, kw_only=True)
class HeldOutFigures:
    """What the held-out classifier sees of an edit."""

    lacked: int
    """How many faces lacked the attribute; the rest is of these."""

    seen: float
    """In which share of them it sees the change."""

    leakage: float
    """The mean change of the other labels' probabilities."""

    mean_leakage: float
    """That of the plain mean difference at the same rate, or not a number."""

    mean_seen: float
    """That rate, or as much as it reaches."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What an edit does."""

    faces: int
    held_out: HeldOutFigures | None
    years: float
    gender: float
    """The share of faces whose gender is seen to change; for Male, of those whose gender was the other one."""
    mouth: float
    lips: float
    eyes: float
    identity: float
    same: float
    """The share of faces whose identity stays within :data:`SAME`."""
    found: float
    blown: float
    """In percentage points, the 95th percentile."""


def figures(rows: Mapping[Key, Row], edit: Edit, labels: Mapping[str, np.ndarray]) -> Figures | None:
    """What an edit does to all faces that it was tried on; None if there are none.

    Args:
        rows: by face and edit.
        edit: which one.
        labels: CelebA's, bool ``(40,)``, for each face; empty where there are none.
    """
    pairs = [(rows[face, BEFORE], row) for (face, name), row in rows.items() if name == edit.name]
    if not pairs:
        return None

    def growth(what: str) -> np.ndarray:
        return np.array([getattr(after, what) - getattr(before, what) for before, after in pairs], dtype=np.float64)

    was, now = (np.array([row.male >= 0.5 for row in side]) for side in zip(*pairs, strict=True))
    other = was != (edit.side > 0) if edit.label == "Male" else np.full(len(was), True)
    return Figures(
        faces=len(pairs),
        held_out=_held_out_figures(pairs, edit, labels),
        years=float(growth("age").mean()),
        gender=float((was != now)[other].mean()) if other.any() else math.nan,
        mouth=float(growth("mouth").mean()),
        lips=float(growth("lips").mean()),
        eyes=float(growth("eyes").mean()),
        identity=float(np.mean([after.identity for _, after in pairs])),
        same=float(np.mean([after.identity < SAME for _, after in pairs])),
        found=float(np.mean([after.found for _, after in pairs])),
        blown=float(np.percentile(100 * growth("ends"), 95)),
    )


def years_by_age(rows: Mapping[Key, Row], edit: Edit) -> list[tuple[int, float]]:
    """How many faces were seen in each of the age groups that :data:`AGES` parts, and how much older they became."""
    pairs = [(rows[face, BEFORE].age, row.age) for (face, name), row in rows.items() if name == edit.name]
    before, after = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    groups = np.digitize(before, AGES)
    older = [(after - before)[groups == group] for group in range(len(AGES) + 1)]
    return [(len(some), float(some.mean()) if len(some) else math.nan) for some in older]


def _held_out_figures(
    pairs: Sequence[tuple[Row, Row]], edit: Edit, labels: Mapping[str, np.ndarray]
) -> HeldOutFigures | None:
    label = LABEL_NAMES.index(edit.label)
    lacked = []
    for before, after in pairs:
        if before.witness is None or after.witness is None:
            return None
        there = before.witness[label] >= 0.5
        labelled = bool(labels[before.face][label]) if before.face in labels else there
        if there == labelled == (edit.side < 0):
            lacked.append((before, after))
    if not lacked:
        return HeldOutFigures(lacked=0, seen=math.nan, leakage=math.nan, mean_leakage=math.nan, mean_seen=math.nan)
    seen, leakage = _change([(before.witness, after.witness) for before, after in lacked], label)
    course = [(0.0, 0.0)]
    for place in range(len(ALIKE)):
        plain = [(before.witness, after.mean[place]) for before, after in lacked if after.mean]
        course.append(_change(plain, label))
    mean_seen, mean_leakage = at_the_rate(course, seen)
    return HeldOutFigures(
        lacked=len(lacked), seen=seen, leakage=leakage, mean_leakage=mean_leakage, mean_seen=mean_seen
    )


def _change(read: Sequence[tuple[list[float] | None, list[float] | None]], label: int) -> tuple[float, float]:
    """In which share a label changes sides, and the others' mean change; not numbers where nothing was read."""
    both = np.array([pair for pair in read if pair[0] is not None and pair[1] is not None])
    if not len(both):
        return math.nan, math.nan
    change = np.abs(both[:, 1] - both[:, 0]).mean(0)
    sides = both[:, :, label] >= 0.5
    return float((sides[:, 0] != sides[:, 1]).mean()), float((change.sum() - change[label]) / (len(change) - 1))


def at_the_rate(course: Sequence[tuple[float, float]], rate: float) -> tuple[float, float]:
    """The rate and the leakage of a course of both at which the rate is first reached, in straight lines between.

    Where it is never reached, those of the place with the highest rate. Not numbers if only the start was looked at.
    """
    looked = [place for place in course if not math.isnan(place[0])]
    if len(looked) < 2:
        return math.nan, math.nan
    for (low, before), (high, after) in pairwise(looked):
        if high >= rate:
            share = (rate - low) / (high - low) if high > low else 0.0
            return rate, before + share * (after - before)
    return max(looked[1:], key=lambda place: place[0])
