"""Drawing edits by lot for a blind look, and counting the grades."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from attributes import FaceSet
from benchmarks.edits import EDITS, SIDE
from benchmarks.grading import SETS, GradingError
from benchmarks.grading.drawing import FaceEdit, Item, Pair, draw, lot, numbered
from benchmarks.grading.head_turns import TURNED, by_head_turn, head_turns
from benchmarks.grading.scoring import read_grades, read_key, scores, write_empty_grades, write_key
from benchmarks.grading.sheets import sheet

ALL = {(str(face), edit.name) for face in range(20) for edit in EDITS}


class Plain:
    """A set whose pictures are of one grey; of one face there is none."""

    def __init__(self, grey: int) -> None:
        self.grey = grey

    def edits(self) -> set[FaceEdit]:
        return ALL

    def pair(self, face: str, _edit: str) -> Pair | None:
        picture = np.full((SIDE, SIDE, 3), self.grey, dtype=np.uint8)
        return None if face == "7" else (picture, picture)


def test_a_seed_draws_the_same_lot_again_and_another_one_another() -> None:
    assert lot(ALL, 3) == lot(set(sorted(ALL, reverse=True)), 3)
    assert lot(ALL, 3) != lot(ALL, 4)
    assert sorted(lot(ALL, 3)) == sorted(ALL)


def test_both_sets_get_the_same_edits_shuffled_together() -> None:
    drawn = draw([Plain(1), Plain(2)], 50, seed=0)
    assert len(drawn) == 50
    assert "7" not in {face for face, _ in drawn}
    assert all([pair[0][0, 0, 0] for pair in pairs] == [1, 2] for pairs in drawn.values())
    items = numbered(list(drawn), seed=0)
    assert [item.number for item in items] == list(range(1, 101))
    sides = {of: [(item.face, item.edit) for item in items if item.of == of] for of in SETS}
    assert set(sides["old"]) == set(sides["new"]) == set(drawn)
    assert {item.of for item in items[:20]} == set(SETS)
    assert numbered(list(drawn), seed=0) == items


def test_too_few_edits_in_common_are_named() -> None:
    with pytest.raises(GradingError, match="285 edits in common, not 300"):
        draw([Plain(1), Plain(2)], 300, seed=0)


def test_a_sheet_shows_pairs_in_their_order() -> None:
    items = [Item(k + 1, SETS[k % 2], "1", EDITS[0].name) for k in range(4)]
    pairs = [tuple(np.full((SIDE, SIDE, 3), 10 * k + side, np.uint8) for side in (1, 2)) for k in range(4)]
    pixels = np.asarray(sheet(items, pairs))  # type: ignore[arg-type]
    row = pixels[pixels.shape[0] - 20, :, 0]
    assert row[20] == 31
    assert row[20 + SIDE] == 32


def test_grades_are_counted_for_each_set(tmp_path: Path) -> None:
    edits = [("1", "Smiling+"), ("2", "Smiling+"), ("1", "No_Beard-")]
    items = numbered(edits, seed=1)
    write_key(tmp_path / "key.csv", items, seed=1)
    write_empty_grades(tmp_path / "grades.csv", items)
    key = read_key(tmp_path / "key.csv")
    assert key == {item.number: item for item in items}
    assert read_grades(tmp_path / "grades.csv") == {}
    kept = {item.number: item.of == "new" or item.face == "2" for item in items}
    text = scores(key, kept)
    assert "| smile | 50% of 2 | 100% of 2 |" in text
    assert "| beard | 0% of 1 | 100% of 1 |" in text
    assert "| **all** | 33% of 3 | 100% of 3 |" in text
    del kept[1]
    assert "1 of 6 items are not graded" in scores(key, kept)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("item,keep\n1,yes\n", "'yes'"),
        ("item,keep\n1,1\n1,0\n", "item 1"),
        ("item,grade\n1,1\n", "columns item,keep"),
        ("item,keep\n1\n", "line 2"),
    ],
)
def test_bad_grades_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "grades.csv"
    path.write_text(text)
    with pytest.raises(GradingError, match=says):
        read_grades(path)


def test_grades_of_other_sheets_are_refused() -> None:
    with pytest.raises(GradingError, match="no item 9"):
        scores({1: Item(1, "old", "1", "Smiling+")}, {9: True})
    with pytest.raises(GradingError, match="nothing is graded"):
        scores({1: Item(1, "old", "1", "Smiling+")}, {})


def test_grades_are_counted_by_how_far_heads_are_turned(celebahq_folder: Path) -> None:
    faces = FaceSet(FaceSet.open(celebahq_folder, "train").paths[:40], None)
    turns = head_turns([path.stem for path in faces.paths], faces)
    far, near = max(turns, key=turns.__getitem__), min(turns, key=turns.__getitem__)
    assert turns[near] < TURNED <= turns[far]
    graded = [
        (Item(1, "new", near, "Smiling+"), True),
        (Item(2, "new", far, "Smiling+"), False),
        (Item(3, "new", far, "No_Beard-"), True),
        (Item(4, "old", far, "No_Beard-"), False),
    ]
    text = by_head_turn(graded, faces)
    assert "| kept | straight ahead | turned |" in text
    assert "| smile | 100% of 1 | 0% of 1 |" in text
    assert "| beard | – | 100% of 1 |" in text
    assert "| **all** | 100% of 1 | 50% of 2 |" in text
    with pytest.raises(GradingError, match="no face 0815x"):
        by_head_turn([(Item(1, "new", "0815x", "Smiling+"), True)], faces)
