"""The metrics of a run: measured over its steps, and logged as lines of JSON, TensorBoard's curves and sample grids."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from errors import GlowfaceError
from glow.distributed import World
from glow.latent import Latent
from glow.model import Glow
from storage.files import atomic_write, remove_unfinished

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
    grid = (picture_grid(rows) * 255 + 0.5).byte().permute(1, 2, 0)
    with atomic_write(path) as aside:
        Image.fromarray(grid.numpy()).save(aside, format="png")


def picture_grid(rows: Sequence[Tensor]) -> Tensor:
    """Rows of pictures ``(N, 3, H, W)`` as one picture, with a black line around each of them."""
    lines = [torch.cat(list(F.pad(row, (1, 0, 1, 0))), dim=2) for row in rows]
    return F.pad(torch.cat(lines, dim=1), (0, 1, 0, 1))


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


class MetricLogger:
    """The log of a run: ``log.jsonl``, ``tensorboard/`` and ``samples/`` in its folder.

    Args:
        out: the run's folder.
        step: where the run goes on. What was told of later steps, which a killed run had lost, is forgotten.
    """

    def __init__(self, out: Path, step: int) -> None:
        self.out, self.file = out, out / "log.jsonl"
        out.mkdir(parents=True, exist_ok=True)
        remove_unfinished(out / "samples")
        if self.file.exists():
            with atomic_write(self.file) as aside, self.file.open() as lines:
                aside.write_text("".join(line for line in lines if _until(line, step)))
        check_tensorboard()
        from torch.utils.tensorboard import SummaryWriter

        self._board = SummaryWriter(str(out / "tensorboard"), purge_step=step + 1)

    def log(self, step: int, **values: float) -> None:
        """Keep metrics of a step; one that is not finite becomes null."""
        line = {"step": step} | {name: value if math.isfinite(value) else None for name, value in values.items()}
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        for name, value in values.items():
            self._board.add_scalar(name, value, step)

    def log_samples(self, step: int, model: Glow, seed: int) -> None:
        """Draw the grid of samples, from the same noise for the same seed, and keep it."""
        noise = model.sample_latent(COLUMNS, 1.0, torch.Generator().manual_seed(seed))
        rows = draw_rows(model, noise)
        save_rows(self.out / "samples" / f"step-{step:07d}.png", rows)
        for temperature, row in zip(TEMPERATURES, rows, strict=True):
            self._board.add_image(f"samples/temperature {temperature}", picture_grid([row]), step)

    def close(self) -> None:
        """Write what is still held back."""
        self._board.close()


def _until(line: str, step: int) -> bool:
    """Whether a line is whole, and of no later step."""
    try:
        return int(json.loads(line)["step"]) <= step
    except (ValueError, KeyError, TypeError):
        return False


class StepMeter:
    """What the steps of a run come to, from one line of its log to the next.

    Its sums stay on the device, and are looked at for a line only: to read them makes a GPU wait.

    Args:
        world: the processes that share the work.
        batch: pictures in a step, of all processes together.
    """

    def __init__(self, world: World, batch: int) -> None:
        self._world, self._batch = world, batch
        self._loss, self._finite, self._skipped_in_a_row = (torch.zeros((), device=world.device) for _ in range(3))
        self.start()

    def start(self) -> None:
        """Begin anew, but for the count of steps that were skipped in a row."""
        self._loss.zero_()
        self._finite.zero_()
        self._started, self._waited, self._steps = time.perf_counter(), 0.0, 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the block's time as waiting for data."""
        begun = time.perf_counter()
        yield
        self._waited += time.perf_counter() - begun

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the block's time out."""
        begun = time.perf_counter()
        yield
        self._started += time.perf_counter() - begun

    def add(self, loss: Tensor, skipped: Tensor) -> None:
        """Take in a step: its loss on this process, and 1 if it was skipped, else 0."""
        self._skipped_in_a_row = (self._skipped_in_a_row + 1) * skipped
        self._loss += torch.where(skipped > 0, 0.0, loss)
        self._finite += 1 - skipped
        self._steps += 1

    def read(self) -> tuple[float, float, float]:
        """The mean loss, pictures a second, and the share of time that was spent waiting for data; then begin anew.

        All processes must call it.
        """
        loss = self._world.all_reduce(self._loss).item() / self._world.size / max(1.0, self._finite.item())
        seconds = time.perf_counter() - self._started
        speed, waited = round(self._steps * self._batch / seconds, 1), round(self._waited / seconds, 4)
        self.start()
        return loss, speed, waited

    def skipped_in_a_row(self) -> int:
        """The steps up to now, one after the other, that had no finite gradient."""
        return int(self._skipped_in_a_row.item())
