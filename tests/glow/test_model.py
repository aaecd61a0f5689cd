"""The whole model: likelihood, exactness, sampling, latents, config."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from glow import Glow, GlowConfig, Latent
from glow.variants import VARIANTS
from tests.glow.shaking import shaken

TINY = GlowConfig(image_size=4, levels=2, flow_steps=2, widths=(8, 8), coordinates=True, top_prior="position")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("priors", [("learned", "channel"), ("learned", "position"), ("standard", "standard")])
@pytest.mark.parametrize("coordinates", [False, True])
def test_log_prob_equals_a_brute_force_jacobian(variant: str, priors: tuple[str, str], coordinates: bool) -> None:
    fields = {"image_size": 4, "levels": 2, "flow_steps": 2, "widths": (8, 8), "coordinates": coordinates}
    model = shaken(VARIANTS[variant](**fields, split_prior=priors[0], top_prior=priors[1]))
    x = torch.rand(1, 3, 4, 4, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda p: model.encode(p).flatten(), x).reshape(48, 48)
    z = model.encode(x).flatten()
    gaussian = torch.distributions.Normal(0, 1).log_prob(z).sum()
    expected = gaussian + torch.linalg.slogdet(jacobian)[1]
    torch.testing.assert_close(model.log_prob(x), expected[None], atol=1e-8, rtol=0)
    bits = -expected / (48 * math.log(2)) + 5
    torch.testing.assert_close(model.bits_per_dim(x), bits[None], atol=1e-9, rtol=0)


def test_the_density_integrates_to_one() -> None:
    """Importance sampling from the model's own neighbour: a wrong constant in log_prob would show."""
    model = shaken(replace(TINY, image_size=2, levels=1, widths=(8,), flow_steps=1))
    n, scale = 200_000, 1.3
    latent = model.sample_latent(n, scale, torch.Generator().manual_seed(0))
    with torch.no_grad():
        x = model.decode(latent)
        _, logdet = model(x)
        z = latent.flatten()
        proposal = torch.distributions.Normal(0, scale).log_prob(z).sum(1) + logdet
        mass = (model.log_prob(x) - proposal).exp().mean()
    assert float(mass) == pytest.approx(1, abs=0.02)


def test_latent_holds_as_many_numbers_as_the_picture_in_the_promised_shapes() -> None:
    config = GlowConfig(image_size=16, levels=3, flow_steps=1, widths=(8, 8, 8))
    latent = Glow(config).encode(torch.rand(2, 3, 16, 16))
    assert [shape[1:] for shape in latent.shapes] == list(config.scale_shapes())
    assert latent.flatten().shape == (2, config.dimensions)


def test_decode_inverts_encode_for_any_picture() -> None:
    model = shaken(TINY)
    x = torch.rand(4, 3, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(model.decode(model.encode(x)), x, atol=1e-10, rtol=0)


@pytest.mark.parametrize("permutation", ["1x1-lu", "1x1-full", "shuffle", "reverse"])
def test_decode_can_be_differentiated_by_parameters(permutation: str) -> None:
    model = shaken(replace(TINY, permutation=permutation))  # type: ignore[arg-type]
    latent = model.sample_latent(1, generator=torch.Generator().manual_seed(0)).to("cpu", torch.float64)
    scale = model.levels[0][0].actnorm.log_scale  # type: ignore[index, union-attr]
    model.decode(latent).sum().backward()
    step, sums = 1e-6, []
    with torch.no_grad():
        for change in (step, -2 * step):
            scale[0] += change
            sums.append(float(model.decode(latent).sum()))
    assert scale.grad is not None
    assert float(scale.grad[0]) == pytest.approx((sums[0] - sums[1]) / (2 * step), rel=1e-5)


def test_bfloat16_nets_have_nearly_float32s_gradients() -> None:
    """Training in bfloat16 takes ways of its own through the nets: kernels as matrix products, ReLUs in place."""
    torch.manual_seed(0)
    model = Glow(GlowConfig(image_size=16, levels=2, flow_steps=2, widths=(32, 32)))
    x = torch.rand(4, 3, 16, 16)
    model.initialise(x)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    found = {}
    for nets in (torch.float32, torch.bfloat16):
        model.set_precision(nets=nets)
        model.zero_grad()
        model.bits_per_dim(x).mean().backward()
        found[nets] = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    for name, exact in found[torch.float32].items():
        error = (found[torch.bfloat16][name] - exact).norm() / exact.norm()
        assert error < 0.1, name


def test_every_scale_matters() -> None:
    """A scale that decode ignored or re-sampled would break exactness."""
    model = shaken(TINY)
    latent = model.encode(torch.rand(1, 3, 4, 4, dtype=torch.float64))
    for i in range(len(latent.scales)):
        changed = Latent(tuple(s + (i == j) for j, s in enumerate(latent.scales)))
        assert (model.decode(changed) - model.decode(latent)).abs().max() > 1e-3


def test_initialise_makes_the_first_latents_nearly_standard() -> None:
    torch.manual_seed(0)
    model = Glow(GlowConfig(image_size=16, levels=2, flow_steps=4, widths=(16, 16)))
    x = torch.rand(64, 3, 16, 16) * 0.2 + 0.4
    model.initialise(x)
    z = model.encode(x).flatten().detach()
    assert float(z.mean()) == pytest.approx(0, abs=0.05)
    assert float(z.std()) == pytest.approx(1, abs=0.05)


def test_sampling_is_repeatable_and_temperature_0_has_no_chance_in_it() -> None:
    model = shaken(TINY)
    draws = [model.sample(2, 0.7, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    cold = model.sample(2, 0.0)
    assert torch.equal(cold[0], cold[1])


def test_bfloat16_nets_are_close_to_float32() -> None:
    model = shaken(TINY).float()
    x = torch.rand(2, 3, 4, 4)
    exact = model.bits_per_dim(x)
    model.set_precision(nets=torch.bfloat16)
    torch.testing.assert_close(model.bits_per_dim(x), exact, atol=0.05, rtol=0)


def test_a_flow_in_float64_makes_bfloat16_nets_exact() -> None:
    """The round trip's error is that of the flow, not that of the nets."""
    model = shaken(replace(TINY, image_size=16, flow_steps=8)).float()
    x = torch.rand(4, 3, 16, 16)
    errors = {}
    with torch.no_grad():
        for flow in (torch.float32, torch.float64):
            model.set_precision(nets=torch.bfloat16, flow=flow)
            latent = model.encode(x)
            assert latent.scales[0].dtype == flow
            decoded = model.decode(latent)
            assert decoded.dtype == torch.float32
            errors[flow] = float((decoded - x).abs().max())
    assert errors[torch.float64] == 0  # what is left rounds away in float32
    assert errors[torch.float32] > 1e-6


def test_latent_arithmetic() -> None:
    model = shaken(TINY)
    a, b = model.encode(torch.rand(1, 3, 4, 4).double()), model.encode(torch.rand(1, 3, 4, 4).double())
    torch.testing.assert_close((a + b - b).flatten(), a.flatten())
    torch.testing.assert_close((2 * a).flatten(), (a + a).flatten())
    assert a.lerp(b, 0) is a
    assert a.lerp(b, 1) is b
    torch.testing.assert_close(a.lerp(b, 0.25).flatten(), 0.75 * a.flatten() + 0.25 * b.flatten())
    assert torch.equal(Latent.unflatten(a.flatten(), TINY.scale_shapes()).flatten(), a.flatten())
    assert torch.equal(Latent.cat([a, b])[1].flatten(), b.flatten())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size": 50}, "not divisible"),
        ({"widths": (8,)}, "must be 4 positive numbers"),
        ({"n_bits": 9}, "n_bits is 9"),
        ({"scale_bound": 0}, "scale_bound is 0"),
        ({"input_bound": 0}, "input_bound is 0"),
        ({"flow_steps": 0}, "steps is 0"),
        ({"top_prior": "none"}, "choose one of"),
        ({"permutation": "random"}, "choose one of"),
        ({"coupling": "quadratic"}, "choose one of"),
    ],
)
def test_config_refuses_what_cannot_be_built(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GlowConfig(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("x", [torch.rand(1, 3, 8, 8), torch.rand(3, 4, 4), torch.zeros(1, 3, 4, 4, dtype=torch.uint8)])
def test_encode_refuses_other_shapes_and_integers(x: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="resize and scale"):
        Glow(TINY).encode(x)


def test_decode_refuses_another_models_latent() -> None:
    other = Glow(GlowConfig(image_size=8, levels=2, flow_steps=1, widths=(8, 8))).sample_latent(1)
    with pytest.raises(ValueError, match="this model's latents have scales"):
        Glow(TINY).decode(other)
