"""What flow steps compute with, of their parameters: for all steps of a level at once.

A step folds its actnorm into its 1×1 convolution and each scale of its net into a kernel. Done for each step, that is
dozens of small operations, forward and back, which take a CPU a tenth of the time of the convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from glow.layers.coupling_net import ScaledConv2d
from glow.layers.flow_step import FlowStep, linear_maps


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
    weights, biases, log_abs_dets = linear_maps(steps, dtype)
    dtypes = [step.coupling.dtypes()[0] for step in steps]
    layers = zip(*(step.coupling.net.convolutions for step in steps), strict=True)
    nets = zip(*(part for layer in layers for part in _fold_layer(layer, dtypes)), strict=True)
    parts = zip(weights.unbind(), biases.unbind(), nets, strict=True)
    return [Folded(*part) for part in parts], log_abs_dets.sum()


def _fold_layer(
    convolutions: Sequence[ScaledConv2d], dtypes: Sequence[torch.dtype]
) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
    """Kernels and biases of one layer of the nets, as their :meth:`ScaledConv2d.folded` gives them."""
    weights = [conv.weight for conv in convolutions]
    biases = [conv.bias for conv in convolutions]
    log_scales = [conv.log_scale for conv in convolutions]
    folded = _FoldLayer.apply(convolutions[0].factor, dtypes, *weights, *biases, *log_scales)
    return folded[: len(weights)], folded[len(weights) :]


class _FoldLayer(torch.autograd.Function):
    """Kernels are large: each is read and written as few times as can be, and they are not stacked."""

    @staticmethod
    def forward(ctx: Any, factor: int, dtypes: Sequence[torch.dtype], *tensors: Tensor) -> tuple[Tensor, ...]:
        count = len(tensors) // 3
        weights, biases = tensors[:count], torch.stack(tensors[count : 2 * count])
        scales = torch.stack(tensors[2 * count :]).mul_(factor).exp_()
        kernels = [
            (weight * scale[:, None, None, None]).to(dtype).contiguous(memory_format=torch.channels_last)
            for weight, scale, dtype in zip(weights, scales, dtypes, strict=True)
        ]
        ctx.factor = factor
        ctx.save_for_backward(biases, scales, *weights)
        folded = zip((biases * scales).unbind(), dtypes, strict=True)
        return (*kernels, *(bias.to(dtype) for bias, dtype in folded))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        biases, scales, *weights = ctx.saved_tensors
        by_weights, by_scales = [], []
        for gradient, weight, scale in zip(gradients, weights, scales, strict=False):  # behind them are the biases'
            by_weight = gradient.to(weight.dtype, memory_format=torch.contiguous_format)
            by_scales.append((by_weight * weight).flatten(1).sum(1))
            # In place, but for a gradient that needed no conversion, which is not ours.
            by_weights.append(torch.mul(by_weight, scale[:, None, None, None], out=_own(by_weight, gradient)))
        by_biases = torch.stack([gradient.to(biases.dtype) for gradient in gradients[len(weights) :]])
        by_log_scales = torch.stack(by_scales).addcmul_(by_biases, biases).mul_(scales).mul_(ctx.factor)
        return None, None, *by_weights, *(by_biases * scales).unbind(), *by_log_scales.unbind()


def _own(copy: Tensor, source: Tensor) -> Tensor | None:
    return None if copy is source else copy
