"""The state of a run on disk: everything that is needed to go on as if it had never stopped."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from glow.checkpoint import FORMAT_VERSION, read_safetensors, write_safetensors
from train.config import FitConfig

STATE_FILE = "state.safetensors"


RunParts = tuple[nn.Module, nn.Module, torch.optim.Optimizer]
"""The model, the moving average of its weights, and the optimiser."""


class ResumeError(ValueError):
    """A run cannot go on from what its folder holds; the message says why and what to do."""


def save_state(folder: Path, config: FitConfig, step: int, parts: RunParts) -> None:
    """Write weights, their moving average and the optimiser's state after ``step`` steps."""
    model, average, optimiser = parts
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
    header = {"kind": "training state", "version": FORMAT_VERSION, "config": config.to_dict(), "step": step}
    write_safetensors(folder / STATE_FILE, tensors, header)


def load_state(folder: Path, config: FitConfig, parts: RunParts) -> int:
    """Fill in what :func:`save_state` wrote; the number of steps taken, 0 in a fresh folder.

    Raises:
        ResumeError: the folder holds a run with another recipe.
        CheckpointError: the file is broken.
    """
    for half in folder.glob(".*.part"):  # a process that was killed while it wrote
        half.unlink()
    path = folder / STATE_FILE
    if not path.exists():
        return 0
    model, average, optimiser = parts
    tensors, header = read_safetensors(path, "training state")
    # Another number of steps is another end, not another run.
    saved = replace(FitConfig.from_dict(header["config"]), steps=config.steps)
    if saved != config:
        raise ResumeError(
            f"{folder} holds a run with another recipe ({_differences(saved, config)}); give its options again, "
            "or choose another --out."
        )
    model.load_state_dict(_below("model.", tensors))
    average.load_state_dict(_below("average.", tensors))
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _below("optimiser.", tensors).items():
        index, key = name.split(".", 1)
        states.setdefault(int(index), {})[key] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": states})
    return int(header["step"])


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _differences(saved: FitConfig, wanted: FitConfig) -> str:
    def flat(config: FitConfig) -> dict[str, Any]:
        values = asdict(config)
        return values | values.pop("model")

    old, new = flat(saved), flat(wanted)
    return ", ".join(f"{name} {old[name]} there, {new[name]} here" for name in old if old[name] != new[name])
