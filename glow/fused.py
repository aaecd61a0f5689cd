"""The form that a trained model runs in: all that follows from the parameters alone is worked out once.

Actnorm and 1×1 convolution become one matrix, with its inverse; the nets' kernels are folded, converted and packed;
couplings write in place. What comes out is what the layers themselves give, up to rounding.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property
from threading import Lock

import torch
from torch import Tensor, nn

from glow.coupling import AffineCoupling, Coupling, bounded, bounded_input
from glow.layer import Images, PerPicture
from glow.layout import for_net
from glow.packed import prepare
from glow.step import FlowStep

LARGEST_STORE = 4
"""Forms of one model, one for each batch size: a user of many must not fill the memory."""
HIDDEN_BYTES = 2 * 2**20
"""Size of a coupling net's hidden layer on a CPU: larger batches pass in parts, which then stay in its caches."""


class FusedNet:
    """A coupling's net for pictures of one shape.

    Args:
        coupling: whose net.
        shape: ``(B, C, H, W)`` of what the net sees.
    """

    def __init__(self, coupling: Coupling, shape: tuple[int, int, int, int]) -> None:
        net = coupling.net
        batch, channels, *sides = shape
        self._own = net.first.bias.dtype
        self._dtype = coupling.net_dtype or self._own
        self._bound = coupling.input_bound
        device = net.first.bias.device
        self._grid = net.grid(sides[0], sides[1], device, self._dtype)
        self._shape = (channels, batch, *sides)
        self._part = batch
        if device.type == "cpu":
            width = len(net.first.bias)
            self._part = max(1, min(batch, HIDDEN_BYTES // (width * sides[0] * sides[1] * self._dtype.itemsize)))
        self._layers = []
        for conv in net.convolutions:
            like = torch.empty((self._part, conv.weight.shape[1], *sides), dtype=self._dtype, device=device)
            self._layers.append(prepare(*conv.folded(self._dtype), like, relu=conv is not net.last))
        self._outputs = len(net.last.bias)

    def __call__(self, kept: Tensor) -> Tensor:
        """The net's output, a row for each channel, in the dtype of the parameters."""
        x = bounded_input(for_net(kept.view(self._shape).transpose(0, 1), self._dtype), self._bound)
        if self._grid is not None:
            x = torch.cat([x, self._grid.expand(len(x), -1, -1, -1)], dim=1)
        y = torch.empty((self._outputs, *self._shape[1:]), dtype=self._own, device=x.device)
        for start in range(0, len(x), self._part):
            part = x[start : start + self._part]
            for layer in self._layers:
                part = layer(part)
            y[:, start : start + self._part] = part.transpose(0, 1)
        return y.flatten(1)


class FusedStep:
    """A flow step for pictures of one shape, which come as rows: ``(C, B * H * W)``.

    Args:
        step: the step; its parameters must stay as they are.
        shape: ``(B, C, H, W)``.
        dtype: of what passes through the flow.
    """

    def __init__(self, step: FlowStep, shape: tuple[int, int, int, int], dtype: torch.dtype) -> None:
        batch, channels, height, width = shape
        self._step = step
        self._dtype = dtype
        self._moved_shape = (channels // 2, batch, height * width)
        self._net = FusedNet(step.coupling, (batch, channels // 2, height, width))
        self._bound = step.coupling.bound if isinstance(step.coupling, AffineCoupling) else None

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
        if self._bound is None:
            moved.add_(output)
            return y, None
        raw, shift = output.chunk(2)
        log_scale = bounded(raw, self._bound)[1]
        change = log_scale.view(self._moved_shape).sum((0, 2))
        moved.mul_(log_scale.exp_()).add_(shift)
        return y, change

    def inverse(self, y: Tensor) -> Tensor:
        """The step's input; ``y`` is overwritten."""
        kept, moved = y.chunk(2)
        output = self._net(kept)
        if self._bound is None:
            moved.sub_(output)
        else:
            raw, shift = output.chunk(2)
            moved.sub_(shift).div_(bounded(raw, self._bound)[1].exp_())
        weight, bias = self._inverse_kernel
        return torch.addmm(bias, weight, y)


class FusedLevel:
    """The steps of a level, as :class:`FusedStep`."""

    def __init__(self, steps: Sequence[FlowStep], shape: tuple[int, int, int, int], dtype: torch.dtype) -> None:
        self._steps = [FusedStep(step, shape, dtype) for step in steps]
        self._shape = shape

    @cached_property
    def _log_abs_det(self) -> Tensor:
        return torch.stack([step.log_abs_det for step in self._steps]).sum() * (self._shape[2] * self._shape[3])

    def _pictures(self, rows: Tensor) -> Images:
        batch, channels, *sides = self._shape
        return rows.view(channels, batch, *sides).transpose(0, 1)

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        """The level's output and log-determinant."""
        changes = []
        rows = x.transpose(0, 1).flatten(1)
        for step in self._steps:
            rows, change = step.forward(rows)
            if change is not None:
                changes.append(change)
        constant = self._log_abs_det.expand(len(x))
        return self._pictures(rows), torch.stack([constant, *changes]).sum(0) if changes else constant

    def inverse(self, y: Images) -> Images:
        """The level's input; ``y`` is overwritten."""
        rows = y.transpose(0, 1).flatten(1)
        for step in reversed(self._steps):
            rows = step.inverse(rows)
        return self._pictures(rows)


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
        levels: Sequence[Sequence[FlowStep]],
        shapes: Sequence[tuple[int, int, int, int]],
        dtype: torch.dtype,
    ) -> list[FusedLevel] | None:
        """The levels' fused forms, or None where something may be trained.

        Args:
            model: what the levels are part of.
            levels: the steps of each level.
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
            name = (tuple(shapes[0]), dtype, levels[0][0].coupling.net_dtype)
            if name not in self._forms:
                while len(self._forms) >= LARGEST_STORE:
                    del self._forms[next(iter(self._forms))]
                pairs = zip(levels, shapes, strict=True)
                self._forms[name] = [FusedLevel(steps, shape, dtype) for steps, shape in pairs]
            return self._forms[name]
