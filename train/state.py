"""The state of a run on disk: everything that is needed to go on as if it had never stopped.

The last two are kept, in files of their own, so that one which a disk has spoilt loses only the steps after the other.
"""

from __future__ import annotations

import math
import sys
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from errors import GlowfaceError
from glow.distributed import World
from glow.model import Glow
from storage.files import remove_unfinished
from storage.tensors import FORMAT_VERSION, CheckpointError, Header, read_safetensors, write_safetensors
from storage.values import InvalidValueError, integer, number, table
from train.ema import EMA
from train.optimiser import Optimiser, full_tensor, local, shard
from train.settings.config import MAY_CHANGE, FitConfig

KEPT = 2
"""States that are kept."""

RunParts = tuple[Glow, EMA, Optimiser]
"""The model, the moving average of its weights, and the optimiser."""


class ResumeError(GlowfaceError):
    """A run cannot go on from what its folder holds; the message says why and what to do."""


@dataclass
class Progress:
    """How far a run has come."""

    step: int = 0
    """Steps taken."""

    best: float = math.inf
    """The best validation score so far, in bits/dim."""

    stale: int = 0
    """Validations since then."""

    nets: str = ""
    """The coupling nets' dtype, so that a run goes on in the one that it began with."""

    pictures: int = 0
    """How many it is trained on, which decides their order; 0 if that is not known."""


def state_files(folder: Path) -> list[Path]:
    """The states in a run's folder, the newest first."""
    return sorted(folder.glob("state-*.safetensors"), reverse=True)


def save_state(folder: Path, config: FitConfig, progress: Progress, parts: RunParts, world: World) -> None:
    """Write weights, their moving average and the optimiser's state. All processes must call it; the main one writes.

    Raises:
        CheckpointError: the file cannot be written; the states before are still there.
    """
    model, ema, optimiser = parts
    named: dict[str, tuple[Tensor, Tensor | None]] = {
        f"model.{name}": (local(tensor), tensor) for name, tensor in model.state_dict().items()
    }
    named |= {f"average.{name}": (tensor, ema.trained[name]) for name, tensor in ema.tensors.items()}
    named |= {f"optimiser.{name}": pair for name, pair in optimiser.state_tensors().items()}
    tensors: dict[str, Tensor] = {}
    for name, (part, like) in named.items():
        tensor = full_tensor(part, like)
        if world.is_main:
            tensors[name] = tensor.detach().cpu().contiguous()
    if not world.is_main:
        return
    values = asdict(progress) | {"best": progress.best if math.isfinite(progress.best) else None}
    header = {
        "kind": "training state",
        "version": FORMAT_VERSION,
        "config": config.to_dict(),
        "progress": values,
        "checksum": _checksum(tensors),
    }
    write_safetensors(folder / f"state-{progress.step:09d}.safetensors", tensors, header)
    for old in state_files(folder)[KEPT:]:
        old.unlink()


def load_state(folder: Path, config: FitConfig, pictures: int, parts: RunParts, world: World) -> Progress:
    """Fill in the newest state that is whole; how far it is, which in a fresh folder is nowhere.

    The main process reads, and sends the others what they need: only its machine has to have the folder.

    Raises:
        ResumeError: the folder holds a run with another config or on other pictures, or no state that is whole.
    """
    model, ema, optimiser = parts
    tensors: dict[str, Tensor] = {}
    progress: Progress | None = None
    if world.is_main:
        tensors, progress = _read(folder, config)
        if progress.pictures not in (0, pictures):
            raise ResumeError(
                f"{folder} holds a run on {progress.pictures} pictures, {pictures} are given here; give its --data and "
                "--limit again, or choose another --out."
            )
        progress.pictures = pictures
    progress, shapes = world.broadcast_object((progress, {name: (t.shape, t.dtype) for name, t in tensors.items()}))
    assert isinstance(progress, Progress)
    if not progress.step:
        return progress
    places: dict[str, Tensor] = model.state_dict()
    state: dict[str, Tensor] = {}
    for name, (shape, dtype) in shapes.items():
        tensor = tensors[name] if world.is_main else torch.empty(shape, dtype=dtype)
        tensor = world.broadcast(tensor.to(world.device)) if world.size > 1 else tensor
        kind, _, rest = name.partition(".")
        if kind == "model":
            local(places[rest]).copy_(shard(tensor, places[rest]))
        elif kind == "average":
            ema.tensors[rest].copy_(shard(tensor, ema.trained[rest]))
        else:
            state[rest] = tensor
    optimiser.load_state_tensors(state)
    return progress


def _read(folder: Path, config: FitConfig) -> tuple[dict[str, Tensor], Progress]:
    """The newest state that is whole."""
    remove_unfinished(folder)
    files, spoilt = state_files(folder), []
    for path in files:
        try:
            tensors, header = read_safetensors(path, "training state")
            if header.get("checksum") != _checksum(tensors):
                raise CheckpointError(f"{path} is broken: its checksum is wrong.")
            saved, progress = _story(path, header)
        except CheckpointError as error:
            print(f"{error} The run goes on from the state before it, if there is one.", file=sys.stderr)
            spoilt.append(path)
            continue
        saved = replace(saved, **{name: getattr(config, name) for name in MAY_CHANGE})
        if saved != config:
            raise ResumeError(
                f"{folder} holds a run with other settings ({_differences(saved, config)}); give its options again, "
                "or choose another --out."
            )
        for other in spoilt:  # out of the way of the ones to come
            other.replace(other.with_suffix(".broken"))
        return tensors, progress
    if files:
        raise ResumeError(f"no state in {folder} is whole, the run cannot go on; choose another --out.")
    return {}, Progress()


def _story(path: Path, header: Header) -> tuple[FitConfig, Progress]:
    """The config of a state's run, and how far it is."""
    try:
        told = {"best": None, "stale": 0, "nets": "", "pictures": 0} | table("its progress", header.get("progress"))
        best = math.inf if told["best"] is None else number("best", told["best"], -1e12, 1e12)
        counts = {name: integer(name, told.get(name), 0, 2**62) for name in ("step", "stale", "pictures")}
        return FitConfig.from_dict(table("its config", header.get("config"))), Progress(
            best=best, nets=str(told["nets"]), **counts
        )
    except (InvalidValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is no state of this Glowface: {error}") from error


def _checksum(tensors: dict[str, Tensor]) -> int:
    """Of all names and values: safetensors notices a file that is cut off, but not one with other bytes in it."""
    checksum = 0
    for name, tensor in sorted(tensors.items()):
        checksum = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, zlib.crc32(name.encode(), checksum))
    return checksum


def _differences(saved: FitConfig, wanted: FitConfig) -> str:
    def flat(config: FitConfig) -> dict[str, Any]:
        values = asdict(config)
        return {f"model.{name}": value for name, value in values.pop("model").items()} | values

    old, new = flat(saved), flat(wanted)

    def told(value: Any) -> str:
        return "none" if value == "" else str(value)[:24]  # of a hash, that says enough

    return ", ".join(
        f"{name.removeprefix('model.')} {told(old[name])} there, {told(new[name])} here"
        for name in old
        if old[name] != new[name]
    )
