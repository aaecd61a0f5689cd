"""The form that a trained model runs in: all that follows from the parameters alone is worked out once.

Actnorm and 1×1 convolution become one matrix, with its inverse; the nets' kernels are folded, converted and packed;
couplings write in place. What comes out is what the layers themselves give, up to rounding.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property
from threading import Lock, local

import torch
from torch import Tensor, nn

from glow.engines.memory_layout import as_pictures, as_rows
from glow.engines.packed_convolution import prepare
from glow.layers.coupling import AffineCoupling, bounded_input
from glow.layers.coupling_net import ScaledConv2d
from glow.layers.flow_layer import FlowLayer, Images, PerPicture
from glow.layers.flow_step import FlowStep
from glow.layers.prior import LOG_STD_BOUND, SplitPrior

Shape = tuple[int, int, int, int]

LARGEST_STORE = 4
"""Forms of one model, one for each batch size: a user of many must not fill the memory."""
HIDDEN_BYTES = 2 * 2**20
"""Size of a coupling net's hidden layer on a CPU: larger batches pass in parts, which then stay in its caches."""


class _Workspace(local):
    """What a net works in, of each thread: to ask for it anew, with all views of it, takes as long as some operations.

    Args:
        shape: ``(B, C, H, W)`` of what comes in.
        bias: of the last layer.
        dtype: to compute in.
        grid: what the net sees of each position's coordinates, ``(1, 2, H, W)``; None if nothing.
        part: pictures that pass together.
    """

    def __init__(self, shape: Shape, bias: Tensor, dtype: torch.dtype, grid: Tensor | None, part: int) -> None:
        batch, channels, height, width = shape
        inputs = channels if grid is None else channels + grid.shape[1]
        with torch.inference_mode(False):  # it must be usable everywhere
            seen = torch.empty(batch, height, width, inputs, dtype=dtype, device=bias.device)
            self.output = torch.empty(len(bias), batch * height * width, dtype=bias.dtype, device=bias.device)
            if grid is not None:
                seen[:, :, :, channels:] = grid.permute(0, 2, 3, 1)
        self.input = seen.view(batch * height * width, inputs)[:, :channels].t()
        pictures, found = seen.permute(0, 3, 1, 2), as_pictures(self.output, (batch, len(bias), height, width))
        starts = range(0, batch, part)
        self.parts = [(pictures[start : start + part], found[start : start + part]) for start in starts]


class FusedNet:
    """Convolutions with ReLU between, for pictures of one shape, which come as rows: ``(C, B * H * W)``.

    Args:
        convolutions: the layers.
        shape: ``(B, C, H, W)`` of what comes in.
        dtype: to compute in.
        input_bound: where the input is cut off; None for nowhere.
        grid: what is seen of each position's coordinates besides, ``(1, 2, H, W)``; None if nothing.
        gates: the output channels that are log-scales behind a :func:`glow.layers.coupling.bounded`, and its bound.
            They come as log-scales; None for no channels.
        workspaces: those of the nets that run one after the other, which share what is alike.
    """

    def __init__(
        self,
        convolutions: Sequence[ScaledConv2d],
        shape: Shape,
        dtype: torch.dtype,
        *,
        input_bound: float | None,
        grid: Tensor | None = None,
        gates: tuple[slice, float] | None = None,
        workspaces: dict[Hashable, _Workspace],
    ) -> None:
        batch, _, *sides = shape
        last = convolutions[-1]
        device = last.bias.device
        self._dtype, self._input_bound, self._gates = dtype, input_bound, gates
        part = max(1, batch)  # of no pictures, none is a part
        if device.type == "cpu":
            width = max(len(conv.bias) for conv in convolutions)
            part = max(1, min(batch, HIDDEN_BYTES // (width * sides[0] * sides[1] * dtype.itemsize)))
        self._layers = []
        for conv in convolutions:
            kernel, bias = conv.folded(conv.bias.dtype)
            if gates is not None and conv is last:
                channel, bound = gates
                kernel[channel] *= 2 / bound
                bias[channel] *= 2 / bound
            like = torch.empty((part, conv.weight.shape[1], *sides), dtype=dtype, device=device)
            kernel = kernel.to(dtype).contiguous(memory_format=torch.channels_last)
            self._layers.append(prepare(kernel, bias.to(dtype), like, relu=conv is not last))
        self._lowest = None if gates is None else torch.tensor(-gates[1], dtype=last.bias.dtype, device=device)
        name = (shape, last.bias.shape, last.bias.dtype, dtype, grid is None, part)
        if name not in workspaces:
            workspaces[name] = _Workspace(shape, last.bias, dtype, grid, part)
        self._workspace = workspaces[name]

    def __call__(self, kept: Tensor) -> Tensor:
        """The output, a row for each channel, in the parameters' dtype.

        It lies in the workspace: the thread's next call of a net of this shape writes over it.
        """
        workspace = self._workspace
        workspace.input.copy_(bounded_input(kept.to(self._dtype), self._input_bound))
        for part, output in workspace.parts:
            x = part
            for layer in self._layers:
                x = layer(x)
            output.copy_(x)
        if self._gates is not None and self._lowest is not None:
            channel, bound = self._gates
            raw = workspace.output[channel].sigmoid_()  # the rest of its argument's factor is in the kernel
            torch.add(self._lowest, raw, alpha=2 * bound, out=raw)
        return workspace.output


class FusedStep:
    """A flow step for pictures of one shape, which come as rows: ``(C, B * H * W)``.

    Args:
        step: the step; its parameters must stay as they are.
        shape: ``(B, C, H, W)``.
        dtype: of what passes through the flow.
        workspaces: those of the level.
    """

    def __init__(
        self, step: FlowStep, shape: Shape, dtype: torch.dtype, workspaces: dict[Hashable, _Workspace]
    ) -> None:
        batch, channels, height, width = shape
        self._step = step
        self._dtype = dtype
        self._moved_shape = (channels // 2, batch, height * width)
        coupling = step.coupling
        self._affine = isinstance(coupling, AffineCoupling)
        nets_dtype, _ = coupling.dtypes()
        self._net = FusedNet(
            coupling.net.convolutions,
            (batch, channels // 2, height, width),
            nets_dtype,
            input_bound=coupling.input_bound,
            grid=coupling.net.grid(height, width, coupling.net.first.bias.device, nets_dtype),
            gates=(slice(channels // 2), coupling.bound) if isinstance(coupling, AffineCoupling) else None,
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
        change = log_scale.view(self._moved_shape).sum((0, 2))
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


class FusedSplit:
    """A :class:`glow.layers.prior.SplitPrior` for pictures of one shape, which come as rows: ``(C, B * H * W)``.

    Args:
        split: the layer; its parameters must stay as they are.
        shape: ``(B, C, H, W)``.
    """

    def __init__(self, split: SplitPrior, shape: Shape) -> None:
        batch, channels, height, width = shape
        self._moved_shape = (channels // 2, batch, height * width)
        self._net = FusedNet(
            [split.conv],
            (batch, channels // 2, height, width),
            split.conv.bias.dtype,
            input_bound=split.input_bound,
            gates=(slice(channels // 2, channels), LOG_STD_BOUND),
            workspaces={},
        )

    def forward(self, x: Tensor) -> PerPicture:
        """``x`` becomes the layer's output; its log-determinant."""
        z1, z2 = x.chunk(2)
        mean, log_std = self._net(z1).chunk(2)
        change = log_std.view(self._moved_shape).sum((0, 2)).neg_()
        z2.sub_(mean).div_(log_std.exp_())
        return change

    def inverse(self, y: Tensor) -> None:
        """``y`` becomes the layer's input."""
        z1, eps = y.chunk(2)
        mean, log_std = self._net(z1).chunk(2)
        eps.mul_(log_std.exp_()).add_(mean)


class FusedLevel:
    """The steps of a level, as :class:`FusedStep`, and what its split does.

    Args:
        steps: the steps; their parameters must stay as they are.
        split: the layer behind them; None in the last level.
        shape: ``(B, C, H, W)``.
        dtype: of what passes through the flow.
    """

    def __init__(self, steps: Sequence[FlowStep], split: FlowLayer | None, shape: Shape, dtype: torch.dtype) -> None:
        workspaces: dict[Hashable, _Workspace] = {}
        self._steps = [FusedStep(step, shape, dtype, workspaces) for step in steps]
        self._split = FusedSplit(split, shape) if isinstance(split, SplitPrior) else None
        self._shape = shape

    @cached_property
    def _log_abs_det(self) -> Tensor:
        return torch.stack([step.log_abs_det for step in self._steps]).sum() * (self._shape[2] * self._shape[3])

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
        return as_pictures(rows, self._shape), torch.stack([constant, *changes]).sum(0) if changes else constant

    def inverse(self, y: Images) -> Images:
        """The level's input; ``y`` is overwritten."""
        rows = as_rows(y)
        if self._split is not None:
            self._split.inverse(rows)
        for step in reversed(self._steps):
            rows = step.inverse(rows)
        return as_pictures(rows, self._shape)


def _tensors(model: nn.Module) -> list[Tensor]:
    """All parameters and buffers. ``parameters()`` would take as long as a small model does."""
    found: list[Tensor | None] = []
    modules: list[nn.Module | None] = [model]
    while modules:
        module = modules.pop()
        if module is not None:
            found += module._parameters.values()
            found += module._buffers.values()
            modules += module._modules.values()
    return [tensor for tensor in found if tensor is not None]


def _state(tensors: Sequence[Tensor]) -> list[int] | None:
    """What tells whether tensors have changed; None where they may change without a trace."""
    state = []
    for tensor in tensors:
        if tensor.requires_grad or tensor.is_inference():  # by an optimiser, or under inference mode
            return None
        state += [tensor.data_ptr(), tensor._version]
    return state


class FusedForms:
    """A model's fused forms, made when they are first asked for.

    Caches of inverses go wrong when training goes on. So there is none while a parameter asks for gradients:
    optimisers change these, and fused ones do so without raising the tensor's version. Frozen parameters
    (``requires_grad_(False)``, as :func:`glow.load_checkpoint` gives them) are looked at in every call, and all forms
    are made anew when one has changed.
    """

    def __init__(self) -> None:
        self._state: list[int] = []
        self._pinned: list[Tensor] = []
        self._forms: dict[Hashable, list[FusedLevel]] = {}
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[FusedForms], tuple[()]]:
        return FusedForms, ()  # a copy's parameters are others

    def get(
        self,
        model: nn.Module,
        levels: Sequence[tuple[Sequence[FlowStep], FlowLayer | None]],
        shapes: Sequence[Shape],
        dtype: torch.dtype,
    ) -> list[FusedLevel] | None:
        """The levels' fused forms, or None where something may be trained.

        Args:
            model: what the levels are part of.
            levels: the steps of each level, and its split.
            shapes: ``(B, C, H, W)`` of each level.
            dtype: of what passes through the flow.
        """
        if torch.is_grad_enabled():
            return None
        tensors = _tensors(model)
        state = _state(tensors)
        if state is None:
            return None
        with self._lock:
            if state != self._state:
                # Held fast, so that no other tensor comes to lie at the same address.
                self._state, self._pinned, self._forms = state, [tensor.detach() for tensor in tensors], {}
            name = (tuple(shapes[0]), dtype, levels[0][0][0].coupling.net_dtype)
            form = self._forms.pop(name, None)
            if form is None:
                while len(self._forms) >= LARGEST_STORE:
                    del self._forms[next(iter(self._forms))]  # the one that was not asked for the longest
                pairs = zip(levels, shapes, strict=True)
                form = [FusedLevel(steps, split, shape, dtype) for (steps, split), shape in pairs]
            self._forms[name] = form
            return form
