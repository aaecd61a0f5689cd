"""The aligned square and the picture cut from it, measured on CelebA-HQ itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from faces import Alignment, Detector, Face, FaceError, align, crop, crop_float

Array = np.ndarray[Any, Any]


def box(x: float, y: float, side: float) -> Alignment:
    return Alignment(np.array([[x, y], [x, y + side], [x + side, y + side], [x + side, y]]))


def test_aligned_pictures_stay_as_they_are(aligned_pictures: list[Array], detector: Detector) -> None:
    frame = np.array([[0, 0], [0, 256], [256, 256], [256, 0]])
    quads = np.stack([align(detector.require(picture)[0]).quad for picture in aligned_pictures])
    errors = np.linalg.norm(quads - frame, axis=2).mean(axis=1) / 256
    # Measured: mean 0.026, median 0.022 on 280 pictures.
    assert errors.mean() < 0.032
    assert np.median(errors) < 0.028
    # No bias: scatter goes both ways.
    sides = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1) / 256
    assert abs(float(np.median(sides)) - 1) < 0.015
    assert np.abs(np.median(quads.mean(axis=1), axis=0) - 128).max() < 1.5


def test_geometry_follows_the_paper() -> None:
    marks = np.array([[90, 100], [150, 100], [120, 130], [100, 170], [140, 170]])
    square = align(Face((60, 60, 180, 200), marks, 1.0))
    # max(4.0 x 60, 3.6 x 70) = 252, up to the measured factor; centre 0.1 x 70 below the eyes.
    assert square.size == pytest.approx(252, rel=0.01)
    assert square.quad.mean(axis=0) == pytest.approx([120, 107])
    assert square.quad[0] == pytest.approx([120 - square.size / 2, 107 - square.size / 2])


def test_a_turned_face_turns_the_square() -> None:
    marks = np.array([[90, 100], [150, 100], [120, 130], [100, 170], [140, 170]], float)
    angle = 0.7
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = align(Face((0, 0, 1, 1), marks @ turn, 1.0)).quad
    assert turned == pytest.approx(align(Face((0, 0, 1, 1), marks, 1.0)).quad @ turn, abs=1e-4)


def test_coordinates_there_and_back(square: Alignment) -> None:
    points = np.random.default_rng(0).uniform(-1, 2, (5, 7, 2))
    assert square.to_square(square.to_photo(points)) == pytest.approx(points)
    assert square.to_photo(np.array([[0, 0], [0, 1], [1, 1], [1, 0]])) == pytest.approx(square.quad)


@pytest.mark.parametrize(
    "quad",
    [
        np.zeros((4, 2)),
        np.full((4, 2), np.nan),
        np.array([[0, 0], [0, 9], [12, 9], [12, 0]]),
        np.array([[9, 0], [9, 9], [0, 9], [0, 0]]),  # Mirrored.
        np.zeros((3, 2)),
    ],
)
def test_only_squares(quad: Array) -> None:
    with pytest.raises(FaceError):
        Alignment(quad)


def test_one_spot_is_no_face() -> None:
    with pytest.raises(FaceError, match="one spot"):
        align(Face((0, 0, 1, 1), np.ones((5, 2)), 1.0))


@pytest.mark.parametrize("shape", [(64, 64), (64, 97), (80, 64)])
def test_whole_at_its_own_size_is_the_very_pixels(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    top, left = (shape[0] - 64) // 2, (shape[1] - 64) // 2
    cut = crop(pixels, Alignment.whole(pixels), 64)
    assert np.array_equal(cut, pixels[top : top + 64, left : left + 64])


def test_inner_square_at_its_own_size_is_the_very_pixels(astronaut: Array) -> None:
    assert np.array_equal(crop(astronaut, box(31, 77, 256), 256), astronaut[77:333, 31:287])


def test_float_crop_is_the_same_picture(astronaut: Array, square: Alignment) -> None:
    cut = crop_float(astronaut, square, 64)
    assert cut.dtype == np.float32
    assert cut.shape == (64, 64, 3)
    assert np.array_equal(np.rint(cut * 255), crop(astronaut, square, 64))


def test_shrinking_does_not_alias() -> None:
    y, x = np.mgrid[:1000, :1000]
    board = np.repeat((((x + y) % 2) * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    angle = 0.3
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = Alignment((box(-350, -350, 700).quad @ turn) + 500)
    for where in (turned, box(100.3, 100.6, 777)):
        assert np.abs(crop(board, where, 64).astype(int) - 127.5).max() < 4


def test_a_turned_crop_is_where_it_should_be() -> None:
    y, x = np.mgrid[:400, :400]
    # Values grow by a half per pixel, so a pixel's centre (x, y) has the value of its coordinates.
    ramp = np.stack([x / 2, y / 2, x * 0], axis=-1).astype(np.uint8)
    angle = 0.5
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    where = Alignment((box(-100, -100, 200).quad @ turn) + 200)
    steps = (np.arange(50) + 0.5) / 50
    points = where.to_photo(np.stack(np.meshgrid(steps, steps), axis=-1))
    # The ramp is cut to whole numbers: a quarter less in the mean, and another for the pixel's centre.
    assert np.abs(crop(ramp, where, 50)[:, :, :2] - (points / 2 - 0.5)).max() < 1.01


@pytest.mark.parametrize("where", [box(-60, -90, 300), box(-300, -200, 500), box(-5e4, -5e4, 1e5), box(900, 900, 64)])
def test_any_overhang(astronaut: Array, where: Alignment) -> None:
    cut = crop(astronaut, where, 64)
    steps = (np.arange(64) + 0.5) / 64
    points = where.to_photo(np.stack(np.meshgrid(steps, steps), axis=-1))
    inside = ((points > 0) & (points < 512)).all(axis=-1)
    reach = 4 * where.size / 64
    deep = ((points > reach) & (points < 512 - reach)).all(axis=-1)
    if deep.any():
        # What lies well inside must not depend on what is beyond the edge.
        framed = np.pad(astronaut, ((600, 600), (600, 600), (0, 0)))
        expected = crop(framed, Alignment(where.quad + 600), 64).astype(int)
        assert np.abs(cut[deep] - expected[deep]).mean() < 3
    # No black bars: the surroundings continue the photo.
    assert cut[~inside].mean() > 20


def test_overhang_continues_at_the_edge() -> None:
    ramp = np.repeat(np.linspace(50, 200, 128).astype(np.uint8)[None, :, None], 128, axis=0).repeat(3, axis=2)
    cut = crop(ramp, box(-32, 0, 128), 128).astype(int)
    assert np.abs(cut[:, 32:] - ramp[:, :96]).max() == 0
    assert np.abs(np.diff(cut[:, :33], axis=1)).max() < 8


def test_wrong_sizes_are_refused(astronaut: Array, square: Alignment) -> None:
    with pytest.raises(FaceError, match="size is 0"):
        crop(astronaut, square, 0)
    with pytest.raises(FaceError, match="float64"):
        crop(astronaut.astype(float), square, 64)
