"""Checkpoints: safetensors with the config and the story of the training in a JSON header. Never a pickle."""

from __future__ import annotations

import hashlib
import json
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from glow.config import GlowConfig
from glow.device import exact_spine_dtype, fastest_net_dtype
from glow.exactness import LOSSLESS, round_trip_error
from glow.model import Glow

FORMAT_VERSION = 1
ASSETS = Path(__file__).parent.parent / "assets"
FACES_64 = ASSETS / "faces-64.safetensors"
"""The smaller model that comes with Glowface, for pictures of 64×64."""
FACES_128 = ASSETS / "faces-128.safetensors"
"""The finer one, for pictures of 128×128."""
DEFAULT_CHECKPOINT = FACES_128
"""The one that is used where no other is asked for."""


LARGEST_CONDITION = 1e4
"""A 1×1 convolution with a larger condition number than this makes a float32 inverse lose what 8 bits need."""


class InaccurateInverseWarning(UserWarning):
    """A model's inverse may have lost accuracy; the message says how much and what to do."""


class CheckpointError(ValueError):
    """A file is no checkpoint that this version can load; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """What is known of how a checkpoint came to be; all of it optional."""

    step: int = 0
    """Optimiser steps taken."""

    images_seen: int = 0
    """Training pictures that the flow has learnt from, repeats counted."""

    data: str = ""
    """The training data, in words."""

    metrics: dict[str, float] = field(default_factory=dict)
    """Figures measured on the checkpoint, such as ``bits_per_dim``."""


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model with what its file says of it."""

    model: Glow
    """The model, in evaluation mode."""

    record: TrainingRecord
    """How it was trained."""

    hash: str
    """SHA-256 of the file's config and weights, in hexadecimal, but for record and dequantiser: of all that decides how
    pictures are encoded. Directions fit every model of the same hash."""


def write_safetensors(path: Path, tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
    """Write tensors and a JSON header to ``path``: whole, or not at all.

    The file is written aside, flushed to disk and then renamed, so that a crash or a full disk never leaves
    half a file under the name.

    Raises:
        CheckpointError: the file cannot be written; what was there before still is.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(contiguous, aside, metadata={"glowface": json.dumps(header, sort_keys=True)})
        aside.chmod(0o644)  # safetensors makes files that only their owner can read
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
        _sync_folder(path.parent)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} cannot be written ({error}); make room or choose another place. Files that were there are whole."
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Flush a folder's names to disk, where the system lets folders be opened."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def read_safetensors(path: Path, kind: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors and JSON header of a file that :func:`write_safetensors` wrote.

    Args:
        path: the file.
        kind: what the header's ``kind`` must be, such as ``"model"``.

    Raises:
        CheckpointError: the file is missing, broken, of another kind or from a newer version.
    """
    with _opened(path, kind) as (file, header):
        return {name: file.get_tensor(name) for name in file.keys()}, header  # noqa: SIM118 (not a dict)


@contextmanager
def _opened(path: Path, kind: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A safetensors file to read tensors from, and its JSON header, which is checked."""
    if not path.is_file():
        raise CheckpointError(f"there is no file {path}; check the path.")
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, Any] = json.loads((file.metadata() or {}).get("glowface", "{}"))
            if header.get("kind") != kind:
                found = header.get("kind", "something else")
                raise CheckpointError(f"{path} holds {found!r}, where a {kind!r} is needed.")
            if header.get("version", 0) > FORMAT_VERSION:
                raise CheckpointError(
                    f"{path} has format {header['version']}, this Glowface knows up to {FORMAT_VERSION}; "
                    "update Glowface."
                )
            yield file, header
    except (SafetensorError, json.JSONDecodeError, OSError) as error:
        raise CheckpointError(f"{path} is broken or not a safetensors file ({error}); restore or remake it.") from error


def read_config(path: str | Path) -> GlowConfig:
    """The shape of the model in a checkpoint, without its weights.

    Raises:
        CheckpointError: the file is missing or broken, or holds no model that this version knows.
    """
    try:
        with _opened(Path(path), "model") as (_, header):
            return GlowConfig.from_dict(header["config"])
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not fit this Glowface: {error}") from error


def _hash(config: dict[str, Any], tensors: dict[str, torch.Tensor]) -> str:
    flow = {name: value for name, value in config.items() if not name.startswith("dequantiser_")}
    digest = hashlib.sha256(json.dumps(flow, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        if name.startswith("dequantiser."):
            continue
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def save_checkpoint(path: str | Path, model: Glow, record: TrainingRecord, *, half: bool = False) -> None:
    """Write a model and its training record to ``path`` (safetensors).

    Args:
        path: the file.
        model: the model.
        record: how it was trained.
        half: whether kernels, nearly all of a file, are stored as :func:`round_kernels` rounds them: it takes half the
            room. A model that is loaded from it is as exact as any.

    Raises:
        CheckpointError: the file cannot be written.
    """
    header = {
        "kind": "model",
        "version": FORMAT_VERSION,
        "config": model.config.to_dict(),
        "record": asdict(record),
    }
    state = model.state_dict()
    tensors = {name: value.half() if half and value.ndim == 4 else value for name, value in state.items()}
    write_safetensors(Path(path), tensors, header)


@torch.no_grad()
def round_kernels(model: Glow) -> None:
    """Round the kernels of a model's convolutions to half precision, three digits, in place."""
    for parameter in model.parameters():
        if parameter.ndim == 4:
            parameter.copy_(parameter.half())


def kernels_are_half(model: Glow) -> bool:
    """Whether :func:`round_kernels` would leave the model's flow as it is."""
    kernels = (p for name, p in model.named_parameters() if p.ndim == 4 and not name.startswith("dequantiser."))
    return all(torch.equal(kernel, kernel.half().to(kernel.dtype)) for kernel in kernels)


def _make_exact(model: Glow) -> float:
    """Set the fastest precision in which pictures come back without loss; the error of a round trip in it."""
    spine = exact_spine_dtype(model.device)
    # Only a float64 spine keeps round trips exact whatever the nets compute in.
    fastest = fastest_net_dtype(model.device) if spine == torch.float64 else spine
    error = math.nan
    for nets in dict.fromkeys((fastest, spine)):
        model.set_precision(nets=nets, spine=spine)
        error = round_trip_error(model)
        if error < LOSSLESS:
            break
    return error


def load_checkpoint(path: str | Path, device: str | torch.device = "cpu") -> Checkpoint:
    """The model that :func:`save_checkpoint` wrote, ready for use on ``device``: in its fastest exact precision.

    A round trip is measured, so that a model whose nets would lose digits in a fast dtype computes them in the spine's.

    Warns:
        InaccurateInverseWarning: the inverse has lost accuracy, or may have.

    Raises:
        CheckpointError: the file is missing or broken, or its tensors do not fit its config.
    """
    tensors, header = read_safetensors(Path(path), "model")
    try:
        model = Glow(GlowConfig.from_dict(header["config"]))
        model.load_state_dict(tensors)
        record = TrainingRecord(**header["record"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} does not fit this Glowface: {error}") from error
    model.eval().requires_grad_(False).to(device)
    largest = _make_exact(model)
    if not largest < LOSSLESS:  # also of NaN
        warnings.warn(
            f"{path}: pictures come back with errors of up to {largest:.0e} of the range, where 8 bits need less than "
            f"{LOSSLESS:.0e}. Train on from an older state with a lower learning rate, or use another model.",
            InaccurateInverseWarning,
            stacklevel=2,
        )
    worst = max(map(max, model.conditions()))
    if not worst < LARGEST_CONDITION:  # also of NaN
        warnings.warn(
            f"{path}: a 1×1 convolution has the condition number {worst:.0e}; decoding may lose accuracy. Train on "
            "from an older state with a lower learning rate, or use another model.",
            InaccurateInverseWarning,
            stacklevel=2,
        )
    # Of the config as the file has it: fields that later versions add must not change a file's hash.
    return Checkpoint(model, record, _hash(header["config"], tensors))
