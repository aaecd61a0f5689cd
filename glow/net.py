"""The small convolutional net inside a coupling."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from glow.actnorm import channel_statistics
from glow.packed import convolve, gradients, input_gradient, rows_pay

FEW_CHANNELS = 8
"""Inputs up to which a convolution's gradient by them is faster by :func:`glow.packed.input_gradient`."""


@lru_cache(maxsize=32)
def coordinate_grid(height: int, width: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Row and column of each position in [-1, 1], of shape ``(1, 2, H, W)``."""
    with torch.inference_mode(False):  # the cached tensor must be usable in training too
        rows = torch.linspace(-1, 1, height, device=device, dtype=dtype).view(1, 1, height, 1)
        columns = torch.linspace(-1, 1, width, device=device, dtype=dtype).view(1, 1, 1, width)
        return torch.cat([rows.expand(1, 1, height, width), columns.expand(1, 1, height, width)], dim=1)


class ScaledConv2d(nn.Module):
    """A convolution with a learned scale for each output channel, folded into the kernel.

    The fold saves a pass over the output.

    Args:
        inputs: input channels.
        outputs: output channels.
        kernel: odd kernel size; the border is padded with zeros, so that the size stays.
        zero: start at zero, with a scale of ``exp(3 * log_scale)``: the last layer of the paper's nets.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, zero: bool = False) -> None:
        super().__init__()
        weight = torch.zeros if zero else lambda *shape: torch.randn(*shape) * 0.05
        self.weight = nn.Parameter(weight(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.log_scale = nn.Parameter(torch.zeros(outputs))
        self.factor = 3 if zero else 1

    def extra_repr(self) -> str:
        outputs, inputs, kernel, _ = self.weight.shape
        return f"{inputs}, {outputs}, kernel={kernel}"

    def initialise(self, x: Tensor) -> None:
        """Set bias and scale so that the output for ``x`` has mean 0 and variance 1 per channel, as actnorm does."""
        mean, std = channel_statistics(F.conv2d(x, self.weight, padding=self.weight.shape[-1] // 2))
        self.bias.copy_(-mean)
        self.log_scale.copy_(-std.log())

    def folded(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Kernel and bias with the scale in them, in ``dtype``."""
        scale = (self.factor * self.log_scale).exp()
        weight = (self.weight * scale[:, None, None, None]).to(dtype, memory_format=torch.channels_last)
        return weight, (self.bias * scale).to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, *self.folded(x.dtype), padding=self.weight.shape[-1] // 2)


class CouplingNet(nn.Module):
    """3×3 – 1×1 – 3×3 convolutions with ReLU between; the last one starts at zero.

    Args:
        inputs: input channels.
        width: hidden channels.
        outputs: output channels.
        coordinates: whether the net also sees each position's coordinates.
    """

    def __init__(self, inputs: int, width: int, outputs: int, *, coordinates: bool = False) -> None:
        super().__init__()
        self.coordinates = coordinates
        self.first = ScaledConv2d(inputs + 2 * coordinates, width, 3)
        self.second = ScaledConv2d(width, width, 1)
        self.last = ScaledConv2d(width, outputs, 3, zero=True)

    @property
    def convolutions(self) -> tuple[ScaledConv2d, ScaledConv2d, ScaledConv2d]:
        """The three layers in turn."""
        return self.first, self.second, self.last

    def grid(self, height: int, width: int, device: torch.device, dtype: torch.dtype) -> Tensor | None:
        """What the net sees of each position's coordinates, ``(1, 2, H, W)``; None if nothing."""
        return coordinate_grid(height, width, device, dtype) if self.coordinates else None

    def _with_coordinates(self, x: Tensor) -> Tensor:
        grid = self.grid(x.shape[2], x.shape[3], x.device, x.dtype)
        return x if grid is None else torch.cat([x, grid.expand(len(x), -1, -1, -1)], dim=1)

    @torch.no_grad()
    def initialise(self, x: Tensor) -> None:
        """Set the actnorms of both hidden layers from ``x``."""
        x = self._with_coordinates(x)
        self.first.initialise(x)
        self.second.initialise(F.relu(self.first(x)))

    def forward(self, x: Tensor) -> Tensor:
        parameters = [part for conv in self.convolutions for part in (conv.weight, conv.bias, conv.log_scale)]
        y: Tensor = _Net.apply(self._with_coordinates(x), [conv.factor for conv in self.convolutions], *parameters)
        return y


class _Net(torch.autograd.Function):
    """The net's three convolutions with ReLU between.

    As autograd would do it, but with the ReLUs inside the convolutions, their gradients written in place, and the
    scales folded into the kernels without a graph of small steps: that is what training waits for, next to the
    convolutions themselves.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, factors: list[int], *parameters: Tensor) -> Tensor:
        weights, biases, log_scales = parameters[0::3], parameters[1::3], parameters[2::3]
        scales = [(log_scale * factor).exp_() for log_scale, factor in zip(log_scales, factors, strict=True)]
        kernels, seen = [], []
        for weight, bias, scale in zip(weights, biases, scales, strict=True):
            kernel = (weight * scale[:, None, None, None]).to(x.dtype).contiguous(memory_format=torch.channels_last)
            kernels.append(kernel)
            seen.append(x)
            relu = len(kernels) < len(weights)
            x = convolve(x, kernel, (bias * scale).to(x.dtype), weight.shape[-1], relu=relu)
        ctx.factors = factors
        ctx.save_for_backward(*seen, *kernels, *weights, *biases, *scales)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        saved, layers = ctx.saved_tensors, len(ctx.factors)
        columns = [saved[place::layers] for place in range(layers)]
        through: Tensor = gradient
        found: list[Tensor] = []
        for place in reversed(range(layers)):
            x, kernel, weight, bias, scale = columns[place]
            by_bias = through.permute(0, 2, 3, 1).flatten(0, 2).sum(0)  # faster than inside the convolution's function
            through, by_kernel = _convolution_backward(through, x, kernel, place > 0 or ctx.needs_input_grad[0])
            if place > 0:
                _relu_backward(through, x)
            # What was folded is taken apart again.
            by_weight = by_kernel.to(weight.dtype, memory_format=torch.contiguous_format)
            by_bias = by_bias.to(bias.dtype)
            by_scale = (by_weight * weight).flatten(1).sum(1).addcmul_(by_bias, bias)
            by_log_scale = by_scale.mul_(scale).mul_(ctx.factors[place])
            found = [by_weight.mul_(scale[:, None, None, None]), by_bias.mul_(scale), by_log_scale, *found]
        return through, None, *found


def _convolution_backward(gradient: Tensor, x: Tensor, kernel: Tensor, by_input: bool) -> tuple[Tensor, Tensor]:
    """The gradients by a convolution's input (where wanted, else anything) and kernel, in whatever way is fastest."""
    outputs, inputs, size, _ = kernel.shape
    by_rows = size > 1 and rows_pay(x)
    if by_rows and by_input and 2 * outputs <= inputs:
        return gradients(gradient, x, kernel)
    fold = by_rows and by_input and inputs <= FEW_CHANNELS
    through, by_kernel, _ = torch.ops.aten.convolution_backward.default(
        gradient,
        x,
        kernel,
        [outputs],
        [1, 1],
        [size // 2] * 2,
        [1, 1],
        False,
        [0, 0],
        1,
        [by_input and not fold, True, False],
    )
    return input_gradient(gradient, kernel) if fold else through, by_kernel


def _relu_backward(gradient: Tensor, output: Tensor) -> None:
    """Set the gradient to 0, in place, where a ReLU has put out 0."""
    if gradient.element_size() == 2:
        # Positive halves are positive integers too, of which a CPU compares three times as many in the same time.
        gradient, output = gradient.view(torch.int16), output.view(torch.int16)
    torch.ops.aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)
