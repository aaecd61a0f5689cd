"""The processes of a run: one alone, or as many as ``torchrun`` has started, on one machine or several."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from inspect import signature
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from errors import GlowfaceError
from glow.device import choose_device
from glow.model import Glow, Memory
from storage.values import UnfitValueError

PATIENCE = timedelta(hours=1)
"""How long processes wait for one another: on each machine one of them may have to read all pictures first."""


@dataclass(frozen=True)
class Ranks:
    """Which process this is, of how many, and on what device it computes."""

    device: torch.device
    """Where this process computes."""

    rank: int = 0
    """This process's number, from 0 on."""

    size: int = 1
    """How many processes there are."""

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and tells of the run."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes of ``values``, which is changed in place; the same on each."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def from_first(self, tensor: Tensor) -> Tensor:
        """The first process's ``tensor``, which is changed in place on the others."""
        if self.size > 1:
            dist.broadcast(tensor, 0)
        return tensor

    def told_by_first(self, value: Any) -> Any:
        """A plain value of the first process."""
        box = [value]
        if self.size > 1:
            dist.broadcast_object_list(box, 0)
        return box[0]


class LostProcessError(GlowfaceError):
    """Another process of the run has ended."""


@contextmanager
def join(device: str) -> Iterator[Ranks]:
    """This process's place among those that ``torchrun`` has started; alone, where it was started without.

    Args:
        device: name of a device, or "auto". With several processes, "auto" and "cuda" give each a GPU of its own.

    Raises:
        UnfitValueError: the device is not here, or there are more processes than GPUs.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if "RANK" not in os.environ or size == 1:
        yield Ranks(choose_device(device))
        return
    chosen = choose_device(device)
    if chosen.type == "cuda":
        place, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if place >= count:
            raise UnfitValueError(f"there are {count} GPUs here for more processes; start {count} on each machine.")
        chosen = torch.device("cuda", place)
        torch.cuda.set_device(chosen)
    elif chosen.type != "cpu":
        raise UnfitValueError(
            f"several processes cannot share device {device!r}; give --device cpu, or start one process."
        )
    store, rank, size = _meeting_place()
    dist.init_process_group(
        "nccl" if chosen.type == "cuda" else "gloo", store=store, rank=rank, world_size=size, timeout=PATIENCE
    )
    try:
        yield Ranks(chosen, rank, size)
    except RuntimeError as error:
        # gloo has no error of its own.
        if isinstance(error, dist.DistError) or "gloo" in str(error).lower():
            raise LostProcessError(f"another process of the run has ended or cannot be reached ({error}).") from error
        raise
    dist.destroy_process_group()  # after an error, torchrun stops the others


def _meeting_place() -> tuple[Any, int, int]:
    """The store over which processes find one another, this one's rank, and their number.

    ``torchrun`` keeps its store when it starts processes anew, with the addresses of the dead ones in it
    (https://github.com/pytorch/pytorch/issues/135712). On one machine, the number of the start keeps them apart.
    """
    store, rank, size = next(iter(rendezvous("env://", timeout=PATIENCE)))
    kept = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    if kept and os.environ.get("GROUP_WORLD_SIZE", "1") == "1":
        store = dist.PrefixStore(f"start {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)  # type: ignore[attr-defined]
    elif kept and rank == 0 and os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0") != "0":
        print(
            "for restarts over several machines, set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 for torchrun", file=sys.stderr
        )
    return store, rank, size


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


def check_shard(memory: Memory, ranks: int) -> None:
    """Refuse what cannot be sharded.

    Raises:
        UnfitValueError: there is one process only, or the memory mode inverts steps, whose weights are then elsewhere.
    """
    if ranks == 1:
        raise UnfitValueError("--shard spreads a model over several processes; start them with torchrun.")
    if memory == "reversible":
        raise UnfitValueError("--shard works with --memory store and --memory checkpoint, not with reversible.")


def spread(model: Glow, ranks: Ranks) -> None:
    """Cut the model's parameters into shards, so that each process keeps and trains a part (FSDP2, arXiv 2304.11277).

    Each flow step is put together when it is needed, and taken apart again.
    """
    # FSDP warns that a step's output is a view, which nothing must write into: nothing does.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module", category=UserWarning)
    mesh = init_device_mesh(ranks.device.type, (ranks.size,))
    for level in model.levels:
        for step in level:  # type: ignore[attr-defined]
            fully_shard(step, mesh=mesh)
    fully_shard(model, mesh=mesh)


def shared(model: Glow, ranks: Ranks) -> nn.Module:
    """The objective of ``model``, whose gradients come as means over all processes."""
    objective = Objective(model)
    if ranks.size == 1 or isinstance(model, FSDPModule):
        return objective
    # Buffers never change. The option's name does, from torch 2.14 on.
    names = signature(DistributedDataParallel.__init__).parameters
    buffers = "forward_sync_buffers" if "forward_sync_buffers" in names else "broadcast_buffers"
    options: dict[str, Any] = {buffers: False}
    return DistributedDataParallel(objective, gradient_as_bucket_view=True, **options)


def set_sync(objective: nn.Module, on: bool) -> None:
    """Whether gradients are added up over the processes in the next backward pass: only in the last of a step."""
    if isinstance(objective, DistributedDataParallel):
        objective.require_backward_grad_sync = on
    elif isinstance(model := objective.model, FSDPModule):
        model.set_requires_gradient_sync(on)
