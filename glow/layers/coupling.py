"""The additive and affine coupling layers."""

from __future__ import annotations

import torch
from torch import Tensor

from glow.layers.coupling_net import CouplingNet
from glow.layers.flow_layer import FlowLayer, Images, PerPicture
from glow.layers.memory_layout import for_net, from_net, halves, join


def bounded_input(x: Tensor, bound: float | None) -> Tensor:
    """``x`` cut off at plus and minus ``bound``, as nets are to see it; None leaves it as it is."""
    return x if bound is None else x.clamp(-bound, bound)


class Coupling(FlowLayer):
    """Half of the channels pass unchanged; a net of them says how the other half is scaled and shifted.

    ``y_a = x_a``, ``y_b = x_b * exp(log_scale(x_a)) + shift(x_a)`` (Dinh et al. 2017, arXiv 1605.08803). A coupling
    that is added overrides :meth:`unpack_output` or :meth:`scale_and_shift`; one that does not scale and shift, both
    :meth:`forward` and :meth:`inverse`. The fast engines know only those of this file; others run by their own methods.

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

    def unpack_output(self, output: Tensor) -> tuple[Tensor | None, Tensor]:
        """Log-scale (None where nothing is scaled) and shift of the moved half, of what the net has put out."""
        raise NotImplementedError(f"{type(self).__name__} has no scale and shift.")

    def scale_and_shift(self, kept: Tensor) -> tuple[Tensor | None, Tensor]:
        """Log-scale (None where nothing is scaled) and shift of the moved half, each of its shape.

        In the dtype of the net's output, also where the flow's has more digits: both directions see the same numbers.
        """
        return self.unpack_output(self.output(kept))

    def dtypes(self) -> tuple[torch.dtype, torch.dtype]:
        """What the net computes in, and what its output is rounded to: its parameters'.

        Rounded also where the net computes in more digits: what a flow in float64 loses is then not seen at all.
        """
        own = self.net.first.bias.dtype
        return self.net_dtype or own, own

    def output(self, kept: Tensor) -> Tensor:
        """What the net puts out."""
        nets, output = self.dtypes()
        return from_net(self.net(bounded_input(for_net(kept, nets), self.input_bound)), output)

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        kept, moved = halves(x)
        log_scale, shift = self.scale_and_shift(kept)
        if log_scale is None:
            return join([kept, moved + shift]), x.new_zeros(len(x))
        return join([kept, moved * log_scale.exp() + shift]), log_scale.sum((1, 2, 3))

    def inverse(self, y: Images) -> Images:
        kept, moved = halves(y)
        log_scale, shift = self.scale_and_shift(kept)
        moved = moved - shift
        # Divided by the very number that the other direction multiplies with.
        return join([kept, moved if log_scale is None else moved / log_scale.exp()])


def bounded(raw: Tensor, bound: float) -> Tensor:
    """``bound * tanh(raw / bound)``, by a sigmoid: a CPU's tanh takes three times as long."""
    return bounded_of_sigmoid(sigmoid_of_bounded(raw, bound), bound)


def sigmoid_of_bounded(raw: Tensor, bound: float) -> Tensor:
    """The sigmoid that :func:`bounded` is made of: its gradient's formula needs that, and not ``raw``."""
    return torch.sigmoid(raw * (2 / bound))


def bounded_of_sigmoid(sigmoid: Tensor, bound: float) -> Tensor:
    """:func:`bounded`, of what :func:`sigmoid_of_bounded` gives."""
    return (sigmoid * (2 * bound)).sub_(bound)


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

    def unpack_output(self, output: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = halves(output)
        return bounded(raw, self.bound), shift


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

    def unpack_output(self, output: Tensor) -> tuple[None, Tensor]:
        return None, output
