"""The inference engine: for a model whose parameters stay, all that follows from them alone is worked out once.

Actnorm and 1×1 convolution become one matrix, with its inverse; the nets' kernels are folded, converted and packed;
couplings write in place. What comes out is what the layers themselves give, up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from glow.engines.inference_net import InferenceNet, Shape, Workspaces
from glow.layers.coupling import AffineCoupling
from glow.layers.flow_layer import FlowLayer, Images, PerPicture
from glow.layers.flow_step import FlowStep
from glow.layers.memory_layout import as_pictures, as_rows
from glow.layers.prior import LOG_STD_BOUND, SplitPrior


def per_picture(rows: Tensor, positions: int) -> PerPicture:
    """The sums of rows ``(C, B * positions)`` over what is of each picture, ``(B,)``."""
    return rows.view(len(rows), rows.shape[1] // positions, positions).sum((0, 2))


class InferenceStep:
    """A flow step for pictures of one size, which come as rows: ``(C, B * H * W)``.

    Args:
        step: the step; its parameters must stay as they are.
        shape: ``(C, H, W)``.
        dtype: of what passes through the flow.
        workspaces: those of the level.
    """

    def __init__(self, step: FlowStep, shape: Shape, dtype: torch.dtype, workspaces: Workspaces) -> None:
        channels, height, width = shape
        self._step = step
        self._dtype = dtype
        self._positions = height * width
        coupling = step.coupling
        self._affine = isinstance(coupling, AffineCoupling)
        nets_dtype, _ = coupling.dtypes()
        self._net = InferenceNet(
            coupling.net.convolutions,
            (channels // 2, height, width),
            nets_dtype,
            input_bound=coupling.input_bound,
            grid=coupling.net.grid(height, width, coupling.net.first.bias.device, nets_dtype),
            bounded=(slice(channels // 2), coupling.bound) if isinstance(coupling, AffineCoupling) else None,
            workspaces=workspaces,
        )

    @cached_property
    def _forward_kernel(self) -> tuple[Tensor, Tensor]:
        weight, bias = self._step.forward_kernel(self._dtype)
        return weight, bias[:, None]

    @cached_property
    def _inverse_kernel(self) -> tuple[Tensor, Tensor]:
        weight, bias = self._step.inverse_kernel(self._dtype)
        return weight, bias[:, None]

    @cached_property
    def log_abs_det(self) -> Tensor:
        """log|det| of actnorm and mixing at one position, a scalar."""
        return self._step.log_abs_det()

    def forward(self, x: Tensor) -> tuple[Tensor, PerPicture | None]:
        """The step's output, and the coupling's log-determinant where it has one."""
        weight, bias = self._forward_kernel
        y = torch.addmm(bias, weight, x)
        kept, moved = y.chunk(2)
        output = self._net(kept)
        if not self._affine:
            moved.add_(output)
            return y, None
        log_scale, shift = output.chunk(2)
        change = per_picture(log_scale, self._positions)
        moved.mul_(log_scale.exp_()).add_(shift)
        return y, change

    def inverse(self, y: Tensor) -> Tensor:
        """The step's input; ``y`` is overwritten."""
        kept, moved = y.chunk(2)
        output = self._net(kept)
        if self._affine:
            log_scale, shift = output.chunk(2)
            moved.sub_(shift).div_(log_scale.exp_())
        else:
            moved.sub_(output)
        weight, bias = self._inverse_kernel
        return torch.addmm(bias, weight, y)


class InferenceSplit:
    """A :class:`glow.layers.prior.SplitPrior` for pictures of one size, which come as rows: ``(C, B * H * W)``.

    Args:
        split: the layer; its parameters must stay as they are.
        shape: ``(C, H, W)``.
    """

    def __init__(self, split: SplitPrior, shape: Shape) -> None:
        channels, height, width = shape
        self._positions = height * width
        self._net = InferenceNet(
            [split.conv],
            (channels // 2, height, width),
            split.conv.bias.dtype,
            input_bound=split.input_bound,
            bounded=(slice(channels // 2, channels), LOG_STD_BOUND),
            workspaces={},
        )

    def forward(self, x: Tensor) -> PerPicture:
        """``x`` becomes the layer's output; its log-determinant."""
        z1, z2 = x.chunk(2)
        mean, log_std = self._net(z1).chunk(2)
        change = per_picture(log_std, self._positions).neg_()
        z2.sub_(mean).div_(log_std.exp_())
        return change

    def inverse(self, y: Tensor) -> None:
        """``y`` becomes the layer's input."""
        z1, eps = y.chunk(2)
        mean, log_std = self._net(z1).chunk(2)
        eps.mul_(log_std.exp_()).add_(mean)


class InferenceLevel:
    """The steps of a level, as :class:`InferenceStep`, and what its split does.

    Args:
        steps: the steps; their parameters must stay as they are.
        split: the layer behind them; None in the last level.
        shape: ``(C, H, W)``.
        dtype: of what passes through the flow.
    """

    def __init__(self, steps: Sequence[FlowStep], split: FlowLayer | None, shape: Shape, dtype: torch.dtype) -> None:
        workspaces: Workspaces = {}
        self._steps = [InferenceStep(step, shape, dtype, workspaces) for step in steps]
        self._split = InferenceSplit(split, shape) if isinstance(split, SplitPrior) else None
        self._shape = shape

    @cached_property
    def _log_abs_det(self) -> Tensor:
        return torch.stack([step.log_abs_det for step in self._steps]).sum() * (self._shape[1] * self._shape[2])

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        """The level's output and log-determinant."""
        changes = []
        rows = as_rows(x)
        for step in self._steps:
            rows, change = step.forward(rows)
            if change is not None:
                changes.append(change)
        if self._split is not None:
            changes.append(self._split.forward(rows))
        constant = self._log_abs_det.expand(len(x))
        pictures = as_pictures(rows, (len(x), *self._shape))
        return pictures, torch.stack([constant, *changes]).sum(0) if changes else constant

    def inverse(self, y: Images) -> Images:
        """The level's input; ``y`` is overwritten."""
        rows = as_rows(y)
        if self._split is not None:
            self._split.inverse(rows)
        for step in reversed(self._steps):
            rows = step.inverse(rows)
        return as_pictures(rows, (len(y), *self._shape))
