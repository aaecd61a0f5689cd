"""Putting an edit back: exact where nothing moved, smooth where something did."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faces import Alignment, FaceError, crop_float, feather_mask, paste

Array = np.ndarray[Any, Any]


def smooth_difference(size: int) -> Array:
    """A warm blob in the middle and a cold one beside it, up to a fifth of the range."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    warm = 0.2 * np.exp(-((x - 0.5) ** 2 + (y - 0.55) ** 2) / 0.02)
    cold = 0.1 * np.exp(-((x - 0.4) ** 2 + (y - 0.4) ** 2) / 0.01)
    return np.stack([warm, warm / 3 - cold, -warm / 2], axis=-1).astype(np.float32)


def test_nothing_moved_is_the_very_photo(astronaut: Array, square: Alignment) -> None:
    result = paste(astronaut, square, np.zeros((64, 64, 3), np.float32))
    assert np.array_equal(result, astronaut)
    assert result is not astronaut
    assert not np.shares_memory(result, astronaut)


@pytest.mark.parametrize("size", [16, 64, 256])
def test_nothing_outside_the_square_is_touched(astronaut: Array, square: Alignment, size: int) -> None:
    before = astronaut.copy()
    # The widest difference and no fade: the square's own edge must hold.
    result = paste(astronaut, square, np.full((size, size, 3), -1.0, np.float32), feather=1e-6)
    y, x = np.mgrid[:512, :512] + 0.5
    inner = square.to_square(np.stack([x, y], axis=-1))
    outside = ((inner < 0) | (inner > 1)).any(axis=-1)
    assert np.array_equal(result[outside], astronaut[outside])
    assert np.array_equal(astronaut, before)
    middle = (np.abs(inner - 0.5) < 0.2).all(axis=-1)
    assert result[middle].max() == 0


def test_square_far_outside_changes_nothing(astronaut: Array, square: Alignment) -> None:
    away = Alignment(square.quad + 5000)
    assert np.array_equal(paste(astronaut, away, np.ones((8, 8, 3), np.float32)), astronaut)


def test_square_over_the_edge(astronaut: Array, square: Alignment) -> None:
    over = Alignment(square.quad - square.quad.mean(axis=0))
    result = paste(astronaut, over, np.full((64, 64, 3), 0.2, np.float32)).astype(int) - astronaut
    assert result[0, 0].max() > 40
    assert not result[200:, 200:].any()


@pytest.mark.parametrize(("size", "tolerance"), [(64, 0.006), (256, 0.012)])
def test_crop_of_the_result_shows_the_edit(astronaut: Array, square: Alignment, size: int, tolerance: float) -> None:
    # Half the range, so that nothing is clipped.
    photo = (astronaut // 2 + 64).astype(np.uint8)
    difference = smooth_difference(size)
    moved = crop_float(paste(photo, square, difference), square, size) - crop_float(photo, square, size)
    middle = slice(round(0.3 * size), round(0.7 * size))
    assert np.abs(moved - difference)[middle, middle].max() < tolerance
    assert np.abs(difference[middle, middle]).max() > 0.19


def test_whole_picture_at_its_own_size_adds_exactly(astronaut: Array) -> None:
    photo = np.ascontiguousarray(astronaut[:256, 100:356])
    levels = np.random.default_rng(0).integers(-300, 300, photo.shape)
    difference = np.clip(levels / 255, -1, 1).astype(np.float32)
    result = paste(photo, Alignment.whole(photo), difference, feather=1e-6)
    expected = np.clip(photo + np.clip(levels, -255, 255), 0, 255)
    assert np.array_equal(result[60:200, 60:200], expected[60:200, 60:200])


def test_no_step_at_the_border(square: Alignment) -> None:
    flat = np.full((2048, 2048, 3), 128, np.uint8)
    large = Alignment(square.quad * 4)
    change = paste(flat, large, np.full((64, 64, 3), 0.25, np.float32)).astype(int) - 128
    # 64 levels over a fade of 0.12 x 688 = 83 pixels: 1.5 levels a pixel at most, up to rounding.
    assert change.max() == 64
    assert np.abs(np.diff(change, axis=0)).max() <= 2
    assert np.abs(np.diff(change, axis=1)).max() <= 2


def test_enlarging_shows_no_blocks() -> None:
    flat = np.full((1600, 1600, 3), 128, np.uint8)
    difference = smooth_difference(32)
    change = paste(flat, Alignment.whole(flat), difference).astype(int) - 128
    # Blocks of 50 pixels would jump by several levels; the blob climbs by less than one a pixel.
    assert change.max() > 40
    assert np.abs(np.diff(change, axis=1)).max() <= 1


@pytest.mark.parametrize("side", [90, 400, 1600])
def test_no_halo_beside_a_hard_edge(side: int) -> None:
    flat = np.full((side, side, 3), 128, np.uint8)
    difference = np.zeros((64, 64, 3), np.float32)
    difference[:, 32:] = 0.3
    change = paste(flat, Alignment.whole(flat), difference).astype(int) - 128
    assert change.min() >= -0.12 * 77
    assert change.max() <= 1.12 * 77


def test_mask_is_full_over_the_face_and_nothing_at_the_border() -> None:
    mask = feather_mask(256)
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert not border.any()
    assert mask[64:192, 64:192].min() > 0.99
    assert mask[230, 128] > 0.9  # The chin, at 0.9 of the height.
    assert mask[12, 12] == 0  # Rounded corners.


def stripes(size: int, period: int) -> Array:
    """Light and dark stripes of so many pixels, as fine hair is, uint8 ``(size, size, 3)``."""
    row = np.where(np.arange(size) // period % 2, 200, 60).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (size, size, 3)))


def test_a_change_of_colour_stops_at_the_photos_own_edge() -> None:
    """A bright half is darkened: enlarged smoothly, the darkness spills over the edge; guided, it does not."""
    photo = np.full((512, 512, 3), 60, np.uint8)
    photo[:, 258:] = 200
    where = Alignment.whole(photo)
    before = crop_float(photo, where, 64)
    difference = np.where(before > 0.5, -0.4, 0.0).astype(np.float32)
    spilled, kept = (
        np.abs(paste(photo, where, difference, guide).astype(int)[200:300, 248:258] - 60).mean()
        for guide in (None, before)
    )
    assert kept < 0.6 * spilled
    inside = paste(photo, where, difference, before).astype(int)[200:300, 262:400] - 200
    assert np.abs(inside + 102).mean() < 6


def test_fine_detail_goes_where_the_change_wipes_it_out() -> None:
    """Stripes become one colour: a smooth enlargement leaves the finest of them as ghosts."""
    photo = stripes(512, 8)
    where = Alignment.whole(photo)
    before = crop_float(photo, where, 128)
    difference = (130 / 255 - before).astype(np.float32)
    ghosts, guided = (paste(photo, where, difference, guide)[200:300, 200:300] for guide in (None, before))
    assert guided.std() < 0.35 * ghosts.std()


def test_a_brighter_picture_keeps_its_detail() -> None:
    photo = stripes(512, 2)  # finer than the model sees
    where = Alignment.whole(photo)
    before = crop_float(photo, where, 64)
    result = paste(photo, where, np.full((64, 64, 3), 0.1, np.float32), before)[200:300, 200:300]
    assert result.mean() == pytest.approx(photo.mean() + 25.5, abs=1)
    assert result.std() == pytest.approx(photo.std(), rel=0.05)


def test_a_guide_of_another_size_is_refused(astronaut: Array, square: Alignment) -> None:
    with pytest.raises(FaceError, match="guide of shape"):
        paste(astronaut, square, np.zeros((64, 64, 3), np.float32), np.zeros((32, 32, 3), np.float32))


def test_a_large_photo_is_quick(astronaut: Array) -> None:
    photo = np.array(Image.fromarray(astronaut).resize((4000, 3000)))
    where = Alignment(np.array([[900, 700], [840, 1900], [2040, 1960], [2100, 760]], float))
    difference = smooth_difference(64)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        paste(photo, where, difference)
        times.append(time.perf_counter() - start)
    # 0.05 to 0.17 s on one core here; the bound leaves room for a busy machine.
    assert min(times) < 0.6


@pytest.mark.parametrize(
    "difference",
    [np.zeros((64, 64)), np.zeros((64, 32, 3)), np.full((8, 8, 3), np.nan), np.full((8, 8, 3), np.inf)],
)
def test_unusable_differences_are_refused(astronaut: Array, square: Alignment, difference: Array) -> None:
    with pytest.raises(FaceError):
        paste(astronaut, square, difference)
