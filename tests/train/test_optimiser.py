"""The optimisers: what they are given, what they leave alone, and that all are restored whole."""

from __future__ import annotations

import copy

import pytest
import torch

from glow import Glow, GlowConfig
from train.optimiser import Optimiser
from train.settings.config import FitConfig, OptimiserKind

KINDS: tuple[OptimiserKind, ...] = ("adam", "adamax", "muon")
X = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def made() -> Glow:
    """A small model."""
    torch.manual_seed(0)
    model = Glow(GlowConfig(image_size=8, levels=2, flow_steps=2, widths=(8, 8)))
    model.initialise(X)
    return model


def steps(model: Glow, optimiser: Optimiser, count: int) -> list[float]:
    """Take steps; the loss before each."""
    losses = []
    for _ in range(count):
        loss = model.bits_per_dim(X).mean()
        loss.backward()
        optimiser.step(1.0)
        optimiser.zero_grad()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("kind", KINDS)
def test_every_optimiser_learns(kind: OptimiserKind) -> None:
    model = made()
    losses = steps(model, Optimiser(model, FitConfig(optimiser=kind)), 30)
    assert losses[-1] < losses[0] - 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_without_a_finite_gradient_changes_nothing(kind: OptimiserKind) -> None:
    model = made()
    optimiser = Optimiser(model, FitConfig(optimiser=kind))
    steps(model, optimiser, 3)
    before = copy.deepcopy(model.state_dict()), {name: t.clone() for name, (t, _) in optimiser.state_tensors().items()}
    model.bits_per_dim(X).mean().backward()
    next(model.parameters()).grad.view(-1)[0] = torch.nan  # type: ignore[union-attr]
    norm, bad = optimiser.step(1.0)
    assert not torch.isfinite(norm)
    assert bad == 1
    assert all(torch.equal(tensor, before[0][name]) for name, tensor in model.state_dict().items())
    assert all(torch.equal(tensor, before[1][name]) for name, (tensor, _) in optimiser.state_tensors().items())
    optimiser.zero_grad()
    assert torch.isfinite(torch.tensor(steps(model, optimiser, 1))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_optimiser_goes_on_as_if_never_stopped(kind: OptimiserKind) -> None:
    model = made()
    optimiser = Optimiser(model, FitConfig(optimiser=kind))
    steps(model, optimiser, 3)
    again = made()
    again.load_state_dict(copy.deepcopy(model.state_dict()))
    restored = Optimiser(again, FitConfig(optimiser=kind))
    restored.load_state_tensors({name: tensor.clone() for name, (tensor, _) in optimiser.state_tensors().items()})
    assert steps(again, restored, 3) == steps(model, optimiser, 3)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(again.parameters(), model.parameters(), strict=True))


def test_muon_makes_the_steps_of_kernels_orthogonal_and_leaves_the_rest_to_adam() -> None:
    model = made()
    before = copy.deepcopy(model)
    config = FitConfig(optimiser="muon", muon_rate=0.02, learning_rate=1e-3)
    steps(model, Optimiser(model, config), 1)
    for (name, ours), theirs in zip(model.named_parameters(), before.parameters(), strict=True):
        change = (ours - theirs).detach()
        if ".net." in name and ours.ndim == 4 and change.any():
            matrix = change.flatten(1)
            size = 0.02 * max(1, matrix.shape[0] / matrix.shape[1]) ** 0.5
            sizes = torch.linalg.svdvals(matrix) / size
            assert sizes[0] < 1.3, name  # five steps of Newton and Schulz bring them near 1
            assert sizes.median() > 0.5, name
        else:
            assert change.abs().max() <= 1.001e-3, name
