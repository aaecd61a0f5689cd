"""A flow step in training: one autograd function, where autograd itself would make a graph of many small steps.

Pictures are rows here, ``(C, B * H * W)``: a row for each channel, as they lie in memory along the flow (see
:mod:`glow.layers.memory_layout`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from glow.engines.folding import fold
from glow.engines.packed_convolution import channel_multiple, convolution_gradients, convolve, pad_net
from glow.layers.coupling import AffineCoupling, bounded_input, bounded_of_sigmoid, sigmoid_of_bounded
from glow.layers.flow_layer import Images, PerPicture
from glow.layers.flow_step import FlowStep
from glow.layers.memory_layout import as_pictures, as_rows, rows_for_net


def run_step(step: FlowStep, x: Images) -> tuple[Images, PerPicture]:
    """``step(x)``."""
    return run_steps([step], x)


def run_steps(steps: Sequence[FlowStep], x: Images) -> tuple[Images, PerPicture]:
    """The output of steps of one level, one after the other, and the log-determinant of them all."""
    batch, _, height, width = x.shape
    folded, log_abs_det = fold(steps, x.dtype)
    rows, changes = as_rows(x), []
    for step, (weight, bias, net) in zip(steps, folded, strict=True):
        coupling = RowCoupling.of(step, (batch, height, width))
        rows, change = _FlowStepFunction.apply(rows, coupling, weight, bias, *net)
        changes.append(change)
    return as_pictures(rows, x.shape), torch.stack(changes).sum(0) + log_abs_det * (height * width)


class Saved(NamedTuple):
    """What the way back needs of a coupling."""

    mixed: Tensor
    """Its input rows."""
    seen: Sequence[Tensor]
    """What each of the net's convolutions has seen."""
    sigmoid: Tensor | None
    """That which the log-scales are made of (:func:`glow.layers.coupling.bounded`); None where nothing is scaled."""
    scale: Tensor | None


@dataclass(frozen=True)
class RowCoupling:
    """A step's coupling on rows, forward and back, for parameters that are given in each call.

    Args:
        shape: ``(B, H, W)`` of the pictures.
        dtype: of the net's output.
        scale_bound: of an affine coupling; None for an additive one.
        input_bound: where the net's input is cut off; None for nowhere.
        grid: what the net sees of each position's coordinates, ``(1, 2, H, W)``; None if nothing.
        multiple: of what number the net's convolutions get channels, by zeros where there are fewer.
    """

    shape: tuple[int, int, int]
    dtype: torch.dtype
    scale_bound: float | None
    input_bound: float | None
    grid: Tensor | None
    multiple: int = 1

    @staticmethod
    def of(step: FlowStep, shape: tuple[int, int, int]) -> RowCoupling:
        """That of a step, for pictures of ``shape``."""
        coupling = step.coupling
        nets, output = coupling.dtypes()
        device = coupling.net.first.bias.device
        grid = coupling.net.grid(*shape[1:], device, nets)
        bound = coupling.bound if isinstance(coupling, AffineCoupling) else None
        return RowCoupling(shape, output, bound, coupling.input_bound, grid, channel_multiple(device, nets))

    def run_net(self, kept: Tensor, net: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """The net's output as rows, and what each of its convolutions has seen."""
        dtype = net[0].dtype
        parts = [bounded_input(kept.to(dtype), self.input_bound)]
        if self.grid is not None:
            parts.append(self.grid.flatten(2)[0])
        outputs, net = len(net[-1]), pad_net(net, self.multiple)
        x = rows_for_net(parts, self.shape, dtype, net[0].shape[1])
        seen = []
        for place in range(0, len(net), 2):
            seen.append(x)
            kernel, bias = net[place : place + 2]
            x = convolve(x, kernel, bias, relu=place + 2 < len(net))
        return _rows(x[:, :outputs], self.dtype), seen

    def net_gradients(
        self,
        by_output: Sequence[Tensor],
        kept: Tensor,
        net: Sequence[Tensor],
        seen: Sequence[Tensor],
        *,
        frozen: bool,
    ) -> tuple[Tensor, list[Tensor | None]]:
        """The gradients by ``kept`` and by the net's kernels and biases, of that by the output's rows, in parts.

        Of a net that is frozen, None stand for the latter.
        """
        kernels, net = net[::2], pad_net(net, self.multiple)
        through = rows_for_net(by_output, self.shape, net[0].dtype, len(net[-1]))
        found: list[Tensor | None] = []
        for place in reversed(range(len(seen))):
            x = seen[place]
            # Faster than in the convolution's own function.
            by_bias = None if frozen else through.permute(0, 2, 3, 1).flatten(0, 2).sum(0)
            through, by_kernel = convolution_gradients(through, x, net[2 * place], frozen=frozen)
            if place > 0:
                _relu_backward(through, x)
            if self.multiple > 1 and by_kernel is not None and by_bias is not None:
                outputs, inputs = kernels[place].shape[:2]
                by_kernel, by_bias = by_kernel[:outputs, :inputs], by_bias[:outputs]
            found = [by_kernel, by_bias, *found]
        by_kept = _rows(through[:, : len(kept)], kept.dtype)
        if self.input_bound is not None:
            by_kept = torch.ops.aten.hardtanh_backward(by_kept, kept, -self.input_bound, self.input_bound)
        return by_kept, found

    def unpack_output(self, output: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor]:
        """What the log-scales are made of, the log-scales (None where nothing is scaled) and the shifts, as rows."""
        if self.scale_bound is None:
            return None, None, output
        raw, shift = output.chunk(2)
        sigmoid = sigmoid_of_bounded(raw, self.scale_bound)
        return sigmoid, bounded_of_sigmoid(sigmoid, self.scale_bound), shift

    def _by_picture(self, rows: Tensor) -> tuple[int, int, int]:
        """``(C, B, H * W)`` of rows."""
        batch, height, width = self.shape
        return len(rows), batch, height * width

    def forward(self, mixed: Tensor, net: Sequence[Tensor]) -> tuple[Tensor, PerPicture, Saved]:
        """The coupling's output rows and log-determinant of its input's."""
        kept, moved = mixed.chunk(2)
        output, seen = self.run_net(kept, net)
        sigmoid, log_scale, shift = self.unpack_output(output)
        y = torch.empty_like(mixed)
        y[: len(kept)] = kept
        if log_scale is None:
            torch.add(moved, shift, out=y[len(kept) :])
            return y, mixed.new_zeros(self.shape[0]), Saved(mixed, seen, None, None)
        logdet = log_scale.view(self._by_picture(moved)).sum((0, 2))
        scale = log_scale.exp_()
        torch.mul(moved, scale, out=y[len(kept) :]).add_(shift)
        return y, logdet, Saved(mixed, seen, sigmoid, scale)

    def recompute(self, y: Tensor, net: Sequence[Tensor]) -> Saved:
        """What :meth:`forward` gave besides ``y``, of ``y``."""
        kept, moved = y.chunk(2)
        output, seen = self.run_net(kept, net)
        sigmoid, log_scale, shift = self.unpack_output(output)
        mixed = torch.empty_like(y)
        mixed[: len(kept)] = kept
        unshifted = torch.sub(moved, shift, out=mixed[len(kept) :])
        if log_scale is None:
            return Saved(mixed, seen, None, None)
        scale = log_scale.exp_()
        unshifted.div_(scale)
        return Saved(mixed, seen, sigmoid, scale)

    def gradients(
        self, by_y: Tensor, by_logdet: Tensor, saved: Saved, net: Sequence[Tensor], *, frozen: bool
    ) -> tuple[Tensor, list[Tensor | None]]:
        """The gradients by the coupling's input rows and, None where it is frozen, by the net's kernels and biases."""
        mixed, seen, sigmoid, scale = saved
        kept, moved = mixed.chunk(2)
        by_shift = by_y[len(kept) :]
        by_mixed = torch.empty_like(by_y)
        by_output = [by_shift]
        if sigmoid is None or scale is None:
            by_mixed[len(kept) :] = by_shift
        else:
            by_moved = torch.mul(by_shift, scale, out=by_mixed[len(kept) :])
            pictures = self._by_picture(moved)
            by_log_scale = torch.addcmul(by_logdet[:, None], by_moved.view(pictures), moved.view(pictures))
            by_raw = torch.ops.aten.sigmoid_backward(by_log_scale.view_as(sigmoid).to(sigmoid.dtype), sigmoid).mul_(4)
            by_output = [by_raw, by_shift]
        by_kept, found = self.net_gradients(by_output, kept, net, seen, frozen=frozen)
        torch.add(by_y[: len(kept)], by_kept, out=by_mixed[: len(kept)])
        return by_mixed, found


def _rows(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Channels-last pictures as rows in ``dtype``."""
    batch, channels, height, width = x.shape
    pixels = x.permute(0, 2, 3, 1).reshape(batch * height * width, channels)
    return torch.empty(channels, len(pixels), dtype=dtype, device=x.device).copy_(pixels.t())


class _FlowStepFunction(torch.autograd.Function):
    """``apply(x, coupling, weight, bias, *net)`` is the step's output and its coupling's log-determinant.

    ``x`` and the output are rows; ``weight``, ``bias`` and ``net`` are those of :class:`glow.engines.folding.Folded`.
    First derivatives only.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, coupling: RowCoupling, weight: Tensor, bias: Tensor, *net: Tensor
    ) -> tuple[Tensor, PerPicture]:
        mixed = torch.addmm(bias[:, None], weight, x)
        y, logdet, saved = coupling.forward(mixed, net)
        ctx.coupling = coupling
        ctx.save_for_backward(x, weight, mixed, saved.sigmoid, saved.scale, *saved.seen, *net)
        return y, logdet

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_y: Tensor, by_logdet: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mixed, sigmoid, scale, *rest = ctx.saved_tensors
        seen, net = rest[: len(rest) // 3], rest[len(rest) // 3 :]
        frozen = not any(ctx.needs_input_grad[2:])
        saved = Saved(mixed, seen, sigmoid, scale)
        by_mixed, by_net = ctx.coupling.gradients(by_y, by_logdet, saved, net, frozen=frozen)
        by_x = weight.t() @ by_mixed if ctx.needs_input_grad[0] else None
        linear = (None, None) if frozen else (by_mixed @ x.t(), by_mixed.sum(1))
        return by_x, None, *linear, *by_net


def _relu_backward(gradient: Tensor, output: Tensor) -> None:
    """Set the gradient to 0, in place, where a ReLU has put out 0."""
    if gradient.element_size() == 2:
        # Positive halves are positive integers too, of which a CPU compares three times as many in the same time.
        gradient, output = gradient.view(torch.int16), output.view(torch.int16)
    torch.ops.aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)
