"""A folder of anyone's photos becomes a training set."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attributes import FaceSet
from data.prepare import prepare
from train.__main__ import main


@pytest.fixture
def photos(tmp_path: Path, astronaut: np.ndarray) -> Path:
    """The astronaut, the astronaut twice in one photo, a wall, a broken file, and a text."""
    folder = tmp_path / "photos"
    (folder / "journey").mkdir(parents=True)
    Image.fromarray(astronaut).save(folder / "one.png")
    smaller = np.asarray(Image.fromarray(astronaut).resize((384, 384)))
    two = np.concatenate([astronaut, np.pad(smaller, ((0, 128), (0, 0), (0, 0)))], axis=1)
    Image.fromarray(two).save(folder / "journey" / "two.jpg", quality=95)
    Image.fromarray(np.full((100, 100, 3), 128, np.uint8)).save(folder / "wall.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("no photo")
    return folder


@pytest.mark.slow
def test_photos_become_aligned_faces(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "set"
    words = ["prepare", str(photos), str(out), "--size", "64", "--faces", "all", "--device", "cpu"]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "3 faces from 4 photos, of them 1 without a face, 1 that cannot be opened" in told.out
    for name in ("wall.png: no face", "broken.jpg"):
        assert name in told.err
    made = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png"))
    assert made == ["journey/two.jpg-1.png", "journey/two.jpg-2.png", "one.png-1.png"]
    pictures = [np.asarray(Image.open(out / name)).astype(float) for name in made]
    assert all(picture.shape == (64, 64, 3) for picture in pictures)
    for picture in pictures[:2]:  # the same face, wherever and however large it was
        assert np.abs(picture - pictures[2]).mean() < 12
    assert len(FaceSet.open(out)) == 3
    assert main(words) == 0
    assert "3 faces from 4 photos, of them 2 prepared before" in capsys.readouterr().out
    (out / "journey" / "two.jpg-1.png").unlink()  # as if it had been stopped before it came to the largest face
    assert main(words) == 0
    assert "3 faces from 4 photos, of them 1 prepared before" in capsys.readouterr().out
    assert len(FaceSet.open(out)) == 3


@pytest.mark.slow
def test_one_face_of_each_photo_and_none_that_is_too_small(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "wall.png").unlink()
    (photos / "broken.jpg").unlink()
    out = photos / "set"  # what lies in there is no photo
    words = ["prepare", str(photos), str(out), "--size", "64", "--device", "cpu"]
    assert main([*words, "--smallest", "1000"]) == 1
    told = capsys.readouterr()
    assert "pixels large, 1000 are asked for" in told.err
    assert "2 faces left out as too small" in told.out
    assert main(words) == 0
    assert "2 faces from 2 photos" in capsys.readouterr().out
    assert len(list(out.rglob("*.png"))) == 2
    assert main(["prepare", str(tmp_path / "nowhere"), str(out)]) == 1
    assert "there is no photo below" in capsys.readouterr().err


def test_names_of_other_bytes_than_utf_8_become_such(astronaut: np.ndarray, tmp_path: Path) -> None:
    """As old systems wrote them: what comes out of a set can be packed, and read anywhere."""
    folder = os.fsencode(tmp_path) + b"/M\xe4rz"
    os.mkdir(folder)
    with open(folder + b"/J\xfcrgen.png", "wb") as file:
        Image.fromarray(astronaut).save(file, "png")
    report = prepare(tmp_path, tmp_path / "set", size=16)
    assert (report.faces, report.broken) == (1, 0)
    (made,) = (tmp_path / "set").rglob("*.png")
    assert made.relative_to(tmp_path / "set").as_posix() == "M%E4rz/J%FCrgen.png-1.png"
    assert prepare(tmp_path, tmp_path / "set", size=16).already == 1
    assert len(FaceSet.open(tmp_path / "set")) == 1
