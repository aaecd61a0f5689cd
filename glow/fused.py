"""The form that a trained model runs in: all that follows from the parameters alone is worked out once.

Actnorm and 1×1 convolution become one matrix, with its inverse; the nets' kernels are folded, converted and packed;
couplings write in place. What comes out is what the layers themselves give, up to rounding.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property

import torch
from torch import Tensor, nn

from glow.coupling import Coupling, bounded_input
from glow.layer import Images, PerPicture
from glow.layout import for_net, from_net, halves, per_position
from glow.packed import convolve, pack
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
        self._part = batch
        if device.type == "cpu":
            width = len(net.first.bias)
            self._part = max(1, min(batch, HIDDEN_BYTES // (width * sides[0] * sides[1] * self._dtype.itemsize)))
        like = torch.empty((self._part, channels, *sides), dtype=self._dtype, device=device)
        kernels = (conv.folded(self._dtype) for conv in net.convolutions)
        self._kernels = [(pack(weight, like), bias, weight.shape[-1]) for weight, bias in kernels]

    def __call__(self, kept: Images) -> Images:
        """The net's output, channel after channel in memory, in the dtype of the parameters."""
        x = bounded_input(for_net(kept, self._dtype), self._bound)
        if self._grid is not None:
            x = torch.cat([x, self._grid.expand(len(x), -1, -1, -1)], dim=1)
        if len(x) <= self._part:
            return from_net(self._run(x), self._own)
        return from_net(torch.cat([self._run(part) for part in x.split(self._part)]), self._own)

    def _run(self, x: Tensor) -> Tensor:
        *hidden, last = self._kernels
        for kernel in hidden:
            x = convolve(x, *kernel, relu=True)
        return convolve(x, *last)


class FusedStep:
    """A flow step for pictures of one shape.

    Args:
        step: the step; its parameters must stay as they are.
        shape: ``(B, C, H, W)``.
        dtype: of what passes through the flow.
    """

    def __init__(self, step: FlowStep, shape: tuple[int, int, int, int], dtype: torch.dtype) -> None:
        batch, channels, *sides = shape
        self._step = step
        self._dtype = dtype
        self._net = FusedNet(step.coupling, (batch, channels // 2, sides[0], sides[1]))

    @cached_property
    def _forward_kernel(self) -> tuple[Tensor, Tensor]:
        return self._step.forward_kernel(self._dtype)

    @cached_property
    def _inverse_kernel(self) -> tuple[Tensor, Tensor]:
        return self._step.inverse_kernel(self._dtype)

    @cached_property
    def log_abs_det(self) -> Tensor:
        """log|det| of actnorm and mixing at one position, a scalar."""
        return self._step.log_abs_det()

    def forward(self, x: Images) -> tuple[Images, PerPicture | None]:
        """The step's output, and the coupling's log-determinant where it has one."""
        y = per_position(x, *self._forward_kernel)
        kept, moved = halves(y)
        log_scale, shift = self._step.coupling.split(self._net(kept))
        if log_scale is None:
            moved.add_(shift)
            return y, None
        moved.mul_(log_scale.exp()).add_(shift)
        return y, log_scale.sum((1, 2, 3))

    def inverse(self, y: Images) -> Images:
        """The step's input; ``y`` is overwritten."""
        kept, moved = halves(y)
        log_scale, shift = self._step.coupling.split(self._net(kept))
        moved.sub_(shift)
        if log_scale is not None:
            moved.div_(log_scale.exp())
        return per_position(y, *self._inverse_kernel)


class FusedLevel:
    """The steps of a level, as :class:`FusedStep`."""

    def __init__(self, steps: Sequence[FlowStep], shape: tuple[int, int, int, int], dtype: torch.dtype) -> None:
        self._steps = [FusedStep(step, shape, dtype) for step in steps]
        self._positions = shape[2] * shape[3]

    @cached_property
    def _log_abs_det(self) -> Tensor:
        return torch.stack([step.log_abs_det for step in self._steps]).sum() * self._positions

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        """The level's output and log-determinant."""
        changes = []
        for step in self._steps:
            x, change = step.forward(x)
            if change is not None:
                changes.append(change)
        constant = self._log_abs_det.expand(len(x))
        return x, torch.stack([constant, *changes]).sum(0) if changes else constant

    def inverse(self, y: Images) -> Images:
        """The level's input; ``y`` is overwritten."""
        for step in reversed(self._steps):
            y = step.inverse(y)
        return y


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

    def __deepcopy__(self, _memo: object) -> FusedForms:
        return FusedForms()  # the copy's parameters are others

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
