"""Checkpoints: safetensors with the config and the story of the training in a JSON header. Never a pickle."""

from __future__ import annotations

import hashlib
import json
import math
import re
import warnings
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glow.config import GlowConfig
from glow.exactness import LOSSLESS, set_exact_precision
from glow.model import Glow
from glowface import __version__
from storage.tensors import FORMAT_VERSION, CheckpointError, Header, read_header, read_safetensors, write_safetensors
from storage.values import InvalidValueError, integer, number, table

__all__ = ["Checkpoint", "CheckpointError", "TrainingRecord", "load_checkpoint", "read_config", "save_checkpoint"]

LARGEST_CONDITION = 1e4
"""A 1×1 convolution with a larger condition number than this makes a float32 inverse lose what 8 bits need."""

SINGULAR = 1e12
"""One with a larger condition number than this has no inverse that deserves the name."""


class InaccurateInverseWarning(UserWarning):
    """A model's inverse may have lost accuracy; the message says how much and what to do."""


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

    @staticmethod
    def from_dict(values: Any) -> TrainingRecord:
        """The record that a file's header holds.

        Raises:
            InvalidValueError: it holds another.
        """
        given = table("its record", values)
        unknown = sorted(set(given) - {each.name for each in fields(TrainingRecord)})
        if unknown:
            raise InvalidValueError(
                f"its record has unknown fields {unknown}; it needs a newer Glowface than {__version__}."
            )
        for name in ("step", "images_seen"):
            integer(name, given.get(name, 0), 0, 2**62)
        for name, value in table("metrics", given.get("metrics", {})).items():
            number(name, value, -1e12, 1e12)
        if not isinstance(given.get("data", ""), str):
            raise InvalidValueError(f"data is {given['data']!r}; it must be a text.")
        return TrainingRecord(**given)


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


def read_config(path: str | Path) -> GlowConfig:
    """The shape of the model in a checkpoint, without its weights.

    Raises:
        CheckpointError: the file is missing or broken, or holds no model that this version knows.
    """
    header = read_header(Path(path), "model")
    try:
        return _config(header)
    except InvalidValueError as error:
        raise CheckpointError(f"{path} does not fit this Glowface: {error}") from error


def _config(header: Header) -> GlowConfig:
    return GlowConfig.from_dict(table("its config", header.get("config")))


def _expected(header: Header, held: Collection[str]) -> dict[str, Tensor]:
    """Tensors as the file of a model must hold them, told by its config: of one step in each level, for all are alike.

    Nothing that a config asks for is built before the file is known to have as much.
    """
    config = _config(header)
    if config.levels * config.flow_steps > len(held):
        raise InvalidValueError(
            f"{config.levels} levels of {config.flow_steps} steps are more than its {len(held)} tensors."
        )
    expected: dict[str, Tensor] = {}
    for name, tensor in Glow(replace(config, flow_steps=1)).state_dict().items():
        of_step = re.fullmatch(r"(levels\.\d+)\.0\.(.+)", name)
        names = [f"{of_step[1]}.{step}.{of_step[2]}" for step in range(config.flow_steps)] if of_step else [name]
        expected |= dict.fromkeys(names, tensor)
    return expected


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


def _worst_condition(model: Glow) -> float:
    """The largest condition number of a mixing of channels.

    Raises:
        InvalidValueError: one of them has no inverse.
    """
    for name, values in model.named_buffers():
        kind = name.rpartition(".")[2]
        ordered = kind not in ("permutation", "order") or torch.equal(values.sort().values, torch.arange(len(values)))
        if not ordered or (kind == "sign" and not bool((values.abs() == 1).all())):
            raise InvalidValueError(f"{name} is {values.tolist()}, by which channels cannot be put back in order.")
    try:
        worst = max(map(max, model.conditions()))
    except RuntimeError:  # of numbers so large that their product is endless
        worst = math.inf
    if not worst < SINGULAR:  # also of NaN
        raise InvalidValueError(
            f"a 1×1 convolution has the condition number {worst:.0e}, and so no inverse. Train on from an older state, "
            "or use another model."
        )
    return worst


def load_checkpoint(path: str | Path, device: str | torch.device = "cpu") -> Checkpoint:
    """The model that :func:`save_checkpoint` wrote, ready for use on ``device``: in its fastest exact precision.

    A round trip is measured, so that a model whose nets would lose digits in a fast dtype computes them in the flow's.

    Warns:
        InaccurateInverseWarning: the inverse has lost accuracy, or may have.

    Raises:
        CheckpointError: the file is missing or broken, its tensors do not fit its config, or they are no model: numbers
            that are not finite, or convolutions without an inverse.
    """
    tensors, header = read_safetensors(Path(path), "model", _expected)
    try:
        model = Glow(_config(header))
        model.load_state_dict(tensors)
        record = TrainingRecord.from_dict(header.get("record"))
        worst = _worst_condition(model)
    except InvalidValueError as error:
        raise CheckpointError(f"{path} does not fit this Glowface: {error}") from error
    model.eval().requires_grad_(False).to(device)
    largest = set_exact_precision(model)
    if not largest < LOSSLESS:  # also of NaN
        warnings.warn(
            f"{path}: pictures come back with errors of up to {largest:.0e} of the range, where 8 bits need less than "
            f"{LOSSLESS:.0e}. Train on from an older state with a lower learning rate, or use another model.",
            InaccurateInverseWarning,
            stacklevel=2,
        )
    if worst >= LARGEST_CONDITION:
        warnings.warn(
            f"{path}: a 1×1 convolution has the condition number {worst:.0e}; decoding may lose accuracy. Train on "
            "from an older state with a lower learning rate, or use another model.",
            InaccurateInverseWarning,
            stacklevel=2,
        )
    # Of the config as the file has it: fields that later versions add must not change a file's hash.
    return Checkpoint(model, record, _hash(header["config"], tensors))
