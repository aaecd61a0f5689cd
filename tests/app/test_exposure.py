"""Faces in the dark are edited as they would be in daylight, and stay in the dark."""

from __future__ import annotations

import numpy as np
import pytest

from app.editor import Editor
from app.portraits.exposure import exposure
from faces import Face, align, crop, open_photo


@pytest.fixture(scope="module")
def face(editor: Editor, astronaut: np.ndarray) -> Face:
    """The astronaut's face; what is found in a darker photo may be off by a pixel."""
    return editor.detector.require(astronaut)[0]


def darker(photo: np.ndarray, light: float) -> np.ndarray:
    return (photo * light).round().astype(np.uint8)


@pytest.mark.parametrize(("name", "light"), [("Blond_Hair", 0.15), ("Black_Hair", 0.3), ("Smiling", 0.15)])
def test_an_edit_in_the_dark_is_that_of_daylight_made_dark(
    editor: Editor, astronaut: np.ndarray, face: Face, name: str, light: float
) -> None:
    value = -1.0 if name == "Smiling" else 1.0
    bright, dark = (editor.portrait(open_photo(photo), face) for photo in (astronaut, darker(astronaut, light)))
    assert bright.exposure == 1
    wanted = darker(editor.edit(bright, {name: value}).pixels, light).astype(int)
    found = editor.edit(dark, {name: value}).pixels.astype(int)
    changed = np.abs(wanted - dark.photo.pixels).max(-1) > 2
    off = np.abs(found - wanted)[changed].mean()
    assert off < 0.35 * np.abs(wanted - dark.photo.pixels)[changed].mean()
    assert found[changed].max() < 255 * light * 1.2, "nothing glows"


def test_nothing_moved_is_the_dark_photo_bit_for_bit(editor: Editor, astronaut: np.ndarray, face: Face) -> None:
    dark = darker(astronaut, 0.1)
    assert np.array_equal(editor.edit(editor.portrait(open_photo(dark), face), {"Smiling": 0.0}).pixels, dark)


def test_who_is_blended_with_a_face_in_the_dark_is_dark_there(
    editor: Editor, astronaut: np.ndarray, face: Face
) -> None:
    dark = editor.portrait(open_photo(darker(astronaut, 0.2)), face)
    other = editor.sample(1, seed=3)[0]
    bright = editor.portrait(open_photo(astronaut), face)
    wanted = darker(editor.blend(bright, other, 1.0).pixels, 0.2).astype(int)
    found = editor.blend(dark, other, 1.0).pixels.astype(int)
    square = align(face)
    apart = crop(found.astype(np.uint8), square, 64).astype(int) - crop(wanted.astype(np.uint8), square, 64)
    assert np.abs(apart).mean() < 4


def test_faces_as_they_usually_are_are_left_alone(validation_faces: object) -> None:
    pictures = np.asarray(validation_faces).transpose(0, 2, 3, 1)
    assert np.mean([exposure(picture) == 1 for picture in pictures]) >= 0.99
