"""A step of training as a function of tensors that stay where they are, so that it can be recorded and replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from glow.distributed import World
from glow.graphs import Graphs, Recorder
from train.ema import EMA
from train.optimiser import Optimiser
from train.parallel import set_gradient_sync
from train.settings.config import FitConfig
from train.step.learning_rate_schedule import learning_rate_factor


class Taken(NamedTuple):
    """What a step has come to: scalars on the device, which the host has not waited for, and the next step may
    overwrite."""

    loss: Tensor
    """Bits/dim on this process's share of the batch; the mean over the processes is the batch's."""
    gradient: Tensor
    """The gradient's norm, before it was shortened."""
    skipped: Tensor
    """1 if the gradient was not finite and nothing was changed, else 0."""


class TrainingStep:
    """A step on this process's share of a batch, in ``config.accumulation`` parts.

    From the batch to the new weights it is one piece of work on tensors of its own. Copied into them beforehand are
    the batch and the learning rate. The average of the weights is taken behind it: its weight is a number, and all of
    it takes a few launches.

    Args:
        objective: gives the sum of a batch's bits/dim.
        optimiser: of its parameters.
        ema: the average of them.
        config: the run's.
        world: the processes that share the work.
        pictures_of: makes pictures ``(B, 3, H, W)`` in [0, 1] of what :meth:`__call__` is given, on the device.
        graphs: how the work is recorded; None for not at all.
        tell: is told once how steps are run, where they might be recorded.
    """

    def __init__(
        self,
        objective: nn.Module,
        optimiser: Optimiser,
        ema: EMA,
        config: FitConfig,
        world: World,
        *,
        pictures_of: Callable[..., Tensor],
        graphs: Graphs | None,
        tell: Callable[[str], None],
    ) -> None:
        self._objective, self._optimiser, self._ema = objective, optimiser, ema
        self._config, self._world, self._pictures_of = config, world, pictures_of
        self._inputs: tuple[Tensor, ...] = ()
        zero = torch.zeros((), device=world.device)
        self._taken = Taken(zero, zero, zero)
        self._recorder: Recorder | None = None
        if graphs is None or not graphs.can_record(world.device):
            return

        def told(reason: str | None) -> None:
            plainly = f"steps are launched one operation after the other, not as one CUDA graph: {reason}"
            tell("each step is replayed as one CUDA graph" if reason is None else plainly)

        if world.size > 1:
            told("several processes share the work")
        elif not optimiser.recordable:
            told(f"{config.optimiser} has to look whether the gradient is finite")
        else:
            self._recorder = Recorder(graphs, world.device, told)

    def __call__(self, batch: Sequence[Tensor], step: int) -> Taken:
        """Take step ``step``, counted from 0, on a batch: tensors of the same shapes in every step, on the CPU."""
        if not self._inputs:
            self._inputs = tuple(torch.empty_like(part, device=self._world.device) for part in batch)
        for place, part in zip(self._inputs, batch, strict=True):
            place.copy_(part, non_blocking=True)
        self._optimiser.set_learning_rate_factor(learning_rate_factor(self._config, step))
        if self._recorder is None:
            self._on_device()
        else:
            self._recorder(self._on_device)
        self._ema.update(step)
        return self._taken

    def _on_device(self) -> None:
        """The step itself, of what lies in the inputs."""
        config = self._config
        self._optimiser.zero_grad()  # a recording that was given up has left some
        loss = torch.zeros((), device=self._world.device)
        parts = self._pictures_of(*self._inputs).tensor_split(config.accumulation)
        for place, part in enumerate(parts, start=1):
            set_gradient_sync(self._objective, place == len(parts))
            # Gradients come as the mean over the processes: of sums, so that shares need not be equal.
            share = self._objective(part) * (self._world.size / config.batch)
            share.backward()
            loss += share.detach()
        self._taken = Taken(loss, *self._optimiser.step(config.gradient_clip))
        # A replay finds its memory for gradients by itself; else it would lie idle while the run validates.
        self._optimiser.zero_grad()
