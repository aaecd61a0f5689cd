"""The affine coupling layer and the small convolutional net inside it."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glow.actnorm import channel_statistics
from glow.kept import Kept, may_change
from glow.layer import FlowLayer, Images, PerPicture
from glow.packed import can_pack, pack, packed_conv2d


@lru_cache(maxsize=32)
def coordinate_grid(height: int, width: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Row and column of each position in [-1, 1], of shape ``(1, 2, H, W)``."""
    with torch.inference_mode(False):  # the cached tensor must be usable in training too
        rows = torch.linspace(-1, 1, height, device=device, dtype=dtype).view(1, 1, height, 1)
        columns = torch.linspace(-1, 1, width, device=device, dtype=dtype).view(1, 1, 1, width)
        return torch.cat([rows.expand(1, 1, height, width), columns.expand(1, 1, height, width)], dim=1)


CACHED_POSITIONS = 2048
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

    def _folded(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        scale = (self.factor * self.log_scale).exp()
        weight = (self.weight * scale[:, None, None, None]).to(dtype, memory_format=torch.channels_last)
        return weight, (self.bias * scale).to(dtype)

    def _packed(self, x: Tensor) -> tuple[Tensor, Tensor]:
        weight, bias = self._folded(x.dtype)
        return pack(weight, x.shape), bias

    def forward(self, x: Tensor, *, relu: bool = False) -> Tensor:
        """The convolution of ``x``, with a ReLU behind it where asked."""
        kernel = self.weight.shape[-1]
        if not torch.is_grad_enabled() and not may_change(self.parameters()) and can_pack(x):
            weight, bias = self._kept.get((x.dtype, x.shape), self.parameters(), lambda: self._packed(x))
            return packed_conv2d(x, weight, bias, kernel, relu=relu)
        weight, bias = self._kept.get(x.dtype, self.parameters(), lambda: self._folded(x.dtype))
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
            return self._whole(x)
        # Hidden layers of a few thousand positions fit in a CPU core's cache, which is worth an eighth of the time.
        pictures = max(1, CACHED_POSITIONS // (x.shape[2] * x.shape[3])) if x.device.type == "cpu" else len(x)
        if len(x) <= pictures:
            return self._whole(x)
        return torch.cat([self._whole(part) for part in x.split(pictures)])

    def _whole(self, x: Tensor) -> Tensor:
        return self.last(self.second(self.first(self._with_coordinates(x), relu=True), relu=True))


def bounded_input(x: Tensor, bound: float | None) -> Tensor:
    """``x`` cut off at plus and minus ``bound``, as nets are to see it; None leaves it as it is."""
    return x if bound is None else x.clamp(-bound, bound)


class Coupling(FlowLayer):
    """Half of the channels pass; they choose what happens to the other half.

    Args:
        channels: C of the ``(B, C, H, W)`` input; even.
        width: hidden channels of the net.
        outputs: output channels of the net.
        coordinates: whether the net also sees each position's coordinates.
        input_bound: where the net's input is cut off; None for nowhere.
    """

    def __init__(
        self, channels: int, width: int, outputs: int, *, coordinates: bool, input_bound: float | None
    ) -> None:
        super().__init__()
        if channels % 2:
            raise ValueError(f"a coupling halves its channels; {channels} is odd. Squeeze first.")
        self.net = CouplingNet(channels // 2, width, outputs, coordinates=coordinates)
        self.input_bound = input_bound
        self.net_dtype: torch.dtype | None = None
        """The dtype that the net computes in; None is that of its parameters."""

    def initialise(self, x: Images) -> None:
        self.net.initialise(bounded_input(x.chunk(2, dim=1)[0], self.input_bound))

    def _net(self, kept: Tensor) -> Tensor:
        parameters = self.net.first.bias.dtype
        seen = kept.to(self.net_dtype or parameters)
        return self.net(bounded_input(seen, self.input_bound)).to(parameters)

    def scale_and_shift(self, kept: Tensor) -> tuple[Tensor | None, Tensor]:
        """Log-scale (None where nothing is scaled) and shift of the moved half, each of its shape.

        In the dtype of the parameters, also where the spine has more digits: both directions see the same numbers.
        """
        raise NotImplementedError(f"{type(self).__name__} has no scale and shift.")

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        kept, moved = x.chunk(2, dim=1)
        log_scale, shift = self.scale_and_shift(kept)
        if log_scale is None:
            return torch.cat([kept, moved + shift], dim=1), x.new_zeros(x.shape[0])
        moved = torch.addcmul(shift.to(moved.dtype), moved, log_scale.exp().to(moved.dtype))
        return torch.cat([kept, moved], dim=1), log_scale.flatten(1).sum(1)

    def inverse(self, y: Images) -> Images:
        kept, moved = y.chunk(2, dim=1)
        log_scale, shift = self.scale_and_shift(kept)
        moved = moved - shift
        # Divided by the very number that the other direction multiplies with.
        return torch.cat([kept, moved if log_scale is None else moved / log_scale.exp()], dim=1)


class AffineCoupling(Coupling):
    """``y_b = x_b * exp(log_scale(x_a)) + shift(x_a)`` with ``log_scale = bound * tanh(raw / bound)``.

    The paper's ``sigmoid(raw + 2)`` may come near 0, and the inverse then divides by it: strong edits broke into
    NaN blocks. A bounded scale keeps every inverse finite.

    Args:
        channels: C of the ``(B, C, H, W)`` input; even.
        width: hidden channels of the net.
        bound: largest absolute log-scale.
        coordinates: whether the net also sees each position's coordinates.
        input_bound: where the net's input is cut off; None for nowhere.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        bound: float = 0.5,
        coordinates: bool = False,
        input_bound: float | None = None,
    ) -> None:
        super().__init__(channels, width, channels, coordinates=coordinates, input_bound=input_bound)
        self.bound = bound

    def extra_repr(self) -> str:
        return f"bound={self.bound}"

    def scale_and_shift(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = self._net(kept).chunk(2, dim=1)
        return self.bound * torch.tanh(raw / self.bound), shift


class AdditiveCoupling(Coupling):
    """``y_b = x_b + shift(x_a)``, which keeps volume (Dinh et al. 2015, arXiv 1410.8516).

    Args:
        channels: C of the ``(B, C, H, W)`` input; even.
        width: hidden channels of the net.
        coordinates: whether the net also sees each position's coordinates.
        input_bound: where the net's input is cut off; None for nowhere.
    """

    def __init__(
        self, channels: int, width: int, *, coordinates: bool = False, input_bound: float | None = None
    ) -> None:
        super().__init__(channels, width, channels // 2, coordinates=coordinates, input_bound=input_bound)

    def scale_and_shift(self, kept: Tensor) -> tuple[None, Tensor]:
        return None, self._net(kept)
