"""Moves stop where faces stop, smoothly, and from wherever a face stands."""

from __future__ import annotations

import pytest
import torch

from attributes.directions.population import COMMON, RARE, Population

ALIKE = torch.tensor([[1.0, 0.9], [0.9, 1.0]], dtype=torch.float64)
UNLIKE = torch.eye(2, dtype=torch.float64)
PRODUCTS = torch.randn(100_000, 2, generator=torch.Generator().manual_seed(0)) + torch.tensor([5.0, -5.0])
POPULATION = Population.measure(PRODUCTS)
"""Two directions of length 1, along which faces spread by 1 around 5 and -5."""


def ends(start: float, values: list[float], gram: torch.Tensor = UNLIKE) -> list[float]:
    """Where a face ends along both directions, in deviations from the mean; it starts at ``start`` along both."""
    products = POPULATION.mean[None] + start
    weights = POPULATION.limited(torch.tensor([values], dtype=torch.float64), products, gram)
    return (start + weights @ gram)[0].tolist()


def test_a_direction_ends_where_its_range_takes_the_mean_face() -> None:
    far, near = (
        POPULATION.limited(
            torch.tensor([[50.0, 0.0]], dtype=torch.float64), POPULATION.mean[None], UNLIKE, torch.tensor([end, 1.0])
        )[0, 0].item()
        for end in (6.0, 1.0)
    )
    assert far == pytest.approx(6.0, abs=0.01)
    assert near == pytest.approx(RARE, abs=0.01)  # never nearer than where there still are faces


def test_a_face_that_was_looked_at_goes_so_far_and_hardly_further() -> None:
    start, reach_limits = -4.0, torch.tensor([[5.0, torch.nan]], dtype=torch.float64)
    gone = [
        POPULATION.limited(
            torch.tensor([[value, 0.0]], dtype=torch.float64), POPULATION.mean[None] + start, UNLIKE, None, reach_limits
        )[0, 0].item()
        for value in (5.0, 9.0)
    ]
    assert gone[0] == pytest.approx(5.0)
    assert 5.0 < gone[1] < 6.1


def test_usual_moves_go_the_whole_way() -> None:
    values = torch.tensor([[1.0, -0.5]], dtype=torch.float64)
    assert torch.equal(POPULATION.limited(values, POPULATION.mean[None], UNLIKE), values)


@pytest.mark.parametrize("start", [-3.0, 0.0, 1.9])
@pytest.mark.parametrize("sign", [1, -1])
def test_no_move_passes_the_rare(start: float, sign: int) -> None:
    reached = [sign * ends(sign * start, [sign * asked, 0.0])[0] for asked in (0.1, 1.0, 2.0, 4.0, 8.0, 50.0)]
    assert reached == sorted(reached)
    assert COMMON * RARE < reached[-1] <= RARE + 0.01


def test_a_face_that_is_beyond_may_still_move_a_little() -> None:
    start = RARE + 1
    assert start < ends(start, [0.1, 0.0])[0] < ends(start, [1.0, 0.0])[0] <= start + (1 - COMMON) * RARE + 0.01


def test_a_face_that_comes_back_goes_the_whole_way() -> None:
    assert ends(4.0, [-5.0, 0.0])[0] == pytest.approx(-1, abs=0.01)


def test_unlike_moves_do_not_hinder_each_other_and_alike_ones_stop_together() -> None:
    alone = ends(0.0, [0.0, 3.0])[1]
    assert ends(0.0, [3.0, 3.0])[1] == pytest.approx(alone, abs=1e-9)
    together = ends(0.0, [3.0, 3.0], ALIKE)
    assert max(together) < RARE + 0.5
