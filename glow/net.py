"""The small convolutional net inside a coupling."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from glow.actnorm import channel_statistics
from glow.kept import Kept, may_change
from glow.packed import can_pack, pack, packed_conv2d


@lru_cache(maxsize=32)
def coordinate_grid(height: int, width: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Row and column of each position in [-1, 1], of shape ``(1, 2, H, W)``."""
    with torch.inference_mode(False):  # the cached tensor must be usable in training too
        rows = torch.linspace(-1, 1, height, device=device, dtype=dtype).view(1, 1, height, 1)
        columns = torch.linspace(-1, 1, width, device=device, dtype=dtype).view(1, 1, 1, width)
        return torch.cat([rows.expand(1, 1, height, width), columns.expand(1, 1, height, width)], dim=1)


CACHED_POSITIONS = 4096
"""Positions that a coupling net is run on at once on a CPU, where nothing is trained."""


class ScaledConv2d(nn.Module):
    """A convolution with a learned scale for each output channel, folded into the kernel.

    The fold saves a pass over the output; where nothing is trained, the folded kernel is kept.

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
        self._kept = Kept()

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

    def _packed(self, x: Tensor) -> tuple[Tensor, Tensor]:
        weight, bias = self.folded(x.dtype)
        return pack(weight, x.shape), bias

    def forward(self, x: Tensor, *, relu: bool = False) -> Tensor:
        """The convolution of ``x``, with a ReLU behind it where asked."""
        kernel = self.weight.shape[-1]
        if not torch.is_grad_enabled() and not may_change(self.parameters()) and can_pack(x):
            weight, bias = self._kept.get((x.dtype, x.shape), self.parameters(), lambda: self._packed(x))
            return packed_conv2d(x, weight, bias, kernel, relu=relu)
        weight, bias = self._kept.get(x.dtype, self.parameters(), lambda: self.folded(x.dtype))
        y = F.conv2d(x, weight, bias, padding=kernel // 2)
        return F.relu(y, inplace=True) if relu else y


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

    def _with_coordinates(self, x: Tensor) -> Tensor:
        if not self.coordinates:
            return x
        grid = coordinate_grid(x.shape[2], x.shape[3], x.device, x.dtype)
        return torch.cat([x, grid.expand(x.shape[0], -1, -1, -1)], dim=1)

    @torch.no_grad()
    def initialise(self, x: Tensor) -> None:
        """Set the actnorms of both hidden layers from ``x``."""
        x = self._with_coordinates(x)
        self.first.initialise(x)
        self.second.initialise(self.first(x, relu=True))

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            kernels = (kernel for conv in (self.first, self.second, self.last) for kernel in conv.folded(x.dtype))
            y: Tensor = _TrainedNet.apply(self._with_coordinates(x), *kernels)
            return y
        # Hidden layers of a few thousand positions fit in a CPU core's cache, which is worth an eighth of the time.
        pictures = max(1, CACHED_POSITIONS // (x.shape[2] * x.shape[3])) if x.device.type == "cpu" else len(x)
        if len(x) <= pictures:
            return self._whole(x)
        return torch.cat([self._whole(part) for part in x.split(pictures)])

    def _whole(self, x: Tensor) -> Tensor:
        return self.last(self.second(self.first(self._with_coordinates(x), relu=True), relu=True))


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


class _TrainedNet(torch.autograd.Function):
    """The net's three convolutions with ReLU between, where gradients are asked for.

    As autograd would do it, but with the ReLUs inside the convolutions, and their gradients written in place: passes
    over the hidden layers are what training waits for, next to the convolutions themselves.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, *kernels: Tensor) -> Tensor:
        first, first_bias, second, second_bias, last, last_bias = kernels
        hidden = _conv_relu(x, first, first_bias)
        deeper = _conv_relu(hidden, second, second_bias)
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


def _conv_relu(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    if can_pack(x):
        return packed_conv2d(x, kernel, bias, kernel.shape[-1], relu=True)
    return F.relu(F.conv2d(x, kernel, bias, padding=kernel.shape[-1] // 2), inplace=True)
