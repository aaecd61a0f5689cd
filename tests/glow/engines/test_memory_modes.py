"""The memory modes of training: the same gradients, and what is kept for them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch

from glow import Glow, GlowConfig
from glow.model import Memory
from tests.glow.shaking import shaken

TINY = GlowConfig(image_size=8, levels=2, flow_steps=3, widths=(8, 8))


def gradients(model: Glow, memory: Memory) -> torch.Tensor:
    """All gradients, by the pictures and by the parameters, of a loss that weighs pictures differently."""
    model.memory = memory
    model.zero_grad()
    x = torch.rand(2, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    model.bits_per_dim(x).square().sum().backward()
    assert x.grad is not None
    return torch.cat([x.grad.flatten(), *(p.grad.flatten() for p in model.parameters() if p.grad is not None)])


@pytest.mark.parametrize("memory", ["checkpoint", "reversible"])
@pytest.mark.parametrize(
    ("permutation", "coupling"), list(product(["1x1-lu", "1x1-full", "shuffle", "reverse"], ["affine", "additive"]))
)
def test_gradients_are_those_of_storing_all(memory: Memory, permutation: str, coupling: str) -> None:
    model = shaken(replace(TINY, permutation=permutation, coupling=coupling))  # type: ignore[arg-type]
    torch.testing.assert_close(gradients(model, memory), gradients(model, "store"), atol=1e-11, rtol=0)


@pytest.mark.parametrize("frozen", ["actnorm", "conv.", "net.", ""])
@pytest.mark.parametrize("coupling", ["affine", "additive"])
def test_frozen_parameters_change_no_other_gradient(frozen: str, coupling: str) -> None:
    """As in fine-tuning; with all frozen ("" is part of every name), the gradients by the pictures remain."""
    model = shaken(replace(TINY, coupling=coupling))  # type: ignore[arg-type]
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(frozen not in name)
    torch.testing.assert_close(gradients(model, "reversible"), gradients(model, "store"), atol=1e-11, rtol=0)


def test_reversible_training_with_a_fused_optimiser_stays_that_of_storing_all() -> None:
    """Fused optimisers change parameters without a trace, so nothing made of these may be kept."""
    weights = []
    for memory in ("store", "reversible"):
        model = shaken(TINY)
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-2, fused=True)
        for _ in range(3):
            gradients(model, memory)  # type: ignore[arg-type]
            optimiser.step()
            with torch.no_grad():
                model.bits_per_dim(torch.rand(1, 3, 8, 8, dtype=torch.float64))
        weights.append([parameter.detach() for parameter in model.parameters()])
    torch.testing.assert_close(weights[0], weights[1], atol=1e-8, rtol=0)


def test_going_back_twice_is_refused() -> None:
    model = shaken(TINY)
    model.memory = "reversible"
    loss = model.bits_per_dim(torch.rand(1, 3, 8, 8, dtype=torch.float64)).mean()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="goes back once"):
        loss.backward()


def kept_bytes(memory: Memory, steps: int) -> int:
    """Bytes of activations that autograd keeps between forward and backward, parameters aside."""
    model = Glow(replace(TINY, flow_steps=steps))
    model.memory = memory
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        # Activations have a batch, or all positions of one in a row; what is made of parameters alone counts as such.
        batch = (tensor.ndim == 4 and tensor.shape[0] == 16) or (tensor.ndim == 2 and tensor.shape[1] % 64 == 0)
        if storage.data_ptr() not in own and batch:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = model.bits_per_dim(torch.rand(16, 3, 8, 8)).mean()
    loss.backward()
    return sum(kept.values())


def test_what_reversible_training_keeps_does_not_grow_with_depth() -> None:
    assert kept_bytes("reversible", 8) == kept_bytes("reversible", 2)
    assert kept_bytes("store", 8) > 3 * kept_bytes("store", 2)
    assert kept_bytes("reversible", 8) < kept_bytes("checkpoint", 8) < kept_bytes("store", 8)


@pytest.mark.slow
@pytest.mark.parametrize("coupling", ["affine", "additive"])
def test_training_at_a_high_rate_stays_finite_and_exact(coupling: str) -> None:
    """Learning rate 1e-3, no warm-up, one batch, 30 steps: two other implementations go NaN in this."""
    torch.manual_seed(0)
    config = GlowConfig(image_size=32, levels=3, flow_steps=4, widths=(32, 32, 32), coupling=coupling)  # type: ignore[arg-type]
    model = Glow(config)
    model.memory = "reversible"
    x = torch.rand(8, 3, 32, 32)
    model.initialise(x)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    first = last = 0.0
    for step in range(30):
        loss = model.bits_per_dim(x).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        last = loss.item()
        first = first if step else last
    assert last < first - 0.1
    with torch.no_grad():
        assert float((model.decode(model.encode(x)) - x).abs().max()) < 1e-5
