"""A model that several processes train together: data parallel (DDP), or cut into shards (FSDP)."""

from __future__ import annotations

import warnings
from inspect import signature
from typing import Any

from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.nn.parallel import DistributedDataParallel

from glow.distributed import World
from glow.model import Glow
from storage.values import InvalidValueError
from train.settings.config import FitConfig
from train.settings.run_options import RunOptions


class Objective(nn.Module):
    """The sum of the pictures' bits/dim: what each process has its share of.

    Args:
        model: the flow.
    """

    def __init__(self, model: Glow) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model.bits_per_dim(x).sum()


def check_parallel(config: FitConfig, options: RunOptions, world: World) -> None:
    """Refuse what the processes cannot share.

    Raises:
        InvalidValueError: the batch has too few pictures; or one process alone is to shard the model, or with a memory
            mode that inverts steps, whose weights are then elsewhere.
    """
    if config.batch < world.size * config.accumulation:
        raise InvalidValueError(
            f"a batch of {config.batch} is too small for {world.size} processes with {config.accumulation} parts each; "
            "raise --batch or lower --accumulation."
        )
    if options.shard and world.size == 1:
        raise InvalidValueError("--shard spreads a model over several processes; start them with torchrun.")
    if options.shard and options.memory == "reversible":
        raise InvalidValueError("--shard works with --memory store and --memory checkpoint, not with reversible.")


def apply_fsdp(model: Glow, world: World) -> None:
    """Cut the model's parameters into shards, so that each process keeps and trains a part (FSDP2, arXiv 2304.11277).

    Each flow step is gathered when it is needed, and freed again.
    """
    # FSDP warns that a step's output is a view, which nothing must write into: nothing does.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module", category=UserWarning)
    mesh = init_device_mesh(world.device.type, (world.size,))
    for level in model.levels:
        for step in level:  # type: ignore[attr-defined]
            fully_shard(step, mesh=mesh)
    fully_shard(model, mesh=mesh)


def apply_ddp(model: Glow, world: World) -> nn.Module:
    """The objective of ``model``, whose gradients come as means over all processes; by FSDP where it is applied."""
    objective = Objective(model)
    if world.size == 1 or isinstance(model, FSDPModule):
        return objective
    # Buffers never change. The option's name does, from torch 2.14 on.
    names = signature(DistributedDataParallel.__init__).parameters
    buffers = "forward_sync_buffers" if "forward_sync_buffers" in names else "broadcast_buffers"
    options: dict[str, Any] = {buffers: False}
    return DistributedDataParallel(objective, gradient_as_bucket_view=True, **options)


def set_gradient_sync(objective: nn.Module, on: bool) -> None:
    """Whether gradients are added up over the processes in the next backward pass: only in the last of a step."""
    if isinstance(objective, DistributedDataParallel):
        objective.require_backward_grad_sync = on
    elif isinstance(model := objective.model, FSDPModule):
        model.set_requires_gradient_sync(on)
