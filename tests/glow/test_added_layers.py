"""Layers that somebody adds run by their own methods: in training, in each memory mode, and afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glow import Glow, GlowConfig
from glow.engines.choice import Engine
from glow.layers.actnorm import ActNorm
from glow.layers.coupling import AffineCoupling, Coupling
from glow.layers.coupling_net import CouplingNet
from glow.layers.flow_layer import Images, PerPicture
from glow.layers.invertible_conv import Conv1x1LU
from glow.layers.memory_layout import halves, join
from glow.layers.mixing import Mixing
from glow.layers.prior import SplitPrior
from glow.model import Memory
from tests.glow.shaking import shake

CONFIG = GlowConfig(image_size=8, levels=2, flow_steps=2, widths=(8, 8), coordinates=True, input_bound=3.0)
MEMORY: list[Memory] = ["store", "checkpoint", "reversible"]


class PaperCoupling(AffineCoupling):
    """The paper's scale, ``sigmoid(raw + 2)``."""

    def unpack_output(self, output: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = halves(output)
        return F.logsigmoid(raw + 2), shift


class TableCoupling(Coupling):
    """Scale and shift by other means than a net's: of each picture's mean."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, 2, channels, coordinates=False, input_bound=None)
        self.table = nn.Parameter(torch.zeros(2, channels // 2))

    def scale_and_shift(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        mean = kept.mean((1, 2, 3), keepdim=True).tanh()
        log_scale, shift = (row[:, None, None] * mean for row in self.table)
        return log_scale.expand_as(kept), shift.expand_as(kept)


class SinhCoupling(Coupling):
    """``y_b = sinh(asinh(x_b) + shift(x_a))``: one that neither scales nor shifts."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, 8, channels // 2, coordinates=True, input_bound=3.0)

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        kept, moved = halves(x)
        bent = moved.asinh() + self.output(kept)
        slope = bent.cosh().log() - 0.5 * (moved.square() + 1).log()
        return join([kept, bent.sinh()]), slope.sum((1, 2, 3))

    def inverse(self, y: Images) -> Images:
        kept, moved = halves(y)
        return join([kept, (moved.asinh() - self.output(kept)).sinh()])


class SmoothNet(CouplingNet):
    """A net with other non-linearities."""

    def forward(self, x: Tensor) -> Tensor:
        grid = self.grid(*x.shape[2:], x.device, x.dtype)
        x = x if grid is None else torch.cat([x, grid.expand(len(x), -1, -1, -1)], dim=1)
        y: Tensor = self.last(F.silu(self.second(F.silu(self.first(x)))))
        return y


class Scaling(Conv1x1LU):
    """A mixing whose matrix is twice that of the class it is made of."""

    def weight(self, dtype: torch.dtype | None = None) -> Tensor:
        return 2 * super().weight(dtype)

    def inverse_weight(self) -> Tensor:
        return super().inverse_weight() / 2

    def log_abs_det(self) -> Tensor:
        return super().log_abs_det() + len(self.log_s) * math.log(2)


class Cubes(Mixing):
    """No matrix at all: a bend of each number."""

    def __init__(self) -> None:
        super().__init__()
        self.bend = nn.Parameter(torch.zeros(()))

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        factor = self.bend.exp()
        return (factor * x.asinh()).sinh(), self._log_slope(x, factor).sum((1, 2, 3))

    def inverse(self, y: Images) -> Images:
        return (y.asinh() / self.bend.exp()).sinh()

    @staticmethod
    def _log_slope(x: Tensor, factor: Tensor) -> Tensor:
        return factor.log() + (factor * x.asinh()).cosh().log() - 0.5 * (x.square() + 1).log()


class QuietPrior(SplitPrior):
    """A split's prior that predicts the mean alone."""

    def _mean_and_log_std(self, z1: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_std = super()._mean_and_log_std(z1)
        return mean, torch.zeros_like(log_std)


def replace_coupling(coupling: Callable[[int, int], Coupling]) -> Callable[[Glow], None]:
    """Puts another coupling into each step but the first: those of the library lie beside it."""

    def change(model: Glow) -> None:
        for level in range(2):
            step = model.steps(level)[1]
            step.coupling = coupling(len(step.actnorm.bias), 8)

    return change


def replace_net(model: Glow) -> None:
    coupling = model.steps(0)[0].coupling
    coupling.net = SmoothNet(6, 8, 12, coordinates=True)


def replace_mixing(mixing: Callable[[int], Mixing]) -> Callable[[Glow], None]:
    def change(model: Glow) -> None:
        step = model.steps(1)[0]
        step.conv = mixing(len(step.actnorm.bias))

    return change


def replace_split(model: Glow) -> None:
    model.splits[0] = QuietPrior(12, input_bound=3.0)


CHANGES: dict[str, Callable[[Glow], None]] = {
    "the paper's scale": replace_coupling(PaperCoupling),
    "scale and shift without a net": replace_coupling(lambda channels, _: TableCoupling(channels)),
    "no scale and shift": replace_coupling(lambda channels, _: SinhCoupling(channels)),
    "another net": replace_net,
    "another matrix": replace_mixing(Scaling),
    "no matrix": replace_mixing(lambda _: Cubes()),
    "another prior": replace_split,
}


@pytest.fixture(params=CHANGES)
def model(request: pytest.FixtureRequest) -> Glow:
    """A model with an added layer, in float64 and away from its start."""
    torch.manual_seed(0)
    model = Glow(CONFIG)
    CHANGES[request.param](model)
    return shake(model.double())


@pytest.fixture
def x() -> Tensor:
    return torch.rand(2, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def by_model(model: Glow, x: Tensor) -> tuple[Tensor, Tensor]:
    """Latent, flat, and log-determinant."""
    latent, logdet = model(x)
    return latent.flatten(), logdet


def by_layers(model: Glow, x: Tensor) -> tuple[Tensor, Tensor]:
    """The same by the layers' methods, one after the other, without any engine."""
    z, logdet, scales = x - 0.5, x.new_zeros(len(x)), []
    for level in range(2):
        layers = [model.squeeze]
        for step in model.steps(level):
            layers += [step.actnorm, step.conv, step.coupling]
        layers += [model.top] if level else [model.splits[0]]  # type: ignore[list-item]
        for layer in layers:
            z, change = layer(z)
            logdet = logdet + change
        z, eps = (z, z) if level else halves(z)
        scales.append(eps.flatten(1))
    return torch.cat(scales, 1), logdet


@pytest.mark.parametrize("memory", MEMORY)
def test_likelihoods_and_gradients_are_autograds_through_the_layers(model: Glow, x: Tensor, memory: Memory) -> None:
    model.memory = memory
    found = []
    for run in (by_model, by_layers):
        x = x.detach().requires_grad_()
        latent, logdet = run(model, x)
        loss = (latent.sin().sum(1) + logdet).square().sum()
        by = torch.autograd.grad(loss, [x, *model.parameters()], allow_unused=True)
        found.append([latent, logdet, *(torch.zeros(()) if each is None else each for each in by)])
    for ours, plain in zip(*found, strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-9, rtol=1e-9)


def test_the_log_determinant_is_that_of_the_jacobian(model: Glow, x: Tensor) -> None:
    jacobian = torch.autograd.functional.jacobian(lambda p: model.encode(p).flatten(), x[:1]).reshape(192, 192)
    torch.testing.assert_close(model(x[:1])[1], torch.linalg.slogdet(jacobian)[1][None], atol=1e-9, rtol=0)


@pytest.mark.parametrize(("frozen", "gradients"), list(product([False, True], repeat=2)))
def test_pictures_come_back(model: Glow, x: Tensor, frozen: bool, gradients: bool) -> None:
    model.requires_grad_(not frozen)
    with torch.set_grad_enabled(gradients):
        latent = model.encode(x)
        torch.testing.assert_close(latent.flatten(), by_layers(model, x)[0], atol=1e-9, rtol=0)
        torch.testing.assert_close(model.decode(latent), x, atol=1e-9, rtol=0)


def test_they_learn_in_the_precisions_of_training_and_are_exact_in_those_of_use(model: Glow, x: Tensor) -> None:
    model.float().set_precision(nets=torch.bfloat16)
    pictures = x.float()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    scores = []
    for _ in range(5):
        for memory in MEMORY:
            model.memory = memory
            loss = model.bits_per_dim(pictures).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            scores.append(loss.item())
    assert scores[-1] < scores[0]
    model.requires_grad_(False).set_precision(nets=torch.bfloat16, flow=torch.float64)
    with torch.inference_mode():
        assert float((model.decode(model.encode(pictures)) - pictures).abs().max()) < 1e-6


def test_a_first_batch_initialises_them(model: Glow) -> None:
    x = torch.rand(16, 3, 8, 8, dtype=torch.float64) * 0.3
    model.initialise(x)
    first = model.steps(0)[0].actnorm(model.squeeze(x - 0.5)[0])[0]
    torch.testing.assert_close(first.std((0, 2, 3), unbiased=False), torch.ones(12).double(), atol=1e-6, rtol=0)


def test_a_frozen_layer_leaves_the_gradients_of_the_others(model: Glow, x: Tensor) -> None:
    """Without gradients of its own, in the mode that makes the graph anew."""
    for level in range(2):
        model.steps(level)[1].requires_grad_(False)
    found = []
    for memory in ("store", "reversible"):
        model.memory = memory  # type: ignore[assignment]
        model.zero_grad()
        model.bits_per_dim(x).square().sum().backward()
        found.append([parameter.grad for parameter in model.parameters() if parameter.grad is not None])
        assert all(parameter.grad is None for parameter in model.steps(0)[1].parameters())
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=0)


def engines(model: Glow) -> set[tuple[Engine, Engine]]:
    """Those for encoding and decoding, trainable and frozen, with gradients and without."""
    found = set()
    for frozen, gradients in product([False, True], repeat=2):
        model.requires_grad_(not frozen)
        with torch.set_grad_enabled(gradients):
            found.add((model.engine(), model.engine(decoding=True)))
    return found


def test_a_model_with_an_added_layer_says_that_it_runs_plainly(model: Glow) -> None:
    assert engines(model) == {("plain", "plain")}


def test_a_model_of_the_librarys_own_layers_says_which_engine_it_runs_on() -> None:
    model = Glow(CONFIG)
    assert engines(model) == {("training", "plain"), ("inference", "inference")}
    assert isinstance(model.steps(0)[0].actnorm, ActNorm)
    model.requires_grad_(False)
    with torch.no_grad():
        assert model.engine() == "inference"
    assert model.engine() == "training", "gradients are on"
