"""Models whose parameters are away from their start, where couplings do nothing yet."""

from __future__ import annotations

import torch

from glow import Glow, GlowConfig


@torch.no_grad()
def shake(model: Glow, by: float = 0.1) -> Glow:
    """Add noise of standard deviation ``by`` to the model's parameters, in place; the model."""
    for parameter in model.parameters():
        parameter.add_(by * torch.randn_like(parameter))
    return model


def shaken(config: GlowConfig, by: float = 0.1) -> Glow:
    """A model in float64 with noise on its parameters, the same in every test."""
    torch.manual_seed(0)
    return shake(Glow(config).double(), by)
