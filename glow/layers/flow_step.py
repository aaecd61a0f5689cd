"""One step of flow: actnorm, mixing of channels, coupling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from glow.config import GlowConfig, PermutationKind
from glow.layers.actnorm import ActNorm
from glow.layers.coupling import AdditiveCoupling, AffineCoupling, Coupling
from glow.layers.flow_layer import FlowLayer, Images, PerPicture
from glow.layers.invertible_conv import Conv1x1, Conv1x1LU, stacked
from glow.layers.memory_layout import per_position
from glow.layers.mixing import FixedPermutation, Mixing, in_float64

StepFunction = Callable[["FlowStep", Images], tuple[Images, PerPicture]]
"""Computes ``step(x)`` in a way of its own."""


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
        self.coupling.initialise(self._mix(x)[0])

    def forward(self, x: Images, function: StepFunction | None = None) -> tuple[Images, PerPicture]:
        """``(y, logdet)`` of ``x``.

        Args:
            x: ``(B, C, H, W)``.
            function: computes both in place of the layers. It is handed over in this call so that hooks on the step
                run first: those of FSDP put its parameters together.
        """
        if function is not None:
            return function(self, x)
        mixed, logdet = self._mix(x)
        y, change = self.coupling(mixed)
        return y, logdet + change

    def inverse(self, y: Images) -> Images:
        mixed = self.coupling.inverse(y)
        if self.mixes_by_matrix:
            return per_position(mixed, *self.inverse_kernel(y.dtype))
        return self.actnorm.inverse(self.conv.inverse(mixed))

    @property
    def mixes_by_matrix(self) -> bool:
        """Whether the mixing is a matrix at each position, as all are but those with a forward or inverse of their
        own."""
        kind = type(self.conv)
        return kind.forward is Mixing.forward and kind.inverse is Mixing.inverse

    def forward_kernel(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Weight ``(C, C)`` and bias ``(C,)`` of actnorm and mixing as one linear map."""
        weights, biases, _ = linear_maps([self], dtype)
        return weights[0], biases[0]

    def inverse_kernel(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Weight and bias of the inverse of that map."""
        weight = self.conv.inverse_weight() * (-in_float64(self.actnorm.log_scale)).exp()[:, None]
        bias = -self.actnorm.bias.to(dtype)
        return weight.to(dtype).to(bias.device), bias

    def log_abs_det(self) -> Tensor:
        """log|det| of that map at one position, a scalar."""
        return linear_maps([self], self.actnorm.bias.dtype)[2][0]

    def _mix(self, x: Images) -> tuple[Images, PerPicture]:
        """Actnorm and mixing of ``x``, and their log-determinant."""
        if self.mixes_by_matrix:
            weights, biases, log_abs_dets = linear_maps([self], x.dtype)
            logdet = log_abs_dets[0] * (x.shape[2] * x.shape[3])
            return per_position(x, weights[0], biases[0]), logdet.expand(len(x))
        y, first = self.actnorm(x)
        y, second = self.conv(y)
        return y, first + second


def linear_maps(steps: Sequence[FlowStep], dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Actnorm and mixing of K steps, each as one linear map ``weight @ x + bias`` at each position.

    Args:
        steps: the steps, all of one shape.
        dtype: of weights and biases.

    Returns:
        Weights ``(K, C, C)``, biases ``(K, C)``, and log|det| at one position, ``(K,)``.
    """
    log_scales = torch.stack([step.actnorm.log_scale for step in steps])
    shifts = torch.stack([step.actnorm.bias for step in steps])
    weights, log_abs_dets = stacked([step.conv for step in steps], dtype)
    weights = weights * log_scales.to(dtype).exp().unsqueeze(1)
    return weights, (weights @ shifts.to(dtype).unsqueeze(2)).squeeze(2), log_abs_dets + log_scales.sum(1)


def make_mixing(kind: PermutationKind, channels: int, generator: torch.Generator | None = None) -> Mixing:
    """The mixing layer that a config names: ``1x1-lu``, ``1x1-full``, ``shuffle`` or ``reverse``."""
    match kind:
        case "1x1-lu":
            return Conv1x1LU(channels, generator)
        case "1x1-full":
            return Conv1x1(channels, generator)
        case "shuffle":
            return FixedPermutation(torch.randperm(channels, generator=generator))
        case "reverse":
            return FixedPermutation(torch.arange(channels - 1, -1, -1))


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
