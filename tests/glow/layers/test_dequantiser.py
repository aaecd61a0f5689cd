"""The learned dequantisation: values stay in their bins, and the code length stays a true bound."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from glow import Glow, GlowConfig
from tests.glow.shaking import shaken

TINY = GlowConfig(image_size=4, levels=1, flow_steps=2, widths=(8,), n_bits=3, dequantiser_width=8)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.rand(64, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_a_new_one_changes_nothing(x: torch.Tensor) -> None:
    model = Glow(TINY).double()
    model.initialise(x)
    torch.testing.assert_close(model.bits_per_dim(x), model.bits_per_dim(x, dequantise=False), atol=1e-9, rtol=0)


def test_every_value_stays_in_its_bin_and_only_the_likelihood_sees_it_move(x: torch.Tensor) -> None:
    model = shaken(TINY, 0.3).requires_grad_(False)
    assert model.dequantiser is not None
    moved = model.dequantiser(x)[0]
    places = moved * 8 - (x * 8).floor()
    assert float(places.min()) >= 0
    assert float(places.max()) <= 1
    assert float((moved - x).abs().max()) > 0.02
    plain = Glow(replace(TINY, dequantiser_width=0)).double()
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("dequantiser.")})
    assert torch.equal(model.encode(x).flatten(), plain.encode(x).flatten())
    assert torch.equal(model.bits_per_dim(x, dequantise=False), plain.bits_per_dim(x))


@pytest.mark.slow
def test_however_the_noise_is_moved_the_pictures_probability_is_the_same() -> None:
    """P(picture) is the mean over the noise of the density by the volume: importance sampling, whose proposal moves.

    A wrong log-determinant, or a value that leaves its bin, would change the mean.
    """
    config = replace(TINY, image_size=2, n_bits=1)
    pictures = torch.randint(0, 2, (4, 3, 2, 2), generator=torch.Generator().manual_seed(2)).double()
    model = shaken(config).requires_grad_(False)
    noise = torch.rand(100_000, 3, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    for picture in pictures:
        x = (picture + noise) / 2
        uniform, learned = (model.log_prob(x, dequantise=moves).exp() for moves in (False, True))
        assert float((uniform / learned).log().abs().max()) > 0.5
        spread = (uniform.var() / len(x) + learned.var() / len(x)).sqrt()
        assert abs(float(uniform.mean() - learned.mean())) < 4 * float(spread)
        assert float(spread) < 0.05 * float(uniform.mean())


def test_gradients_reach_it_through_a_frozen_flow(x: torch.Tensor) -> None:
    model = shaken(TINY).requires_grad_(False)
    assert model.dequantiser is not None
    by_all, by_own = [], []
    for found, trained in ((by_all, model), (by_own, model.dequantiser)):
        model.requires_grad_(False)
        trained.requires_grad_(True)
        model.zero_grad()
        model.bits_per_dim(x).sum().backward()
        found += [parameter.grad.clone() for parameter in model.dequantiser.parameters()]  # type: ignore[union-attr]
    for one, other in zip(by_all, by_own, strict=True):
        assert one.any()
        torch.testing.assert_close(one, other, atol=1e-12, rtol=1e-9)


def test_a_width_below_0_is_refused() -> None:
    with pytest.raises(ValueError, match="dequantiser_width is -1"):
        replace(TINY, dequantiser_width=-1)
