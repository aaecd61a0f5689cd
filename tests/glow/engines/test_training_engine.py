"""The training engine's flow steps give what their layers, one after the other, give by autograd."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor, nn

from glow import Glow, GlowConfig
from glow.config import CouplingKind
from glow.engines.folding import fold
from glow.engines.packed_convolution import channel_multiple
from glow.engines.trainable import TrainableLevel
from glow.engines.training import RowCoupling
from glow.layers.flow_layer import FlowLayer
from glow.layers.flow_step import FlowStep
from glow.model import Memory
from tests.glow.shaking import shaken


def made(coupling: CouplingKind, *, bound: float | None, coordinates: bool) -> Glow:
    config = GlowConfig(
        image_size=8,
        levels=2,
        flow_steps=3,
        widths=(8, 8),
        coupling=coupling,
        input_bound=bound,
        coordinates=coordinates,
    )
    return shaken(config)


def layer_by_layer(steps: nn.ModuleList, x: Tensor) -> tuple[Tensor, Tensor]:
    """The steps of a level by the plain formulas of their three layers."""
    logdet = x.new_zeros(len(x))
    for step in steps:
        assert isinstance(step, FlowStep)
        layers: list[FlowLayer] = [step.actnorm, step.conv, step.coupling]
        for layer in layers:
            x, change = layer(x)
            logdet = logdet + change
    return x, logdet


def assert_same(model: Glow, x: Tensor) -> None:
    """Outputs, and gradients by pictures and parameters of a loss that weighs pictures differently."""
    steps = model.levels[0]
    assert isinstance(steps, nn.ModuleList)
    found = []
    assert model.engine() == "training"
    engine = TrainableLevel(model.steps(0), None, model.memory, by_layers=False)
    for run in (engine.forward, lambda z: layer_by_layer(steps, z)):
        x = x.detach().requires_grad_()
        y, logdet = run(x)
        loss = (y.sin().flatten(1).sum(1) + logdet).square().sum()
        wanted = [x, *(parameter for parameter in steps.parameters() if parameter.requires_grad)]
        found.append([y, logdet, *torch.autograd.grad(loss, wanted)])
    for ours, plain in zip(*found, strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize(
    ("coupling", "bound", "coordinates", "memory"),
    list(product(["affine", "additive"], [None, 0.5], [False, True], ["store", "checkpoint", "reversible"])),
)
def test_outputs_and_gradients_are_those_of_the_layers(
    coupling: CouplingKind, bound: float | None, coordinates: bool, memory: Memory
) -> None:
    model = made(coupling, bound=bound, coordinates=coordinates)
    model.memory = memory
    assert_same(model, torch.randn(3, 12, 4, 4, dtype=torch.float64))


@pytest.mark.parametrize(("coupling", "coordinates"), list(product(["affine", "additive"], [False, True])))
def test_channels_that_are_padded_for_tensor_cores_change_no_number(coupling: CouplingKind, coordinates: bool) -> None:
    """12 channels come, 6 or 8 of which the net sees; inside it are 8, and multiples of 16 are wanted."""
    (step, *_) = made(coupling, bound=0.5, coordinates=coordinates).steps(0)
    (folded,), _ = fold([step], torch.float64)
    net = [tensor.detach() for tensor in folded.net]
    plain = RowCoupling.of(step, (3, 4, 4))
    assert plain.multiple == 1, "it is for CUDA alone"
    mixed, by_y, by_logdet = (torch.randn(*shape, dtype=torch.float64) for shape in ((12, 48), (12, 48), (3,)))
    found = []
    for way in (plain, replace(plain, multiple=16)):
        y, logdet, saved = way.forward(mixed, net)
        assert {x.shape[1] % way.multiple for x in saved.seen} == {0}
        again = way.recompute(y, net)
        by_mixed, by_net = way.gradients(by_y, by_logdet, saved, net, frozen=False)
        frozen, none = way.gradients(by_y, by_logdet, saved, net, frozen=True)
        assert none == [None] * len(net)
        found.append([y, logdet, again.mixed, by_mixed, frozen, *by_net])
    for ours, theirs in zip(*found, strict=True):
        assert ours is not None
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-12)


def test_tensor_cores_want_multiples_of_eight_channels_in_half_precision() -> None:
    cuda = torch.device("cuda")
    assert [channel_multiple(cuda, dtype) for dtype in (torch.bfloat16, torch.float32)] == [8, 1]
    assert channel_multiple(torch.device("cpu"), torch.bfloat16) == 1


def test_each_step_keeps_its_own_settings() -> None:
    model = made("affine", bound=None, coordinates=False)
    model.levels[0][1].coupling.bound = 1.5  # type: ignore[index, union-attr]
    model.levels[0][2].coupling.input_bound = 0.3  # type: ignore[index, union-attr]
    assert_same(model, torch.randn(3, 12, 4, 4, dtype=torch.float64))


def test_a_step_whose_parameters_are_frozen_lets_gradients_through() -> None:
    model = made("affine", bound=0.5, coordinates=True)
    model.levels[0][1].requires_grad_(False)  # type: ignore[index]
    assert_same(model, torch.randn(3, 12, 4, 4, dtype=torch.float64))


@pytest.mark.parametrize("frozen", [False, True])
def test_no_pictures_are_no_error(frozen: bool) -> None:
    model = made("affine", bound=0.5, coordinates=True).requires_grad_(not frozen)
    with torch.set_grad_enabled(not frozen):
        assert model.bits_per_dim(torch.rand(0, 3, 8, 8, dtype=torch.float64)).shape == (0,)


def test_autocast_changes_nothing() -> None:
    model = made("affine", bound=0.5, coordinates=True).float()
    x = torch.rand(2, 3, 8, 8)
    plain = model.bits_per_dim(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = model.bits_per_dim(x)
    cast.sum().backward()
    assert torch.equal(cast, plain)
