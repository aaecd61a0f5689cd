"""Putting an edit back: exact where nothing moved, smooth where something did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from faces import Alignment, FaceError, crop_float, paste

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


@pytest.mark.parametrize("kind", [(1, np.uint8), (4, np.uint8), (1, np.uint16)], ids=["small", "large", "16 bits"])
@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize("levels", [-255, -4, 2])
@pytest.mark.parametrize("size", [16, 64, 256])
def test_nothing_outside_the_square_is_touched(
    astronaut: Array, square: Alignment, *, size: int, levels: int, guided: bool, kind: tuple[int, type]
) -> None:
    """By small changes least of all, which are not faded."""
    enlarged, dtype = kind
    step = np.iinfo(dtype).max // 255
    photo = np.repeat(np.repeat(astronaut, enlarged, 0), enlarged, 1).astype(dtype) * dtype(step)
    where = Alignment(square.quad * enlarged)
    guide = crop_float(astronaut, square, size) if guided else None
    before = photo.copy()
    result = paste(photo, where, np.full((size, size, 3), levels / 255, np.float32), guide)
    y, x = np.mgrid[: len(photo), : len(photo)] + 0.5
    inner = where.to_square(np.stack([x, y], axis=-1))
    outside = ((inner < -1e-6) | (inner > 1 + 1e-6)).any(axis=-1)
    assert np.array_equal(result[outside], photo[outside])
    assert np.array_equal(photo, before)
    middle = (np.abs(inner - 0.5) < 0.2).all(axis=-1)
    assert (result[middle] != photo[middle]).mean() > 0.9
    if levels == -255:
        assert result[middle].max() < 2.5 * step


@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize("side", [256, 1024, 1500])
def test_where_the_photo_ends_with_the_square_a_change_goes_to_the_end(side: int, guided: bool) -> None:
    photo = np.full((side, side, 3), 100, np.uint8)
    where = Alignment.whole(photo)
    guide = crop_float(photo, where, 64) if guided else None
    assert (paste(photo, where, np.full((64, 64, 3), 0.2, np.float32), guide) == 151).all()


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
    result = paste(photo, Alignment.whole(photo), difference)
    wanted = photo + np.clip(levels, -255, 255)
    inside = np.zeros(photo.shape, bool)
    inside[60:200, 60:200] = True
    exact = inside & (wanted >= 8) & (wanted <= 247)
    assert np.array_equal(result[exact], wanted[exact])
    assert np.abs(result.astype(int) - np.clip(wanted, 0, 255))[inside].max() <= 8  # nearing black and white slowly


def test_what_turns_dark_keeps_its_shades() -> None:
    photo = np.full((128, 128, 3), 40, np.uint8) + (np.arange(128) % 8)[None, :, None].astype(np.uint8)
    result = paste(photo, Alignment.whole(photo), np.full((64, 64, 3), -43 / 255, np.float32))
    middle = result[40:90, 40:90]
    assert middle.min() > 0
    assert middle.max() < 8
    assert middle.std() > 0.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("side", "size"), [(100, 64), (257, 64), (400, 128)])
def test_grey_stays_grey(side: int, size: int, dtype: type) -> None:
    rng = np.random.default_rng(0)
    photo = np.repeat(rng.integers(0, np.iinfo(dtype).max, (side, side, 1), dtype), 3, axis=2)
    where = Alignment.whole(photo)
    guide = crop_float((photo // (257 if dtype is np.uint16 else 1)).astype(np.uint8), where, size)
    result = paste(photo, where, smooth_difference(size), guide, grey=True)
    assert (result == result[..., :1]).all()
    assert np.abs(result / photo.max() - photo / photo.max()).max() > 0.04


def test_a_photo_of_16_bits_keeps_them(astronaut: Array, square: Alignment) -> None:
    fine = (astronaut.astype(np.uint16) * 257) ^ np.random.default_rng(0).integers(0, 256, astronaut.shape, np.uint16)
    assert np.array_equal(paste(fine, square, np.zeros((64, 64, 3), np.float32)), fine)
    moved = paste(fine, square, smooth_difference(64))
    assert moved.dtype == np.uint16
    coarse = paste(astronaut, square, smooth_difference(64)).astype(int)
    assert np.abs(moved / 257 - coarse).max() < 2.1
    inside = np.abs(moved.astype(int) - fine) > 300
    assert len(np.unique(moved[inside] % 257)) > 200  # no steps of 8 bits


def test_no_step_at_the_border(square: Alignment) -> None:
    flat = np.full((2048, 2048, 3), 128, np.uint8)
    large = Alignment(square.quad * 4)
    change = paste(flat, large, np.full((64, 64, 3), 0.25, np.float32)).astype(int) - 128
    # 64 levels over a fade of 0.08 x 688 = 55 pixels: 2.2 levels a pixel at most, up to rounding; at the top over 21.
    assert 64 <= change.max() <= 66
    assert np.abs(np.diff(change, axis=0)).max() <= 7
    assert np.abs(np.diff(change, axis=1)).max() <= 7
    assert np.abs(np.diff(change[1024:], axis=1)).max() <= 3


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


@pytest.mark.parametrize(
    "difference",
    [np.zeros((64, 64)), np.zeros((64, 32, 3)), np.full((8, 8, 3), np.nan), np.full((8, 8, 3), np.inf)],
)
def test_unusable_differences_are_refused(astronaut: Array, square: Alignment, difference: Array) -> None:
    with pytest.raises(FaceError):
        paste(astronaut, square, difference)
