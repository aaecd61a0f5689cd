"""Comparing ways of putting an edit back: what each figure sees, on the astronaut with an edit made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.pasting import figures as look
from benchmarks.pasting.examples import Example
from benchmarks.pasting.page import AS_IT_WAS, put_back, tables
from benchmarks.pasting.ways import WAYS
from faces import Alignment, Detector, align, crop_float

Array = np.ndarray[Any, Any]
SIZE = 64
ALL = [AS_IT_WAS, *WAYS]


def example(astronaut: Array, square: Alignment, change: Array, person: Array) -> Example:
    """An edit that adds a change ``(SIZE, SIZE, 3)`` to a person ``(512, 512)`` whom our matte finds everywhere."""
    photo = (astronaut // 2 + 64).astype(np.uint8)  # nothing is clipped
    before = crop_float(photo, square, SIZE)
    return Example(photo, square, before, before + change, np.ones((SIZE, SIZE), np.float32), person)


@pytest.fixture(scope="module")
def square(astronaut: Array) -> Alignment:
    return align(Detector().detect(astronaut)[0])


@pytest.fixture
def everywhere() -> Array:
    return np.ones((512, 512), np.float32)


@pytest.mark.parametrize("way", ALL)
def test_nothing_moved_is_seen_as_nothing(astronaut: Array, square: Alignment, everywhere: Array, way: str) -> None:
    still = example(astronaut, square, np.zeros((SIZE, SIZE, 3), np.float32), everywhere)
    result = put_back(still, way)
    if way == "Laplacian":  # it doubts even its own detail, a little
        assert np.abs(result.astype(int) - still.pixels).mean() < 0.5
    else:
        assert np.array_equal(result, still.pixels)
        assert look.person(still, result) < 0.7  # two roundings
        assert look.seam(still, result)[1] == 0


@pytest.mark.parametrize("way", ALL)
def test_a_change_of_tint_arrives_and_leaves_detail_alone(
    astronaut: Array, square: Alignment, everywhere: Array, way: str
) -> None:
    y, x = (np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE - 0.5
    blob = 0.15 * np.exp(-(x**2 + y**2) / 0.02)[..., None] * np.array([1.0, 0.4, -0.6])
    tinted = example(astronaut, square, blob.astype(np.float32), everywhere)
    result = put_back(tinted, way)
    assert look.person(tinted, result) < 0.3 * look.person(tinted, tinted.pixels)
    before, after = look.sharpness(tinted, result)
    assert before > 0
    assert 0.85 < np.sqrt(after / before) < 1.1


def test_what_is_behind_is_told_by_the_mask_and_the_plain_way_reaches_it(astronaut: Array, square: Alignment) -> None:
    """A person to the left, a wall to the right: the wall is darkened."""
    person = np.zeros((512, 512), np.float32)
    person[:, : int(square.quad[:, 0].mean())] = 1
    change = np.zeros((SIZE, SIZE, 3), np.float32)
    change[:, SIZE // 2 :] = -0.2
    edited = example(astronaut, square, change, person)
    assert look.background(edited, edited.pixels) == 0
    assert look.background(edited, put_back(edited, AS_IT_WAS)) > 1
    nobody = Example(edited.pixels, square, edited.before, edited.after, 0 * edited.ours, person)
    assert look.background(nobody, put_back(nobody, "guided")) == 0


def test_teeth_are_what_is_bright_between_the_lips() -> None:
    landmarks = np.zeros((68, 2))
    landmarks[look.INNER_LIPS] = [(80, 150), (110, 140), (130, 140), (150, 140), (180, 150), (150, 165), (130, 165),
                                  (110, 165)]  # fmt: skip
    face = np.full((256, 256, 3), 150, np.uint8)
    assert look.between_lips(landmarks, face) is None  # all of one brightness
    face[140:166, 80:181] = 40
    face[140:152, 80:181] = 220
    lips = look.between_lips(landmarks, face)
    assert lips is not None
    assert 0.3 < look.teeth(face, lips) < 0.7
    assert look.teeth(np.full((256, 256, 3), 90, np.uint8), lips) == 0


def test_the_tables_name_every_way_and_edit() -> None:
    found = {("background", "faces", "Blond_Hair+", way): [(0.5, 1.0), (1.5, 1.0)] for way in ALL}
    found |= {("seam", "faces", "Blond_Hair+", way): [(4.0, 1.0), (4.0, 3.0)] for way in ALL}
    text = tables(found)
    assert all(way in text for way in ALL)
    assert "| blond hair | 1.00 | 1.00 |" in text
    assert "| blond hair | 50% |" in text
