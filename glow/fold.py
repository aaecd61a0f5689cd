"""What flow steps compute with, of their parameters: for all steps of a level at once.

A step folds its actnorm into its 1×1 convolution and each scale of its net into a kernel. Dozens of small operations
for each step, forward and back, take a CPU as long as a tenth of the convolutions; of stacked parameters they are few.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from glow.net import ScaledConv2d

if TYPE_CHECKING:
    from glow.step import FlowStep


class Folded(NamedTuple):
    """What a step computes with."""

    weight: Tensor
    """``(C, C)``: actnorm and mixing as one linear map."""
    bias: Tensor
    """``(C,)`` of that map."""
    net: tuple[Tensor, ...]
    """Kernel ``(outputs, inputs, k, k)``, channels last, and bias ``(outputs,)`` of each of the net's convolutions, in
    the net's dtype."""


def fold(steps: Sequence[FlowStep], dtype: torch.dtype) -> tuple[list[Folded], Tensor]:
    """Fold the parameters of steps of one level, differentiably.

    Args:
        steps: the steps, all of one shape.
        dtype: of what passes through the flow.

    Returns:
        What each step computes with, and log|det| of all actnorms and mixings together at one position, a scalar.
    """
    weights, biases, log_abs_dets = fold_linear(steps, dtype)
    nets_dtype, _ = steps[0].coupling.dtypes()
    layers = zip(*(step.coupling.net.convolutions for step in steps), strict=True)
    nets = zip(*(part for layer in layers for part in _fold_layer(layer, nets_dtype)), strict=True)
    parts = zip(weights.unbind(), biases.unbind(), nets, strict=True)
    return [Folded(*part) for part in parts], log_abs_dets.sum()


def fold_linear(steps: Sequence[FlowStep], dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """The part of :func:`fold` that is no net: for K steps, :attr:`Folded.weight` and :attr:`Folded.bias` as
    ``(K, C, C)`` and ``(K, C)``, and log|det| at one position as ``(K,)``."""
    log_scales = torch.stack([step.actnorm.log_scale for step in steps])
    shifts = torch.stack([step.actnorm.bias for step in steps])
    mixings = [step.conv for step in steps]
    weights, log_abs_dets = type(mixings[0]).stacked(mixings, dtype)
    weights = weights * log_scales.to(dtype).exp().unsqueeze(1)
    return weights, (weights @ shifts.to(dtype).unsqueeze(2)).squeeze(2), log_abs_dets + log_scales.sum(1)


def _fold_layer(convolutions: Sequence[ScaledConv2d], dtype: torch.dtype) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
    """Kernels and biases of one layer of the nets, as :meth:`glow.net.ScaledConv2d.folded` gives them."""
    scales = (torch.stack([conv.log_scale for conv in convolutions]) * convolutions[0].factor).exp()
    kernels = torch.stack([conv.weight for conv in convolutions]) * scales[:, :, None, None, None]
    kernels = kernels.permute(0, 1, 3, 4, 2).to(dtype, memory_format=torch.contiguous_format).permute(0, 1, 4, 2, 3)
    biases = (torch.stack([conv.bias for conv in convolutions]) * scales).to(dtype)
    return kernels.unbind(), biases.unbind()
