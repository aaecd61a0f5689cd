"""Whether heads that are turned to a side bear less: the grades of several lots, by how far each head is turned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tqdm import tqdm

from attributes import FaceSet
from attributes.classifier.fit_head_turn import head_turn_of
from benchmarks.grading import GradingError
from benchmarks.grading.drawing import Item
from benchmarks.grading.scoring import table
from faces import Detector, open_photo

TURNED = 0.15
"""From which on a head counts as turned (:func:`attributes.classifier.fit_head_turn.head_turn_of`)."""


def by_head_turn(graded: Sequence[tuple[Item, bool]], faces: FaceSet) -> str:
    """A table with the shares of the new set that would be kept, on heads that look straight ahead and on turned ones.

    Faces that the detector does not find have no part in it.

    Args:
        graded: items of one lot or several, and whether they would be kept.
        faces: where their faces are.

    Raises:
        GradingError: a face is not there.
    """
    graded = [(item, keep) for item, keep in graded if item.of == "new"]
    turns = head_turns({item.face for item, _ in graded}, faces)
    columns: dict[str, list[tuple[str, bool]]] = {"straight ahead": [], "turned": []}
    for item, keep in graded:
        if item.face in turns:
            columns["turned" if turns[item.face] >= TURNED else "straight ahead"].append((item.edit, keep))
    return "\n".join(table(columns))


def head_turns(names: Iterable[str], faces: FaceSet) -> dict[str, float]:
    """How far the heads of some faces are turned, by name, of those that are found; errors as of
    :func:`by_head_turn`."""
    paths = {path.stem: path for path in faces.paths}
    detector, turns = Detector(), {}
    for name in tqdm(sorted(names), unit="face", desc="heads", disable=None):
        if name not in paths:
            raise GradingError(f"the data has no face {name}; give --data and --faces as the sheets were laid.")
        found = detector.detect(open_photo(paths[name]).pixels)
        if found:
            turns[name] = head_turn_of(found[0])
    return turns
