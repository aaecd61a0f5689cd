"""What a run tells while it goes: lines of JSON, TensorBoard's curves, and grids of samples."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torchvision.utils import make_grid, save_image

from errors import GlowfaceError
from glow.latent import Latent
from glow.model import Glow

TEMPERATURES = (0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Of the rows of a grid of samples."""
COLUMNS = 8
"""Samples in each row: the same noise, at each of the temperatures."""


@torch.inference_mode()
def draw_rows(model: Glow, noise: Latent, temperatures: Sequence[float] = TEMPERATURES) -> list[Tensor]:
    """The same noise decoded at each temperature: ``(N, 3, H, W)`` in [0, 1] each, on the CPU."""
    return [model.decode(noise * temperature).clamp(0, 1).cpu() for temperature in temperatures]


def save_rows(path: Path, rows: Sequence[Tensor]) -> None:
    """Write rows of pictures as one PNG: whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    try:
        save_image(torch.cat(list(rows)), aside, format="png", nrow=len(rows[0]), padding=1)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


class NoTensorBoardError(GlowfaceError):
    """TensorBoard, which a run writes its curves for, is not installed."""


def check_tensorboard() -> None:
    """Refuse to train without TensorBoard, of which the app has no need.

    Raises:
        NoTensorBoardError: it is not installed.
    """
    if find_spec("tensorboard") is None:
        raise NoTensorBoardError(
            "training writes its curves with TensorBoard, which is not installed; run `pip install tensorboard`, or "
            "install Glowface as glowface[train]."
        )


class Journal:
    """The journal of a run: ``log.jsonl``, ``tensorboard/`` and ``samples/`` in its folder.

    Args:
        out: the run's folder.
        step: where the run goes on. What was told of later steps, which a killed run had lost, is forgotten.
    """

    def __init__(self, out: Path, step: int) -> None:
        self.out, self.file = out, out / "log.jsonl"
        out.mkdir(parents=True, exist_ok=True)
        if self.file.exists():
            aside = self.file.with_name(".log.jsonl.part")
            aside.write_text("".join(line for line in self.file.open() if _until(line, step)))
            aside.replace(self.file)
        check_tensorboard()
        from torch.utils.tensorboard import SummaryWriter

        self._board = SummaryWriter(str(out / "tensorboard"), purge_step=step + 1)

    def log(self, step: int, **values: float) -> None:
        """Note figures of a step; one that is not finite becomes null."""
        line = {"step": step} | {name: value if math.isfinite(value) else None for name, value in values.items()}
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        for name, value in values.items():
            self._board.add_scalar(name, value, step)

    def draw(self, step: int, model: Glow, noise: Latent) -> None:
        """Draw the grid of samples."""
        rows = draw_rows(model, noise)
        save_rows(self.out / "samples" / f"step-{step:07d}.png", rows)
        for temperature, row in zip(TEMPERATURES, rows, strict=True):
            self._board.add_image(f"samples/temperature {temperature}", make_grid(row, nrow=COLUMNS, padding=1), step)

    def close(self) -> None:
        """Write what is still held back."""
        self._board.close()


def _until(line: str, step: int) -> bool:
    """Whether a line is whole, and of no later step."""
    try:
        return int(json.loads(line)["step"]) <= step
    except (ValueError, KeyError, TypeError):
        return False
