"""Which engine a model runs on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from glow.engines.inference_cache import is_constant
from glow.layers.actnorm import ActNorm
from glow.layers.coupling import AdditiveCoupling, AffineCoupling
from glow.layers.coupling_net import CouplingNet, ScaledConv2d
from glow.layers.flow_layer import Images, PerPicture
from glow.layers.flow_step import FlowStep
from glow.layers.invertible_conv import Conv1x1, Conv1x1LU
from glow.layers.mixing import FixedPermutation
from glow.layers.prior import SplitPrior, StandardPrior

Engine = Literal["inference", "training", "plain"]
"""``inference`` works out beforehand what follows from parameters that stay as they are; ``training`` runs each step as
one autograd function; ``plain`` calls the layers one after the other, whichever they are."""

KNOWN = {
    nn.ModuleList,
    ActNorm,
    Conv1x1LU,
    Conv1x1,
    FixedPermutation,
    AffineCoupling,
    AdditiveCoupling,
    CouplingNet,
    ScaledConv2d,
    SplitPrior,
    StandardPrior,
}
"""Layers whose formulas the fast engines have for themselves. A subclass may compute others: it is not known."""


class Level(Protocol):
    """A level of the flow, steps and split, on an engine."""

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        """The level's output and log-determinant."""

    def inverse(self, y: Images) -> Images:
        """The level's input; ``y`` may be overwritten."""


class Contents(NamedTuple):
    """What modules are made of."""

    kinds: set[type[nn.Module]]
    """The classes of the modules and of all within them."""
    tensors: list[Tensor]
    """All parameters and buffers."""


def contents(modules: Iterable[nn.Module]) -> Contents:
    """What ``modules`` are made of. ``modules()`` and ``parameters()`` would take as long as a small model does."""
    kinds: set[type[nn.Module]] = set()
    tensors: list[Tensor | None] = []
    left: list[nn.Module | None] = [*modules]
    while left:
        module = left.pop()
        if module is not None:
            kinds.add(type(module))
            tensors += module._parameters.values()
            tensors += module._buffers.values()
            left += module._modules.values()
    return Contents(kinds, [tensor for tensor in tensors if tensor is not None])


def choose(flow: Contents, *, decoding: bool) -> Engine:
    """The engine for levels that are made of ``flow``, here and now: it depends on whether gradients are on.

    Args:
        flow: what the levels and splits are made of.
        decoding: the way back, for which the training engine has nothing of its own.
    """
    if not all(map(_is_known, flow.kinds)):
        return "plain"
    if not torch.is_grad_enabled() and is_constant(flow.tensors):
        return "inference"
    return "plain" if decoding else "training"


def _is_known(kind: type[nn.Module]) -> bool:
    if issubclass(kind, FlowStep):  # FSDP makes subclasses, which compute the same
        return kind.forward is FlowStep.forward and kind.inverse is FlowStep.inverse
    return kind in KNOWN
