"""The sliders of a model as they were at one moment: the 40 labels' and the custom ones found on disk."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from weakref import WeakKeyDictionary

import torch

from app.portraits.portrait import Portrait
from attributes import LABEL_NAMES, Direction, Directions, Judging, Moves, Reach, Reaches, find_reach, load_sliders
from glow import Checkpoint

_Found: TypeAlias = dict[tuple[str, int, frozenset[str]], Reach]


@dataclass(frozen=True, eq=False)
class SliderSnapshot:
    """Sliders that stay as they are under those who use them; what is found on disk later is another snapshot."""

    directions: Directions
    """The directions of all sliders: the 40 labels', then the custom ones."""

    custom: tuple[Direction, ...] = ()
    """The custom sliders."""

    problems: tuple[str, ...] = ()
    """For each file of custom sliders that cannot be used, what is wrong and what to do."""

    _fits: MutableMapping[Portrait, _Found] = field(default_factory=WeakKeyDictionary, init=False, repr=False)
    """How far sliders go on faces, by name, side and what is kept fixed: found when a slider first moves a face, and
    kept for as long as the face is."""

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
                gone stays, as somebody's picture may be moved along it.
        """
        found = load_sliders(folder, checkpoint, labels)
        names = {direction.slider.name for direction in found.directions}
        gone = () if before is None else (each for each in before.custom if each.slider.name not in names)
        custom = (*found.directions, *gone)
        if before is not None and before.problems == found.problems and _alike(before.custom, custom):
            return before
        return SliderSnapshot(labels.with_sliders(custom), custom, found.problems)

    def reaches(self, portrait: Portrait, moves: Moves, judge: Judging) -> Reaches:
        """How far the labels' sliders that move a face go on it; looked for once for each side of a slider."""
        known, keep = self._fits.setdefault(portrait, {}), frozenset(moves.keep)
        sides = [side for side in moves.sides if side[0] in LABEL_NAMES]
        missing = [side for side in sides if (*side, keep) not in known]
        if missing:
            before, latent = judge.read(portrait.decoded), portrait.latent
            for name, side in missing:
                found = find_reach(self.directions, judge, latent, before=before, name=name, side=side, keep=keep)
                known[name, side, keep] = found
        return {side: known[*side, keep] for side in sides}


def _alike(some: tuple[Direction, ...], others: tuple[Direction, ...]) -> bool:
    """Whether two sets of directions are the same, number by number."""
    return len(some) == len(others) and all(
        (one.slider, one.mean, one.deviation) == (other.slider, other.mean, other.deviation)
        and torch.equal(one.vector.flatten(), other.vector.flatten())
        for one, other in zip(some, others, strict=True)
    )
