"""One step of flow: actnorm, mixing of channels, coupling."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from glow.config import GlowConfig
from glow.engines.folding import fold_linear
from glow.engines.memory_layout import per_position
from glow.engines.training import pass_through
from glow.layers.actnorm import ActNorm
from glow.layers.coupling import AdditiveCoupling, AffineCoupling, Coupling
from glow.layers.flow_layer import FlowLayer, Images, PerPicture
from glow.layers.mixing import Mixing, in_float64, make_mixing


class FlowStep(FlowLayer):
    """Actnorm → mixing of channels → coupling (arXiv 1807.03039, figure 2a).

    Actnorm and mixing are both linear per position, so they run as one matrix product.

    Args:
        channels: C of the ``(B, C, H, W)`` input; even.
        mixing: the 1×1 convolution or permutation.
        coupling: the coupling.
    """

    def __init__(self, channels: int, mixing: Mixing, coupling: Coupling) -> None:
        super().__init__()
        self.actnorm = ActNorm(channels)
        self.conv = mixing
        self.coupling = coupling

    def initialise(self, x: Images) -> None:
        self.actnorm.initialise(x)
        self.coupling.initialise(self._mix(x))

    def forward_kernel(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Weight ``(C, C)`` and bias ``(C,)`` of actnorm and mixing as one linear map."""
        weights, biases, _ = fold_linear([self], dtype)
        return weights[0], biases[0]

    def inverse_kernel(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Weight and bias of the inverse of that map."""
        weight = self.conv.inverse_weight() * (-in_float64(self.actnorm.log_scale)).exp()[:, None]
        bias = -self.actnorm.bias.to(dtype)
        return weight.to(dtype).to(bias.device), bias

    def _mix(self, x: Images) -> Images:
        return per_position(x, *self.forward_kernel(x.dtype))

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        return pass_through([self], x)

    def log_abs_det(self) -> Tensor:
        """log|det| of actnorm and mixing at one position, a scalar."""
        return fold_linear([self], self.actnorm.bias.dtype)[2][0]

    def inverse(self, y: Images) -> Images:
        return per_position(self.coupling.inverse(y), *self.inverse_kernel(y.dtype))


def make_step(config: GlowConfig, channels: int, width: int, generator: torch.Generator | None = None) -> FlowStep:
    """The step that a config asks for.

    Args:
        config: what mixes, and which coupling.
        channels: C of the ``(B, C, H, W)`` input; even.
        width: hidden channels of the coupling net.
        generator: source of random rotations and orders; the global one if left out.
    """
    sees: dict[str, Any] = {"coordinates": config.coordinates, "input_bound": config.input_bound}
    if config.coupling == "additive":
        coupling: Coupling = AdditiveCoupling(channels, width, **sees)
    else:
        coupling = AffineCoupling(channels, width, bound=config.scale_bound, **sees)
    return FlowStep(channels, make_mixing(config.permutation, channels, generator), coupling)
