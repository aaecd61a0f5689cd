"""The editor on a real photo: exact where nothing moves, local where something does."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app.editor import Editor
from app.session import Session
from attributes import DirectionsError
from faces import FaceError, NoFaceError, PhotoError


def change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Mean absolute change of each pixel, ``(H, W)``."""
    return np.abs(after.astype(int) - before.astype(int)).mean(2)


def test_nothing_moved_is_the_photo_bit_for_bit(editor: Editor, astronaut: np.ndarray) -> None:
    portrait = editor.open(astronaut)
    for values in ({}, {"Smiling": 0.0}):
        assert np.array_equal(editor.edit(portrait, values).pixels, astronaut)


def test_a_smile_changes_the_mouth_more_than_the_rest(editor: Editor, astronaut: np.ndarray) -> None:
    portrait = editor.open(astronaut)
    face = editor.detector.require(astronaut)[0]
    moved = change(astronaut, editor.edit(portrait, {"Smiling": 1.0}).pixels)
    left, right = face.landmarks[3], face.landmarks[4]
    width = right[0] - left[0]
    x0, x1 = int(left[0] - 0.2 * width), int(right[0] + 0.2 * width)
    y = int((left[1] + right[1]) / 2)
    mouth = moved[y - int(0.35 * width) : y + int(0.35 * width), x0:x1].mean()
    left_edge, top_edge = np.floor(portrait.alignment.quad.min(0)).astype(int).clip(0)
    right_edge, bottom_edge = np.ceil(portrait.alignment.quad.max(0)).astype(int)
    square = moved[top_edge:bottom_edge, left_edge:right_edge]
    assert mouth > 2 * square.mean()
    outside = moved.copy()
    outside[top_edge:bottom_edge, left_edge:right_edge] = 0
    assert not outside.any()


def test_blond_hair_makes_the_hair_lighter(editor: Editor, astronaut: np.ndarray) -> None:
    portrait = editor.open(astronaut)
    x, y = portrait.alignment.to_photo(np.array([0.5, 0.2])).astype(int)  # above the forehead
    hair = np.s_[y - 8 : y + 8, x - 15 : x + 15]
    blond = editor.edit(portrait, {"Blond_Hair": 1.0}).pixels[hair].mean()
    black = editor.edit(portrait, {"Black_Hair": 1.0}).pixels[hair].mean()
    assert black + 10 < astronaut[hair].mean() < blond - 10


def test_what_is_behind_the_person_stays(fine_editor: Editor, astronaut: np.ndarray) -> None:
    """Hair of another colour tints the wall beside it, unless that is locked."""
    portrait = fine_editor.open(astronaut)
    corners = portrait.alignment.to_photo(np.array([[0.98, 0.78], [0.86, 0.62]])).astype(int)
    wall = np.s_[corners[1][1] : corners[0][1], corners[1][0] : corners[0][0]]  # beside her neck
    free, locked = (
        change(astronaut, fine_editor.edit(portrait, {"Blond_Hair": 1.0}, lock_background=lock).pixels)
        for lock in (False, True)
    )
    assert locked[wall].mean() < 0.5 * free[wall].mean()
    assert locked[wall].mean() < 0.5
    x, y = portrait.alignment.to_photo(np.array([0.5, 0.2])).astype(int)  # above the forehead
    hair = np.s_[y - 8 : y + 8, x - 15 : x + 15]
    assert locked[hair].mean() > 0.8 * free[hair].mean()


def test_a_blend_goes_from_the_first_face_to_the_second(editor: Editor, astronaut: np.ndarray) -> None:
    first = editor.open(astronaut)
    second = editor.sample(1, seed=3)[0]
    assert editor.blend(first, second, 0) is first.photo
    distances = []
    for ratio in (0.25, 0.5, 1.0):
        blended = editor.blend(first, second, ratio)
        assert blended.pixels.shape == astronaut.shape
        distances.append(change(astronaut, blended.pixels).mean())
    assert distances[0] < distances[1] < distances[2]
    with pytest.raises(ValueError, match="must be a number from 0"):
        editor.blend(first, second, 1.5)


def test_a_blend_stays_before_the_first_ones_wall(fine_editor: Editor) -> None:
    photos = [face.photo for face in fine_editor.sample(4, 0.6, seed=5)]
    for photo, other in pairwise(photos):
        first, second = (fine_editor.portrait(each, "whole") for each in (photo, other))
        wall = np.kron((first.matte + second.matte)[0, 0].numpy() == 0, np.ones((2, 2))).astype(bool)
        if wall.mean() < 0.05:
            continue
        free, locked = (
            change(photo.pixels, fine_editor.blend(first, second, 1.0, lock_background=lock).pixels)
            for lock in (False, True)
        )
        assert locked[wall].mean() < 0.5 * free[wall].mean()
        assert locked.mean() > 5
        return
    raise AssertionError("no two of the faces leave anything of a wall")


def test_a_drawn_face_keeps_its_background_too(fine_editor: Editor) -> None:
    face = fine_editor.sample(1, 0.6, seed=5)[0]
    behind = face.matte[0, 0].numpy() == 0
    assert behind.mean() > 0.03
    free, locked = (
        change(face.photo.pixels, fine_editor.edit(face, {"Blond_Hair": 1.0}, lock_background=lock).pixels)
        for lock in (False, True)
    )
    inner = np.kron(behind, np.ones((2, 2))).astype(bool)
    assert locked[inner].mean() < 0.2 * free[inner].mean()


def test_an_edit_touches_no_pixel_outside_of_the_square(editor: Editor, astronaut: np.ndarray) -> None:
    """Also the models' own small changes at the border, in large photos and in 16 bits."""
    for photo in (astronaut, np.repeat(np.repeat(astronaut, 4, 0), 4, 1), astronaut.astype(np.uint16) * 257):
        portrait = editor.open(photo)
        y, x = np.mgrid[: photo.shape[0], : photo.shape[1]] + 0.5
        inner = portrait.alignment.to_square(np.stack([x, y], axis=-1))
        outside = ((inner < -1e-6) | (inner > 1 + 1e-6)).any(axis=-1)
        for name, lock in (("Blond_Hair", False), ("Smiling", True)):
            edited = editor.edit(portrait, {name: 1.0}, lock_background=lock).finest
            assert edited.dtype == photo.dtype
            assert np.array_equal(edited[outside], photo[outside])
            assert not np.array_equal(edited, photo)


def test_no_edit_brings_colour_into_a_grey_photo(editor: Editor, astronaut: np.ndarray) -> None:
    grey = np.repeat(astronaut.mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
    for photo in (grey, grey[..., :1], grey.astype(np.uint16) * 257):
        portrait = editor.open(photo)
        edits = [editor.edit(portrait, {"Blond_Hair": 1.0}), editor.blend(portrait, editor.open(astronaut), 0.6)]
        for edited in edits:
            assert (edited.finest == edited.finest[..., :1]).all()
            assert change(grey, edited.pixels).max() > 20


def test_drawn_faces_are_repeatable_and_can_be_edited(editor: Editor) -> None:
    faces, again = editor.sample(3, seed=7), editor.sample(3, seed=7)
    for a, b in zip(faces, again, strict=True):
        assert np.array_equal(a.photo.pixels, b.photo.pixels)
    assert not np.array_equal(faces[0].photo.pixels, editor.sample(1, seed=8)[0].photo.pixels)
    assert editor.edit(faces[0], {}) is faces[0].photo
    edited = editor.edit(faces[0], {"Blond_Hair": 1.0}).pixels
    assert edited.shape == faces[0].photo.pixels.shape
    assert change(faces[0].photo.pixels, edited).mean() > 1


def test_a_turned_photo_is_edited_like_an_upright_one(editor: Editor, astronaut: np.ndarray) -> None:
    upright = editor.edit(editor.open(astronaut), {"Blond_Hair": 1.0}).pixels
    turned = editor.edit(editor.open(np.rot90(astronaut)), {"Blond_Hair": 1.0}).pixels
    assert change(upright, np.rot90(turned, -1)).mean() < 0.25 * change(astronaut, upright).mean() + 1


def test_what_cannot_be_edited_is_refused_with_a_way_on(editor: Editor, tmp_path: Path, astronaut: np.ndarray) -> None:
    with pytest.raises(NoFaceError, match="take the whole picture"):
        editor.open(np.full((200, 300, 3), 120, dtype=np.uint8))
    with pytest.raises(FaceError, match="face 4 was asked for, and 1 found"):
        editor.open(astronaut, 3)
    with pytest.raises(PhotoError):
        editor.open(tmp_path / "missing.png")
    with pytest.raises(DirectionsError, match=r"'Smile' was asked for.* did you mean Smiling"):
        editor.edit(editor.open(astronaut), {"Smile": 1.0})


def test_the_whole_picture_can_be_taken_for_the_face(editor: Editor, validation_faces) -> None:  # type: ignore[no-untyped-def]
    aligned = validation_faces[0].permute(1, 2, 0).numpy()
    portrait = editor.open(aligned, "whole")
    decoded = (portrait.decoded[0].permute(1, 2, 0) * 255).round().byte().numpy()
    assert np.array_equal(decoded, aligned)


def test_the_reading_follows_the_sliders(editor: Editor, astronaut: np.ndarray) -> None:
    """Of a smiling woman with brown hair, as the attribute classifier sees her."""
    session = Session(editor)
    session.open(astronaut)
    before = session.probabilities(before=True)
    assert session.probabilities() == before
    assert before["Smiling"] > 0.8
    session.set({"Blond_Hair": 1.0})
    assert session.probabilities()["Blond_Hair"] > before["Blond_Hair"] + 0.2
    assert session.probabilities(before=True) == before
