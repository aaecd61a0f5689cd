"""The additive and affine coupling layers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from glow.layer import FlowLayer, Images, PerPicture
from glow.layout import for_net, from_net, halves, join
from glow.net import CouplingNet


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
        self.net.initialise(bounded_input(halves(x)[0], self.input_bound))

    def split(self, output: Tensor) -> tuple[Tensor | None, Tensor]:
        """Log-scale (None where nothing is scaled) and shift of the moved half, of what the net has put out."""
        raise NotImplementedError(f"{type(self).__name__} has no scale and shift.")

    def scale_and_shift(self, kept: Tensor) -> tuple[Tensor | None, Tensor]:
        """Log-scale (None where nothing is scaled) and shift of the moved half, each of its shape.

        In the dtype of the parameters, also where the spine has more digits: both directions see the same numbers.
        """
        return self.split(self.output(kept))

    def output(self, kept: Tensor) -> Tensor:
        """What the net puts out, in the dtype of its parameters."""
        own = self.net.first.bias.dtype
        seen = bounded_input(for_net(kept, self.net_dtype or own), self.input_bound)
        return from_net(self.net(seen), own)

    def inverse(self, y: Images) -> Images:
        kept, moved = halves(y)
        log_scale, shift = self.scale_and_shift(kept)
        moved = moved - shift
        # Divided by the very number that the other direction multiplies with.
        return join([kept, moved if log_scale is None else moved / log_scale.exp()])


class _Affine(torch.autograd.Function):
    """:meth:`AffineCoupling.forward` of what the net has put out: autograd would make a graph of small steps of it."""

    @staticmethod
    def forward(ctx: Any, kept: Tensor, moved: Tensor, output: Tensor, bound: float) -> tuple[Tensor, Tensor]:
        raw, shift = halves(output)
        gate, log_scale = bounded(raw, bound)
        logdet = log_scale.sum((1, 2, 3))
        scale = log_scale.exp_()
        ctx.save_for_backward(moved, gate, scale)
        return join([kept, (moved * scale).add_(shift)]), logdet

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, by_logdet: Tensor) -> tuple[Tensor | None, ...]:
        moved, gate, scale = ctx.saved_tensors
        by_kept, by_shift = halves(gradient)
        by_moved = by_shift * scale
        by_log_scale = torch.addcmul(by_logdet[:, None, None, None], by_moved, moved).to(gate.dtype)
        by_raw = torch.ops.aten.sigmoid_backward(by_log_scale, gate).mul_(4)
        return by_kept, by_moved, join([by_raw, by_shift.to(gate.dtype)]), None


def bounded(raw: Tensor, bound: float) -> tuple[Tensor, Tensor]:
    """``bound * tanh(raw / bound)``, behind the sigmoid that it is made of: a CPU's tanh takes three times as long."""
    gate = torch.sigmoid(raw * (2 / bound))
    return gate, (gate * (2 * bound)).sub_(bound)


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

    def split(self, output: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = halves(output)
        return bounded(raw, self.bound)[1], shift

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        kept, moved = halves(x)
        y: tuple[Images, PerPicture] = _Affine.apply(kept, moved, self.output(kept), self.bound)
        return y


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

    def split(self, output: Tensor) -> tuple[None, Tensor]:
        return None, output

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        kept, moved = halves(x)
        return join([kept, moved + self.output(kept)]), x.new_zeros(len(x))
