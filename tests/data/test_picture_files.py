"""Training sees the pictures that editing sees, and the same of each."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attributes import FaceSet
from data.picture_files import picture_files
from faces import open_photo


@pytest.fixture
def face(astronaut: np.ndarray) -> np.ndarray:
    """A square of the astronaut's photo, uint8 ``(128, 128, 3)``."""
    return astronaut[60:188, 160:288].copy()


def read(path: Path) -> np.ndarray:
    """The only picture beside ``path``, as training reads it, ``(128, 128, 3)``."""
    return FaceSet.open(path.parent).read(0, 128).transpose(1, 2, 0)


def test_sixteen_bits_of_grey_are_not_white(face: np.ndarray, tmp_path: Path) -> None:
    deep = face[..., 0].astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "grey.png")
    assert np.array_equal(read(tmp_path / "grey.png"), face[..., :1].repeat(3, 2))


def test_a_picture_that_lies_on_its_side_is_learnt_upright(face: np.ndarray, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera's top is to the right
    Image.fromarray(np.rot90(face)).save(tmp_path / "side.png", exif=exif)
    assert np.array_equal(read(tmp_path / "side.png"), face)


def test_colour_under_what_is_transparent_is_not_learnt(face: np.ndarray, tmp_path: Path) -> None:
    alpha = np.zeros((128, 128), np.uint8)
    alpha[:, 64:] = 255
    Image.fromarray(np.dstack([face, alpha])).save(tmp_path / "cut.png")
    seen = read(tmp_path / "cut.png")
    assert (seen[:, :64] == 255).all()
    assert np.array_equal(seen[:, 64:], face[:, 64:])


@pytest.mark.parametrize("name", ["face.tif", "face.gif", "FACE.PNG", "face.bmp"])
def test_whatever_can_be_edited_can_be_learnt(face: np.ndarray, tmp_path: Path, name: str) -> None:
    Image.fromarray(face).save(tmp_path / name)
    assert np.array_equal(read(tmp_path / name), open_photo(tmp_path / name).pixels)


def test_what_cannot_be_decoded_is_named(face: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(face).save(tmp_path / "a.png")
    (tmp_path / "b.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    assert sum(len(indices) for indices, _ in FaceSet.open(tmp_path).batches(16, 8)) == 1
    told = capsys.readouterr().err
    assert "1 of 2 pictures cannot be read" in told
    assert "b.heic" in told


def test_links_are_followed_and_do_not_go_round(face: np.ndarray, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Image.fromarray(face).save(elsewhere / "face.png")
    folder = tmp_path / "set"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    assert picture_files(folder) == [folder / "below" / "linked" / "face.png"]


def test_files_that_a_mac_lays_beside_pictures_stop_nothing(tmp_path: Path, celebahq_folder: Path) -> None:
    folder = tmp_path / "celebahq"
    folder.mkdir()
    for path in celebahq_folder.iterdir():
        (folder / path.name).symlink_to(path)
    pictures = folder / "CelebA-HQ-img"
    pictures.unlink()
    pictures.mkdir()
    for path in (celebahq_folder / "CelebA-HQ-img").iterdir():
        (pictures / path.name).symlink_to(path)
        (pictures / f"._{path.name}").write_bytes(b"\0\x05\x16\x07")
    assert len(FaceSet.open(folder)) == len(FaceSet.open(celebahq_folder))


def test_a_name_of_other_bytes_than_utf_8_is_read(face: np.ndarray, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/J\xfcrgen.png"
    with open(path, "wb") as file:
        Image.fromarray(face).save(file, "png")
    faces = FaceSet.open(tmp_path)
    assert len(faces.identity) == 64
    assert np.array_equal(faces.read(0, 128).transpose(1, 2, 0), face)
