"""The processes of a run: one alone, or as many as ``torchrun`` has started, on one machine or several."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from errors import GlowfaceError
from glow.device import choose_device
from storage.values import InvalidValueError

PROCESS_GROUP_TIMEOUT = timedelta(hours=1)
"""How long processes wait for one another: on each machine one of them may have to read all pictures first."""


class LostProcessError(GlowfaceError):
    """Another process of the run has ended."""


@dataclass(frozen=True)
class World:
    """Which process this is, of how many, and on what device it computes."""

    device: torch.device
    """Where this process computes."""

    rank: int = 0
    """This process's number, from 0 on."""

    size: int = 1
    """How many processes there are."""

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and tells of the run: the one of rank 0."""
        return self.rank == 0

    def all_reduce(self, values: Tensor) -> Tensor:
        """The sum over all processes of ``values``, which is changed in place; the same on each."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def broadcast(self, tensor: Tensor) -> Tensor:
        """The main process's ``tensor``, which is changed in place on the others."""
        if self.size > 1:
            dist.broadcast(tensor, 0)
        return tensor

    def broadcast_object(self, value: Any) -> Any:
        """The main process's ``value``, a plain one."""
        box = [value]
        if self.size > 1:
            dist.broadcast_object_list(box, 0)
        return box[0]


@contextmanager
def init_distributed(device: str, *, on_cpu: bool = False) -> Iterator[World]:
    """This process's place among those that ``torchrun`` has started; alone, where it was started without.

    The only place where a process group is set up.

    Args:
        device: name of a device, or "auto". Of several processes, each takes a GPU of its own with "cuda".
        on_cpu: whether the processes send one another tensors on the CPU, wherever they compute, and not tensors on
            their devices.

    Raises:
        InvalidValueError: the device is not here, or it is one for several processes, or there are more processes than
            GPUs.
        LostProcessError: another process has ended.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if "RANK" not in os.environ or size == 1:
        yield World(choose_device(device))
        return
    if device.startswith("cuda:"):
        raise InvalidValueError(
            f"--device {device} is one GPU for {size} processes; give --device cuda, with which each takes its own. "
            "CUDA_VISIBLE_DEVICES says which there are to take."
        )
    chosen = choose_device(device)
    if chosen.type == "cuda":
        place, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if place >= count:
            raise InvalidValueError(f"there are {count} GPUs here for more processes; start {count} on each machine.")
        chosen = torch.device("cuda", place)
        torch.cuda.set_device(chosen)
    elif chosen.type != "cpu" and not on_cpu:
        raise InvalidValueError(
            f"several processes cannot share device {device!r}; give --device cpu, or start one process."
        )
    try:
        store, rank, size = _meeting_place()
    except ValueError as error:  # a variable is missing
        raise InvalidValueError(
            f"processes find one another by what torchrun sets; start with it ({error})."
        ) from error
    backend = "nccl" if chosen.type == "cuda" and not on_cpu else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PROCESS_GROUP_TIMEOUT)
    try:
        yield World(chosen, rank, size)
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
    from torch.distributed.rendezvous import rendezvous  # not in every build of PyTorch, nor needed by one process

    store, rank, size = next(iter(rendezvous("env://", timeout=PROCESS_GROUP_TIMEOUT)))
    kept = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    if kept and os.environ.get("GROUP_WORLD_SIZE", "1") == "1":
        store = dist.PrefixStore(f"start {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)  # type: ignore[attr-defined]
    elif kept and rank == 0 and os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0") != "0":
        print(
            "for restarts over several machines, set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 for torchrun", file=sys.stderr
        )
    return store, rank, size
