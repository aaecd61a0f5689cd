"""The sliders of a model as they were at one moment: the 40 labels' and the custom ones found on disk."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TypeAlias
from weakref import WeakKeyDictionary

import torch

from app.portraits.portrait import Portrait
from attributes import LABEL_NAMES, Direction, Directions, Judging, Moves, Reach, Reaches, find_reach, load_sliders
from glow import Checkpoint

_Kept: TypeAlias = frozenset[tuple[str, int]]
"""The names of the sliders that are kept fixed, each with the number of its vector."""

_Measured: TypeAlias = dict[tuple[str, int, _Kept], Reach]

_NUMBERS = count(1)
"""Of the custom sliders' vectors, each of which has its own; the labels' all have 0, as they never change."""


@dataclass(frozen=True, eq=False)
class SliderSnapshot:
    """Sliders that stay as they are under those who use them; what is found on disk later is another snapshot."""

    directions: Directions
    """The directions of all sliders: the 40 labels', then the custom ones."""

    custom: tuple[Direction, ...] = ()
    """The custom sliders."""

    problems: tuple[str, ...] = ()
    """For each file of custom sliders that cannot be used, what is wrong and what to do."""

    _numbers: Mapping[str, int] = field(default_factory=dict, repr=False)
    """The number of each custom slider's vector. One that has changed on disk has another."""

    _measured: MutableMapping[Portrait, _Measured] = field(default_factory=WeakKeyDictionary, repr=False)
    """How far the labels' sliders go on faces, by name, side and what is kept fixed: measured when a slider first moves
    a face, and kept for as long as the face is. Later snapshots go on with it."""

    @staticmethod
    def read(
        folder: Path, checkpoint: Checkpoint, labels: Directions, before: SliderSnapshot | None = None
    ) -> SliderSnapshot:
        """The sliders as they are now.

        Args:
            folder: where custom sliders lie.
            checkpoint: the model that they belong to.
            labels: the directions of the 40 labels' sliders.
            before: an earlier snapshot: itself where nothing has changed since. A custom slider of it whose file is
                gone stays, as somebody's picture may be moved along it. What it has measured on faces is not measured
                again, unless a slider was kept fixed that has another vector now.
        """
        earlier, found = before or SliderSnapshot(labels), load_sliders(folder, checkpoint, labels)
        names = {direction.slider.name for direction in found.directions}
        custom = (*found.directions, *(each for each in earlier.custom if each.slider.name not in names))
        if earlier.problems == found.problems and _alike(earlier.custom, custom):
            return earlier
        known = {each.slider.name: each for each in earlier.custom}
        numbers = {}
        for name, direction in ((each.slider.name, each) for each in custom):
            stays = name in known and _same_vector(known[name], direction)
            numbers[name] = earlier._number(name) if stays else next(_NUMBERS)
        return SliderSnapshot(labels.with_sliders(custom), custom, found.problems, numbers, earlier._measured)

    def reaches(self, portrait: Portrait, moves: Moves, judge: Judging) -> Reaches:
        """How far the labels' sliders that move a face go on it; measured once for each side of a slider."""
        known = self._measured.setdefault(portrait, {})
        kept: _Kept = frozenset((name, self._number(name)) for name in moves.keep)
        moving = [side for side in moves.sides if side[0] in LABEL_NAMES]
        missing = [side for side in moving if (*side, kept) not in known]
        if missing:
            before, latent = judge.read(portrait.decoded), portrait.latent
            for name, side in missing:
                known[name, side, kept] = find_reach(
                    self.directions, judge, latent, before=before, name=name, side=side, keep=moves.keep
                )
        return {side: known[*side, kept] for side in moving}

    def _number(self, name: str) -> int:
        return self._numbers.get(name, 0)


def _alike(some: tuple[Direction, ...], others: tuple[Direction, ...]) -> bool:
    """Whether two sets of directions are the same, number by number."""
    return len(some) == len(others) and all(
        (one.slider, one.mean, one.deviation) == (other.slider, other.mean, other.deviation)
        and _same_vector(one, other)
        for one, other in zip(some, others, strict=True)
    )


def _same_vector(one: Direction, other: Direction) -> bool:
    return torch.equal(one.vector.flatten(), other.vector.flatten())
