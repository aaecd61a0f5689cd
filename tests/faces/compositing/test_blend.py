"""Blending two people: whose edges and detail are seen, and what is where the first one's hair was."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from faces.compositing.blend import Person, blended, fill

SMALL, LARGE = 64, 256


def disc(radius: float, size: int) -> Tensor:
    """Where a person is, ``(1, 1, size, size)``."""
    place = (torch.arange(size) + 0.5) / size - 0.5
    return ((place[:, None] ** 2 + place[None] ** 2).sqrt() < radius).float()[None, None]


def person(radius: float, skin: float, wall: float, stripes: int) -> Person:
    """A round person with stripes, finer than the model sees, before a wall."""
    inside = disc(radius, LARGE)
    hairs = 0.1 * ((torch.arange(LARGE) // stripes % 2) * 2.0 - 1.0)
    photo = (inside * (skin + hairs) + (1 - inside) * wall).expand(1, 3, -1, -1).contiguous()
    decoded = functional.interpolate(photo, (SMALL, SMALL), mode="area")
    return Person(photo, decoded, disc(radius, SMALL))


@pytest.fixture
def first() -> Person:
    return person(0.4, skin=0.7, wall=0.2, stripes=2)


@pytest.fixture
def second() -> Person:
    return person(0.25, skin=0.5, wall=0.9, stripes=1)


def result(first: Person, second: Person, ratio: float, **options: bool) -> Tensor:
    """The first photo's square after the blend, by a model that mixes pictures."""
    mixed = first.decoded.lerp(second.decoded, ratio)
    matte = first.matte.lerp(second.matte, ratio)
    return first.photo + blended(first, second, mixed, matte, ratio, **options)


def test_the_second_person_comes_before_the_first_ones_wall(first: Person, second: Person) -> None:
    photo = result(first, second, 1.0)[0, 0]
    ring = (disc(0.36, LARGE) - disc(0.3, LARGE))[0, 0] > 0  # where the first one was, and the second is not
    assert photo[ring].mean() == pytest.approx(0.2, abs=0.08)
    face = disc(0.2, LARGE)[0, 0] > 0
    assert photo[face].mean() == pytest.approx(0.5, abs=0.02)
    outside = disc(0.44, LARGE)[0, 0] == 0
    assert (photo - first.photo[0, 0])[outside].abs().max() < 1e-3
    unlocked = result(first, second, 1.0, lock_background=False)[0, 0]
    assert unlocked[outside].mean() > 0.8  # the second one's wall came along


def test_fine_detail_is_that_of_the_one_who_is_seen(first: Person, second: Person) -> None:
    face = (slice(100, 156), slice(100, 156))

    def like(photo: Tensor, side: Person) -> float:
        fine, own = (x - x.mean() for x in (photo[0, 0][face], side.photo[0, 0][face]))
        return float((fine * own).sum() / (own * own).sum())

    start, end = result(first, second, 0.1), result(first, second, 1.0)
    assert like(start, first) > 0.8
    assert abs(like(start, second)) < 0.1
    assert like(end, second) > 0.8
    assert abs(like(end, first)) < 0.1


def test_a_blend_goes_evenly(first: Person, second: Person) -> None:
    ratios = torch.linspace(0.02, 1.0, 50).tolist()
    photos = [result(first, second, ratio) for ratio in ratios]
    steps = [float((b - a).abs().mean()) for a, b in pairwise(photos)]
    assert max(steps) < 4 * sum(steps) / len(steps)
    assert float((photos[0] - first.photo).abs().mean()) < 0.02


def test_a_hole_is_filled_from_around() -> None:
    picture = torch.linspace(0, 1, 64).expand(1, 3, 64, 64).clone()
    hole = disc(0.2, 64)
    filled = fill(torch.where(hole > 0, 9.0, picture), 1 - hole)
    assert (filled - picture).abs().max() < 0.15
    assert torch.allclose(filled[..., :8, :], picture[..., :8, :])
