"""Moves stop where faces stop, smoothly, and from wherever a face stands."""

from __future__ import annotations

import pytest
import torch

from attributes.population import COMMON, RARE, Population

POPULATION = Population.measure(torch.randn(4000, 2, generator=torch.Generator().manual_seed(0)) * 2 + 1)
"""Along two directions of length 2 faces lie around 1 with a deviation of 2 (the products are theirs)."""


def end(start: float, asked: float) -> float:
    """Where a face ends, in standard deviations along the first direction."""
    weights = torch.tensor([asked / 2, 0.0], dtype=torch.float64)  # the move's deviation is 2 * asked / 2
    deviation = float(POPULATION.covariance[0, 0].sqrt()) * abs(asked) / 2
    # A face `start` deviations out along the move: <z, m> - mean = start * deviation.
    product = weights @ POPULATION.mean + start * deviation
    length = torch.tensor(asked * asked)
    share = POPULATION.share(weights, product[None], length)
    return start + float(share) * float(length) / deviation


def test_usual_moves_go_the_whole_way() -> None:
    assert POPULATION.share(torch.tensor([0.5, 0.0]), POPULATION.mean[:1] * 0.5, torch.tensor(1.0)) == 1


@pytest.mark.parametrize("start", [-3.0, 0.0, 1.9])
def test_no_move_passes_the_rare(start: float) -> None:
    ends = [end(start, asked) for asked in (0.1, 1.0, 2.0, 4.0, 8.0, 50.0)]
    assert ends == sorted(ends)
    assert COMMON < ends[-1] <= RARE + 1e-6


def test_a_face_that_is_beyond_may_still_move_a_little() -> None:
    start = RARE + 1
    assert start < end(start, 0.1) < end(start, 1.0) <= start + RARE - COMMON


def test_a_face_that_comes_back_goes_the_whole_way() -> None:
    weights = torch.tensor([-1.0, 0.0], dtype=torch.float64)
    far = (POPULATION.mean[:1] + 4 * POPULATION.covariance[:1, 0].sqrt()) * -1
    assert POPULATION.share(weights, far, torch.tensor(4.0)) == 1
