"""Strips and grids are the pictures that single edits give."""

from __future__ import annotations

import numpy as np
import pytest

from app.editor import Editor
from app.series.frames import blends, grid, linspace, small, sweep
from attributes import DirectionsError


def test_steps_reach_both_ends() -> None:
    assert linspace(-1, 1, 5) == [-1, -0.5, 0, 0.5, 1]
    assert linspace(0, 1, 1) == [0.5]


def test_a_sweep_is_the_same_as_single_edits(editor: Editor) -> None:
    face = editor.sample(1)[0]
    shown = list(sweep(editor, face, "Smiling", [-1, 0, 1], values={"Young": 0.5}))
    for amount, photo in zip([-1.0, 0.0, 1.0], shown, strict=True):
        assert np.array_equal(photo.pixels, editor.edit(face, {"Young": 0.5, "Smiling": amount}).pixels)


def test_a_grid_goes_row_by_row(editor: Editor) -> None:
    face = editor.sample(1)[0]
    shown = list(grid(editor, face, ("Smiling", [0, 1]), ("Young", [0, -1])))
    assert np.array_equal(shown[0].pixels, face.photo.pixels)
    assert np.array_equal(shown[1].pixels, editor.edit(face, {"Smiling": 1}).pixels)
    assert np.array_equal(shown[2].pixels, editor.edit(face, {"Young": -1}).pixels)


def test_blends_begin_with_the_first_photo(editor: Editor) -> None:
    first, second = editor.sample(2)
    shown = list(blends(editor, first, second, [0, 0.5]))
    assert np.array_equal(shown[0].pixels, first.photo.pixels)
    assert np.array_equal(shown[1].pixels, editor.blend(first, second, 0.5).pixels)


def test_a_large_photo_is_made_small_around_its_face(editor: Editor, astronaut: np.ndarray) -> None:
    portrait = editor.open(astronaut)
    face, whole = small(portrait, face=True, long_side=200), small(portrait, face=False, long_side=200)
    assert max(face.photo.pixels.shape) == 200
    assert whole.photo.pixels.shape == (200, 200, 3)
    assert face.alignment.size > whole.alignment.size


def test_a_name_that_is_no_slider_is_told(editor: Editor) -> None:
    with pytest.raises(DirectionsError, match="Smilling"):
        list(sweep(editor, editor.sample(1)[0], "Smilling", [1]))
