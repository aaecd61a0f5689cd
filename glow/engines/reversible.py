"""Training memory that does not grow with depth: activations are recomputed by inverting, not stored.

The idea is that of reversible residual networks (Gomez et al. 2017, arXiv 1707.04585). A flow is invertible anyway, so
only the output of a run of steps has to be kept. Going back, each coupling net is called once: what it gives serves
both to invert the step and to get the step's gradient, so that a training step costs four passes where storing all
costs three. Steps that the engine does not know invert and differentiate by their layers, which costs five.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from glow.engines.folding import fold
from glow.engines.training import RowCoupling, run_step
from glow.layers.flow_layer import Images, PerPicture
from glow.layers.flow_step import FlowStep
from glow.layers.memory_layout import as_pictures, as_rows


class _Tape:
    """What passes between the steps on the way back: how many are still to go, and the output of the next one."""

    left: int = 0
    y: Tensor | None = None


def run_reversibly(steps: Sequence[FlowStep], x: Images, *, by_layers: bool = False) -> tuple[Images, PerPicture]:
    """Call the steps one after the other: the same ``(y, logdet)``, and the same gradients up to rounding.

    Args:
        steps: the steps of one level.
        x: ``(B, C, H, W)``.
        by_layers: whether the steps run by their layers' own methods.

    Raises:
        RuntimeError: the gradients are asked for a second time.
    """
    tape = _Tape()
    logdet = x.new_zeros(len(x))
    for place, step in enumerate(steps, start=1):
        # The parameters are arguments only so that autograd asks for their gradients; one function for each step,
        # so that autograd takes these as they come and not a whole level's at once.
        x, change = _Reversible.apply(step, by_layers, place, tape, x, *step.parameters())
        logdet = logdet + change
    tape.left, tape.y = len(steps), x.detach()
    return x, logdet


class _Reversible(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, step: FlowStep, by_layers: bool, place: int, tape: _Tape, *tensors: Tensor
    ) -> tuple[Tensor, Tensor]:
        ctx.step, ctx.by_layers, ctx.place, ctx.tape = step, by_layers, place, tape
        x = tensors[0]  # the others are the parameters
        return step(x, None if by_layers else run_step)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_y: Tensor, grad_logdet: Tensor) -> tuple[Tensor | None, ...]:
        tape: _Tape = ctx.tape
        if tape.y is None or tape.left != ctx.place:
            raise RuntimeError("reversible training goes back once; call the model again, or set memory to store.")
        y, tape.y = tape.y, None
        step_back = _step_back_by_layers if ctx.by_layers else _step_back
        x, grad_x, own = step_back(ctx.step, y, grad_y, grad_logdet)
        tape.left = ctx.place - 1
        tape.y = x if tape.left else None
        return (None, None, None, None, grad_x, *own)


def _step_back(
    step: FlowStep, y: Tensor, grad_y: Tensor, grad_logdet: Tensor
) -> tuple[Tensor, Tensor, list[Tensor | None]]:
    """The step's input, the gradient by it, and those by the step's parameters, in the order of ``parameters()``."""
    batch, _, height, width = y.shape
    coupling = RowCoupling.of(step, (batch, height, width))
    with torch.enable_grad():
        (folded,), log_abs_det = fold([step], y.dtype)
        constant = log_abs_det * (height * width)  # the same for every picture
    net = [tensor.detach() for tensor in folded.net]
    saved = coupling.recompute(as_rows(y), net)
    frozen = not any(parameter.requires_grad for parameter in step.parameters())
    grad_mixed, by_net = coupling.gradients(as_rows(grad_y), grad_logdet, saved, net, frozen=frozen)
    inverse, bias = step.inverse_kernel(y.dtype)
    x = torch.addmm(bias[:, None], inverse, saved.mixed)
    grad_x = folded.weight.detach().t() @ grad_mixed
    if frozen:
        return as_pictures(x, y.shape), as_pictures(grad_x, y.shape), [None] * len(list(step.parameters()))
    outputs = (folded.weight, folded.bias, *folded.net, constant)
    grad_outputs = (grad_mixed @ x.t(), grad_mixed.sum(1), *by_net, grad_logdet.sum())
    own = _gradients(outputs, grad_outputs, list(step.parameters()))
    return as_pictures(x, y.shape), as_pictures(grad_x, y.shape), own


def _step_back_by_layers(
    step: FlowStep, y: Tensor, grad_y: Tensor, grad_logdet: Tensor
) -> tuple[Tensor, Tensor, list[Tensor | None]]:
    """:func:`_step_back` of a step with any layers."""
    x = step.inverse(y).detach().requires_grad_()
    with torch.enable_grad():
        outputs = step(x)
    grad_x, *own = _gradients(outputs, (grad_y, grad_logdet), [x, *step.parameters()])
    assert grad_x is not None  # a step depends on its input
    return x.detach(), grad_x, own


def _gradients(
    outputs: Sequence[Tensor], grad_outputs: Sequence[Tensor | None], inputs: Sequence[Tensor]
) -> list[Tensor | None]:
    """The gradients by ``inputs``; None by those that are frozen, as parameters are in fine-tuning, or not used."""
    reached = [(output, grad) for output, grad in zip(outputs, grad_outputs, strict=True) if output.requires_grad]
    wanted = [tensor for tensor in inputs if tensor.requires_grad]
    if not reached or not wanted:
        return [None] * len(inputs)
    found = iter(
        torch.autograd.grad([output for output, _ in reached], wanted, [grad for _, grad in reached], allow_unused=True)
    )
    return [next(found) if tensor.requires_grad else None for tensor in inputs]
