"""The inference engine gives what the layers give, and follows the parameters."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from glow import Glow, GlowConfig
from glow.engines.packed_convolution import can_pack
from glow.variants import VARIANTS
from tests.glow.shaking import shake, shaken


def made(variant: str = "glow", by: float = 0.1, **fields: object) -> Glow:
    """A small model, away from its start."""
    torch.manual_seed(0)
    shape = {
        "image_size": 8,
        "levels": 2,
        "flow_steps": 3,
        "widths": (16, 8),
        "coordinates": True,
        "top_prior": "standard",
    }
    return shake(Glow(VARIANTS[variant](**shape | fields)), by)


@pytest.mark.parametrize(
    ("variant", "fields"),
    [(variant, {}) for variant in VARIANTS]
    + [("glow", {"input_bound": 0.5, "coordinates": False}), ("glow", {"permutation": "shuffle"})],
)
@pytest.mark.parametrize("shape", [{}, {"image_size": 64, "widths": (128, 8), "by": 0.02}], ids=["small", "in parts"])
def test_what_layers_give(variant: str, fields: dict[str, object], shape: dict[str, Any]) -> None:
    """Also where a batch passes in parts: in the larger shape's first level, four pictures at once and then one."""
    model = made(variant, **shape | fields)
    x = torch.rand(5, 3, model.config.image_size, model.config.image_size)
    with torch.no_grad():  # so that nothing is kept, but the parameters may still change
        assert model.engine() == "training"
        latent, logdet = model(x)
        decoded = model.decode(latent)
        model.requires_grad_(False)
        assert model.engine() == model.engine(decoding=True) == "inference"
        found, found_logdet = model(x)
        torch.testing.assert_close(found.flatten(), latent.flatten(), atol=1e-4, rtol=1e-5)
        torch.testing.assert_close(found_logdet, logdet, atol=1e-3, rtol=1e-5)
        torch.testing.assert_close(model.decode(latent), decoded, atol=1e-4, rtol=0)


def test_parameters_that_change_are_followed() -> None:
    """An inverse that was kept from before a change would be wrong after it."""
    model, x = made().double().requires_grad_(False), torch.rand(2, 3, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        before = model.encode(x)
        for parameter in model.parameters():
            parameter.add_(0.05)
        after = model.encode(x)
        assert not torch.allclose(before.flatten(), after.flatten())
        torch.testing.assert_close(model.decode(after), x, atol=1e-8, rtol=0)
        rounded = model.half().double().encode(x)
        assert not torch.equal(rounded.flatten(), after.flatten())
        torch.testing.assert_close(model.decode(rounded), x, atol=1e-8, rtol=0)


def test_a_parameter_that_was_replaced_is_followed() -> None:
    model, x = made().requires_grad_(False), torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        before = model.encode(x).flatten()
        actnorm = model.levels[0][0].actnorm  # type: ignore[index]
        actnorm.bias = torch.nn.Parameter(actnorm.bias + 1, requires_grad=False)
        assert not torch.allclose(model.encode(x).flatten(), before)


def test_another_precision_is_followed() -> None:
    model, x = made().requires_grad_(False), torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        before = model.encode(x).flatten()
        model.set_precision(nets=torch.bfloat16)
        assert (model.encode(x).flatten() - before).abs().max() > 1e-4
        model.set_precision()
        assert torch.equal(model.encode(x).flatten(), before)


def test_training_steps_are_followed() -> None:
    """Fused optimisers change parameters without a trace."""
    model, x = made(), torch.rand(2, 3, 8, 8)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2, fused=True)
    with torch.no_grad():
        before = model.encode(x).flatten()
    model.bits_per_dim(x).mean().backward()
    optimiser.step()
    with torch.no_grad():
        assert not torch.allclose(model.encode(x).flatten(), before)


@pytest.mark.parametrize("batch", [1, 3])
def test_neither_pictures_nor_latents_are_overwritten(batch: int) -> None:
    """The engine writes in place; a prior that changes nothing hands it the caller's own tensor."""
    model = made(split_prior="standard").requires_grad_(False)
    x = torch.rand(batch, 3, 8, 8)
    copy = x.clone()
    with torch.no_grad():
        latent = model.encode(x)
        numbers = latent.flatten().clone()
        first, second = model.decode(latent), model.decode(latent)
    assert torch.equal(x, copy)
    assert torch.equal(latent.flatten(), numbers)
    assert torch.equal(first, second)


@pytest.mark.parametrize("coupling", ["affine", "additive"])
def test_gradients_are_those_of_finite_differences(coupling: str) -> None:
    """Of the nets', the couplings' and the 1×1 convolutions' own derivatives."""
    config = GlowConfig(image_size=4, levels=2, flow_steps=1, widths=(4, 4), coupling=coupling)  # type: ignore[arg-type]
    model = shaken(config)
    x = torch.rand(2, 3, 4, 4, dtype=torch.float64).requires_grad_()

    def likelihood(pictures: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return model.bits_per_dim(pictures)

    assert torch.autograd.gradcheck(likelihood, (x, *model.parameters()), eps=1e-6, atol=1e-6, fast_mode=True)


def test_threads_do_not_disturb_one_another() -> None:
    """As in a web server; with more batch sizes than memory is kept for, so that each drives out the others."""
    model = made().requires_grad_(False)
    pictures = [torch.rand(batch, 3, 8, 8) for batch in range(1, 9)]
    with torch.no_grad():
        expected = [model.encode(x).flatten() for x in pictures]

    def encode(place: int) -> torch.Tensor:
        with torch.no_grad():
            return model.encode(pictures[place % 8]).flatten()

    with ThreadPoolExecutor(8) as pool:
        for place, found in enumerate(pool.map(encode, range(160))):
            assert torch.equal(found, expected[place % 8])


def test_a_model_that_has_run_can_be_pickled() -> None:
    model = made().requires_grad_(False)
    x = torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        expected = model.encode(x).flatten()
        assert torch.equal(pickle.loads(pickle.dumps(model)).encode(x).flatten(), expected)


class Kernels(TorchDispatchMode):
    """Counts the kernels that are brought into oneDNN's layout."""

    def __init__(self) -> None:
        super().__init__()
        self.packed = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.packed += "_reorder_convolution_weight" in str(func)
        return func(*args, **(kwargs or {}))


@pytest.mark.skipif(not can_pack(torch.zeros(1)), reason="oneDNN is not here")
def test_all_batch_sizes_share_the_packed_kernels() -> None:
    """They are most of what a model takes in memory: a server for many users would have them for each size."""
    model = made().requires_grad_(False)
    with torch.no_grad(), Kernels() as kernels:
        z = model.encode(torch.rand(1, 3, 8, 8))
        model.decode(z)
        first = kernels.packed
        assert first > 0
        for batch in (2, 4, 8):
            model.decode(model.encode(torch.rand(batch, 3, 8, 8)))
    assert kernels.packed == first
