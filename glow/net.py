"""The small convolutional net inside a coupling."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from glow.actnorm import channel_statistics
from glow.packed import convolve


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
        weight: Tensor
        weight, bias = _Fold.apply(self.weight, self.bias, (self.factor * self.log_scale).exp(), dtype)
        return weight, bias

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
        kernels = (kernel for conv in self.convolutions for kernel in conv.folded(x.dtype))
        y: Tensor = _Net.apply(self._with_coordinates(x), *kernels)
        return y


class _Fold(torch.autograd.Function):
    """Kernel and bias times a scale for each output, in a dtype. Autograd would make many small steps of it."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor, scale: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(weight, bias, scale)
        folded = torch.empty_like(weight, dtype=dtype, memory_format=torch.channels_last)
        return torch.mul(weight, scale[:, None, None, None], out=folded), (bias * scale).to(dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_weight: Tensor, by_bias: Tensor) -> tuple[Tensor | None, ...]:
        weight, bias, scale = ctx.saved_tensors
        by_weight, by_bias = by_weight.to(weight.dtype, memory_format=torch.contiguous_format), by_bias.to(bias.dtype)
        by_scale = torch.linalg.vecdot(by_weight.flatten(1), weight.flatten(1)) + by_bias * bias
        return by_weight * scale[:, None, None, None], by_bias * scale, by_scale, None


class _Net(torch.autograd.Function):
    """The net's three convolutions with ReLU between.

    As autograd would do it, but with the ReLUs inside the convolutions, and their gradients written in place: passes
    over the hidden layers are what training waits for, next to the convolutions themselves.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, *kernels: Tensor) -> Tensor:
        first, first_bias, second, second_bias, last, last_bias = kernels
        hidden = convolve(x, first, first_bias, first.shape[-1], relu=True)
        deeper = convolve(hidden, second, second_bias, second.shape[-1], relu=True)
        ctx.save_for_backward(x, hidden, deeper, first, second, last)
        return F.conv2d(deeper, last, last_bias, padding=last.shape[-1] // 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        *inputs, first, second, last = ctx.saved_tensors
        through: Tensor = gradient
        found: list[Tensor | None] = []
        for place, (x, kernel) in enumerate(reversed(list(zip(inputs, (first, second, last), strict=True)))):
            wanted = [ctx.needs_input_grad[0] or x is not inputs[0], True, False]
            padding = [kernel.shape[-1] // 2] * 2
            bias = through.permute(0, 2, 3, 1).flatten(0, 2).sum(0)  # much faster than inside the convolution's
            through, weight, _ = torch.ops.aten.convolution_backward(
                through, x, kernel, [len(kernel)], [1, 1], padding, [1, 1], False, [0, 0], 1, wanted
            )
            found = [weight, bias, *found]
            if place < 2:
                torch.ops.aten.threshold_backward.grad_input(through, x, 0, grad_input=through)
        return through, *found
