"""A level whose parameters may change: its steps in a memory mode, by the training engine or by their layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from glow.engines.reversible import run_reversibly
from glow.engines.training import run_step, run_steps
from glow.layers.flow_layer import FlowLayer, Images, PerPicture
from glow.layers.flow_step import FlowStep

Memory = Literal["store", "checkpoint", "reversible"]
"""What training does with activations: keep them all, recompute each step's in its turn (Chen et al. 2016, arXiv
1604.06174), or keep none inside a level and get them back by inverting. Time grows, memory falls, in this order."""


class TrainableLevel:
    """The steps of a level and what its split does, differentiable.

    Args:
        steps: the steps.
        split: the layer behind them; None in the last level.
        memory: what becomes of activations where gradients are asked for.
        by_layers: whether steps run by their layers' own methods, and not by the training engine, which does not know
            all layers.
    """

    def __init__(self, steps: Sequence[FlowStep], split: FlowLayer | None, memory: Memory, *, by_layers: bool) -> None:
        self._steps = steps
        self._split = split
        self._memory = memory
        self._by_layers = by_layers

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        """The level's output and log-determinant."""
        y, logdet = self._run(x)
        if self._split is None:
            return y, logdet
        y, change = self._split(y)
        return y, logdet + change

    def inverse(self, y: Images) -> Images:
        """The level's input, by the layers' inverses."""
        x = y if self._split is None else self._split.inverse(y)
        for step in reversed(self._steps):
            x = step.inverse(x)
        return x

    def _run(self, x: Images) -> tuple[Images, PerPicture]:
        memory = self._memory if torch.is_grad_enabled() else "store"
        if memory == "reversible":
            return run_reversibly(self._steps, x, by_layers=self._by_layers)
        if memory == "store" and not self._by_layers and not _sharded(self._steps):
            return run_steps(self._steps, x)
        function = None if self._by_layers else run_step
        logdet = x.new_zeros(len(x))
        for step in self._steps:
            if memory == "checkpoint":
                # Nothing in it is random; and a state of random numbers cannot be read while a CUDA graph is recorded.
                x, change = checkpoint(step, x, function, use_reentrant=False, preserve_rng_state=False)
            else:
                x, change = step(x, function)
            logdet = logdet + change
        return x, logdet


def _sharded(steps: Sequence[FlowStep]) -> bool:
    """Whether the steps' parameters are shards (FSDP), which are put together only while a step is called."""
    return type(steps[0].actnorm.bias) is not nn.Parameter
