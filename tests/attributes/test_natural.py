"""How odd a moved face is: nothing where nothing moves, more the further it goes, and as somebody graded 200 edits."""

from __future__ import annotations

from dataclasses import replace

import torch

from app.editor import Editor
from attributes import LABEL_NAMES
from attributes.sliders.oddness import NATURAL, oddness
from benchmarks.natural.edits import COUNT, drawn, read_rows
from tests.conftest import ROOT, Pictures

GRADED = ROOT / "docs" / "natural" / "graded.csv"


def test_it_grows_about_as_a_move_does() -> None:
    move, features = torch.tensor([0.0, 4.0, 8.0]), torch.tensor([0.0, 3.0, 6.0])
    odd = oddness(move, features)
    assert odd[0] == 0
    torch.testing.assert_close(odd[2], 2 * odd[1], rtol=0.02, atol=0)
    assert oddness(torch.tensor([torch.nan]), torch.tensor([1.0])).isinf().all()


def test_a_face_gets_odder_the_further_it_goes_and_a_broken_one_is_endlessly_odd(
    fine_editor: Editor, fine_validation_faces: torch.Tensor
) -> None:
    with torch.inference_mode():
        faces = fine_editor.checkpoint.model.encode(fine_validation_faces[:6].float() / 255).flatten()
    before = fine_editor.judge.look(faces)
    vector = fine_editor.label_directions.vectors.flatten()[LABEL_NAMES.index("Eyeglasses")]
    course = []
    for lengths in (0.2, 1.0, 3.0, 40.0):
        move = (lengths * vector).expand_as(faces)
        course.append(fine_editor.judge.look(faces + move).oddness(before, move))
    assert (torch.stack(course).diff(dim=0) >= 0).double().mean() > 0.9
    assert (course[0] < NATURAL).all()
    assert (course[2] > NATURAL).all()
    assert course[3].isinf().all()


def test_the_graded_edits_are_those_of_the_lot(celebahq_pictures: Pictures) -> None:
    """Anyone can draw and grade them again: of the 500 faces of the calibration half, with the seed 0."""
    rows = read_rows(GRADED)
    assert len(rows) == COUNT
    assert {row.kept for row in rows} == {"0", "1"}
    names = [str(number) for number in celebahq_pictures(1000, "1")]
    again = drawn(sorted(names, key=int)[::2], seed=0)
    assert [replace(a, kept=row.kept) for a, row in zip(again, rows, strict=True)] == rows
