"""Where the two sets' pictures come from, and drawing edits by lot."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm import tqdm

from app.editor import Editor
from attributes import FaceSet
from benchmarks.edits import BY_NAME, EDITS
from benchmarks.edits.pictures import edits_in, picture_path, read_picture
from benchmarks.grading import SETS, GradingError
from faces import FaceError

FaceEdit = tuple[str, str]
"""A face and an edit's name."""
Pair = tuple[np.ndarray, np.ndarray]
"""A photo before and after an edit, uint8 ``(H, W, 3)``."""


class Source(Protocol):
    """Where a set's pictures come from."""

    def edits(self) -> set[FaceEdit]:
        """What there is."""

    def pair(self, face: str, edit: str) -> Pair | None:
        """The pictures of one of them; None where no face is found."""


class FolderSource:
    """Pictures that ``python -m benchmarks.edits --pictures`` wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def edits(self) -> set[FaceEdit]:
        """What the folder has."""
        return edits_in(self.folder)

    def pair(self, face: str, edit: str) -> Pair | None:
        """Its pictures."""
        return read_picture(picture_path(self.folder, face)), read_picture(picture_path(self.folder, face, edit))


class CheckpointSource:
    """Edits that are made by a model and the code of this checkout."""

    def __init__(self, checkpoint: Path, faces: FaceSet) -> None:
        self.editor = Editor.load(checkpoint)
        self.paths = {path.stem: path for path in faces.paths}

    def edits(self) -> set[FaceEdit]:
        """All edits of all faces."""
        return {(face, edit.name) for face in self.paths for edit in EDITS}

    def pair(self, face: str, edit: str) -> Pair | None:
        """Open the face and edit it."""
        try:
            portrait = self.editor.open(self.paths[face])
        except FaceError:
            return None
        asked = BY_NAME[edit]
        return portrait.photo.pixels, self.editor.edit(portrait, {asked.label: float(asked.side)}).pixels


@dataclass(frozen=True)
class Item:
    """One pair of pictures on the sheets."""

    number: int
    """From 1, as written above it."""

    of: str
    """Which set it is of, one of :data:`SETS`."""

    face: str
    edit: str
    """The edit's name."""


def lot(edits: set[FaceEdit], seed: int) -> list[FaceEdit]:
    """All edits in an order by lot: the same seed gives the same order."""
    order = sorted(edits)
    random.Random(seed).shuffle(order)
    return order


def numbered(drawn: Sequence[FaceEdit], seed: int) -> list[Item]:
    """The drawn edits of both sets, shuffled together, with numbers."""
    both = [(which, *edit) for which in SETS for edit in drawn]
    random.Random(seed + 1).shuffle(both)  # another order than that of the lot
    return [Item(number, *item) for number, item in enumerate(both, start=1)]


def draw(sources: Sequence[Source], count: int, seed: int) -> dict[FaceEdit, list[Pair]]:
    """So many edits by lot, the same ones of each set, with the pictures of each set.

    Raises:
        GradingError: there are not so many.
    """
    drawn: dict[FaceEdit, list[Pair]] = {}
    with tqdm(total=count, unit="edit", desc="drawing", disable=None) as bar:
        for face, edit in lot(set.intersection(*(source.edits() for source in sources)), seed):
            if len(drawn) == count:
                break
            pairs = [pair for source in sources if (pair := source.pair(face, edit)) is not None]
            if len(pairs) == len(sources):
                drawn[face, edit] = pairs
                bar.update()
    if len(drawn) < count:
        raise GradingError(
            f"the sets have {len(drawn)} edits in common, not {count}; write more, or ask for fewer with --count."
        )
    return drawn
