"""Where a change ends at its square's border: faded where it would be cut off, whole elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.portraits.view import View
from faces import Alignment, Photo
from faces.compositing.fade import VISIBLE, fade, feather_mask, photo_beyond

Array = np.ndarray[Any, Any]


def changed(size: int, rows: slice, columns: slice) -> Array:
    """A change of 0.3 in a box given in hundredths of the side, ``(size, size, 3)``."""
    change = np.zeros((size, size, 3), np.float32)
    box = (slice(*(round(x * size / 100) for x in (s.start, s.stop))) for s in (rows, columns))
    change[tuple(box)] = 0.3
    return change


@pytest.mark.parametrize("size", [64, 128, 256])
def test_what_ends_inside_of_the_square_is_not_faded(size: int) -> None:
    beard = changed(size, slice(60, 96), slice(25, 75))
    assert fade(beard).min() == 1
    assert feather_mask(size)[round(0.95 * size), size // 2] < 0.95  # as it was for all


@pytest.mark.parametrize("size", [64, 128, 256])
def test_what_leaves_the_square_everywhere_is_faded_but_less_at_the_crown(size: int) -> None:
    weights, mask = fade(np.full((size, size, 3), 0.3, np.float32)), feather_mask(size)
    np.testing.assert_allclose(weights[size // 2 :], mask[size // 2 :], atol=1e-6)
    assert (weights >= mask - 1e-6).all()
    near_the_top = round(0.04 * size)
    assert weights[near_the_top, size // 2] > 0.95
    assert mask[near_the_top, size // 2] < 0.85


def test_only_the_side_is_faded_at_which_something_leaves() -> None:
    hair = changed(128, slice(20, 100), slice(0, 20)) + changed(128, slice(4, 20), slice(20, 80))
    weights = fade(hair)
    assert weights[60:100, 0].max() < 0.05  # it leaves to the left
    assert weights[6:20, 50:80].min() > 0.99  # the crown is whole inside of the square
    assert weights[40:90, 100:].min() == 1


def test_whatever_leaves_there_is_no_visible_step_at_the_border() -> None:
    rng = np.random.default_rng(0)
    for strength in (0.01, 0.02, 0.05, 0.4):
        smooth = np.kron(rng.uniform(0, strength, (8, 8)), np.ones((16, 16)))[..., None].repeat(3, 2)
        left = smooth * fade(smooth.astype(np.float32))[..., None]
        border = np.concatenate([left[0], left[-1], left[:, 0], left[:, -1]])
        assert border.max() < 0.7 * VISIBLE
        assert np.abs(np.diff(fade(smooth.astype(np.float32)), axis=0)).max() < 0.5


def test_mask_is_full_over_the_face_and_nothing_at_the_border() -> None:
    mask = feather_mask(256)
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert not border.any()
    assert mask[64:192, 64:192].min() > 0.99
    assert mask[230, 128] > 0.9  # The chin, at 0.9 of the height.
    assert mask[12, 12] == 0  # Rounded corners.


def square_in(left: float, top: float, right: float, bottom: float) -> tuple[tuple[int, int], Alignment]:
    """A photo's height and width, and a square of 100 pixels with so many of it beside it."""
    quad = np.array([[left, top], [left, top + 100], [left + 100, top + 100], [left + 100, top]])
    return (round(top + 100 + bottom), round(left + 100 + right)), Alignment(quad)


def test_nothing_is_faded_where_the_photo_ends_with_the_square() -> None:
    change = np.full((128, 128, 3), 0.3, np.float32)
    shape, square = square_in(0, 0, 0, 0)
    assert fade(change, photo_beyond(shape, square)).min() == 1
    shape, square = square_in(-3, -5, -2, 0)  # and beyond it
    assert fade(change, photo_beyond(shape, square)).min() == 1
    shape, square = square_in(0, 0, 40, 0)  # it goes on to the right
    weights = fade(change, photo_beyond(shape, square))
    assert weights[40:90, -1].max() < 0.05
    assert weights[40:90, :90].min() == 1


def test_a_fade_is_no_longer_than_about_what_is_left_of_the_photo() -> None:
    change = np.full((128, 128, 3), 0.3, np.float32)
    starts = []
    for beyond in (1, 2, 3, 60, 600):
        weights = fade(change, photo_beyond(*square_in(beyond, beyond, beyond, beyond)))
        assert weights[64, 0] < 0.1
        starts.append(int(np.argmax(weights[64] > 0.95)))
    assert starts[0] < starts[1] < starts[2] <= starts[3] == starts[4]


@pytest.mark.parametrize(("long_side", "off"), [(4000, 0.0), (256, 0.1), (150, 0.1)])
@pytest.mark.parametrize("degrees", [0, 20, 45, 70])
def test_a_view_of_the_face_fades_as_the_photo_does(degrees: float, long_side: int, off: float) -> None:
    turn = np.deg2rad(degrees)
    across = 200 * np.array([np.cos(turn), np.sin(turn)])
    down = 200 * np.array([-np.sin(turn), np.cos(turn)])
    corner = np.array([600.0, 500.0])
    square = Alignment(np.stack([corner, corner + down, corner + down + across, corner + across]))
    photo = Photo(np.zeros((1400, 1400, 3), np.uint8))
    view = View.face(photo, square, long_side)
    change = np.random.default_rng(0).uniform(0, 0.3, (128, 128, 3)).astype(np.float32)
    seen = fade(change, photo_beyond(view.cut(photo).pixels.shape[:2], view.place(square)))
    np.testing.assert_allclose(seen, fade(change, photo_beyond((1400, 1400), square)), atol=off)
