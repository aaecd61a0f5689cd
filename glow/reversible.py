"""Training memory that does not grow with depth: activations are recomputed by inverting, not stored.

The idea is that of reversible residual networks (Gomez et al. 2017, arXiv 1707.04585). A flow is invertible anyway, so
only the output of a run of steps has to be kept. Going back, each coupling net is called once: what it gives serves
both to invert the step and to get the step's gradient, so that a training step costs four passes where storing all
costs three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from glow.layer import Images, PerPicture
from glow.layout import halves, join, per_position
from glow.step import FlowStep


class _Tape:
    """What passes between the steps on the way back: how many are still to go, and the output of the next one."""

    left: int = 0
    y: Tensor | None = None


def run_reversibly(steps: Sequence[FlowStep], x: Images) -> tuple[Images, PerPicture]:
    """As calling the steps one after the other: the same ``(y, logdet)``, the same gradients up to rounding.

    Raises:
        RuntimeError: on the way back, when it is gone a second time.
    """
    tape = _Tape()
    logdet = x.new_zeros(len(x))
    for place, step in enumerate(steps, start=1):
        # The parameters are arguments only so that autograd asks for their gradients; one function for each step,
        # so that autograd takes these as they come and not a whole level's at once.
        x, change = _Reversible.apply(step, place, tape, x, *step.parameters())
        logdet = logdet + change
    tape.left, tape.y = len(steps), x.detach()
    return x, logdet


class _Reversible(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, step: FlowStep, place: int, tape: _Tape, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        ctx.step, ctx.place, ctx.tape = step, place, tape
        x = tensors[0]  # the others are the parameters
        y, logdet = step(x)
        return y, logdet

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_y: Tensor, grad_logdet: Tensor) -> tuple[Tensor | None, ...]:
        tape: _Tape = ctx.tape
        if tape.y is None or tape.left != ctx.place:
            raise RuntimeError("reversible training goes back once; call the model again, or set memory to store.")
        y, tape.y = tape.y, None
        x, grad_x, own = _step_back(ctx.step, y, grad_y, grad_logdet)
        tape.left = ctx.place - 1
        tape.y = x if tape.left else None
        return (None, None, None, grad_x, *own)


def _step_back(
    step: FlowStep, y: Tensor, grad_y: Tensor, grad_logdet: Tensor
) -> tuple[Tensor, Tensor, list[Tensor | None]]:
    """The step's input, the gradient by it, and those by the step's parameters, in the order of ``parameters()``."""
    mixed, grad_mixed, coupling_gradients = _coupling_back(step, y, grad_y, grad_logdet)
    x = per_position(mixed, *step.inverse_kernel(y.dtype))
    linear = [*step.actnorm.parameters(), *step.conv.parameters()]
    with torch.enable_grad():
        weight, bias = step.forward_kernel(y.dtype)
        # A step's linear part adds the same to every picture's log-determinant.
        constant = step.log_abs_det() * (y.shape[2] * y.shape[3])
    grad_x = per_position(grad_mixed, weight.detach().T)
    grad_weight = torch.einsum("bohw,bihw->oi", grad_mixed, x)
    outputs = (weight, bias, constant)
    grad_outputs = (grad_weight, grad_mixed.sum((0, 2, 3)), grad_logdet.sum())
    own = _gradients(outputs, grad_outputs, linear)
    return x, grad_x, [*own, *coupling_gradients]


def _coupling_back(
    step: FlowStep, y: Tensor, grad_y: Tensor, grad_logdet: Tensor
) -> tuple[Tensor, Tensor, list[Tensor | None]]:
    """As :func:`_step_back`, for the coupling alone."""
    parameters = list(step.coupling.parameters())
    kept, moved = halves(y)
    grad_kept, grad_moved = halves(grad_y)
    with torch.enable_grad():
        kept = kept.detach().requires_grad_()
        log_scale, shift = step.coupling.scale_and_shift(kept)
    moved = moved - shift.detach()  # what was scaled, before the shift
    if log_scale is None:
        outputs: tuple[Tensor, ...] = (shift,)
        grad_outputs: tuple[Tensor, ...] = (grad_moved,)
    else:
        outputs = (shift, log_scale)
        grad_outputs = (grad_moved, grad_moved * moved + grad_logdet[:, None, None, None])
        scale = log_scale.detach().exp()
        moved, grad_moved = moved / scale, grad_moved * scale
    through_net, *own = _gradients(outputs, grad_outputs, (kept, *parameters))
    assert through_net is not None  # kept always asks for it
    x = join([kept.detach(), moved])
    return x, join([grad_kept + through_net, grad_moved]), own


def _gradients(
    outputs: Sequence[Tensor], grad_outputs: Sequence[Tensor], inputs: Sequence[Tensor]
) -> list[Tensor | None]:
    """The gradients by ``inputs``; None by those that are frozen, as parameters are in fine-tuning."""
    reached = [(output, grad) for output, grad in zip(outputs, grad_outputs, strict=True) if output.requires_grad]
    wanted = [tensor for tensor in inputs if tensor.requires_grad]
    if not reached or not wanted:
        return [None] * len(inputs)
    found = iter(torch.autograd.grad([output for output, _ in reached], wanted, [grad for _, grad in reached]))
    return [next(found) if tensor.requires_grad else None for tensor in inputs]
