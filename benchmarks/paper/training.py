"""Training runs that are compared: each in a folder of its own, done once, and gone on with where it was stopped."""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.values import InvalidValueError

SIDE = 32
"""Side of the pictures, in pixels."""
BATCH = 64
LOOKS = 12
"""Validations in a run, evenly spread: the points of a curve."""


@dataclass(frozen=True)
class Curve:
    """What came of a run."""

    steps: tuple[int, ...]
    """The steps of the validations."""

    bits: tuple[float, ...]
    """Bits/dim on the validation pictures at these."""

    speed: float
    """Training pictures a second, the median over the run."""

    @property
    def last(self) -> float:
        """Bits/dim at the end."""
        return self.bits[-1]


def common_arguments(parser: argparse.ArgumentParser, pictures: int = 48_000, seeds: int = 2) -> None:
    """Options of every experiment: where pictures and runs lie, how long a run is, how many seeds."""
    parser.add_argument("--data", type=Path, default=Path("data/celebahq"), help="default: %(default)s")
    parser.add_argument("--runs", type=Path, default=Path("runs/paper"), help="default: %(default)s")
    parser.add_argument("--pictures", type=int, default=pictures, help="seen in each run (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=seeds, help="runs of each kind (default: %(default)s)")


def train(name: str, options: Sequence[object], seed: int, args: argparse.Namespace) -> Curve:
    """A run with these options of ``train fit``, or what is there of it already.

    The learning rate rises over the first tenth and falls over the last half; weights are averaged over a twentieth.

    Args:
        name: its folder's, which tells the options.
        options: of the model's shape.
        seed: of weights, data and noise; added to the folder's name.
        args: of :func:`common_arguments`.
    """
    steps = args.pictures // BATCH
    folder = args.runs / f"{name}-{args.pictures}-{seed}"
    look = max(1, steps // LOOKS)
    if steps < 1:
        raise InvalidValueError(f"--pictures is {args.pictures}; a step takes {BATCH}.")
    command = (
        "fit", "--data", args.data, "--out", folder, "--preset", "faces-64", "--image-size", SIDE, "--seed", seed,
        "--dequantiser-width", 0, "--batch", BATCH, "--steps", steps, "--warmup", steps // 10, "--decay-share", 0.5,
        "--ema", 1 - 20 / max(steps, 40), "--look-every", look, "--save-every", look, "--log-every", look, *options,
    )  # fmt: skip
    subprocess.run([sys.executable, "-m", "train", *map(str, command)], check=True)
    return read_curve(folder / "log.jsonl")


def read_curve(log: Path) -> Curve:
    """The validations of a run's log."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    seen = {line["step"]: line["validation"] for line in lines if line.get("validation") is not None}
    speed = statistics.median(line["images_per_second"] for line in lines if "images_per_second" in line)
    return Curve(tuple(seen), tuple(seen.values()), speed)


def minutes_of_training(curves: Iterable[Sequence[Curve]], args: argparse.Namespace) -> str:
    """How long all the runs trained, in words."""
    seconds = sum(args.pictures / curve.speed for seeds in curves for curve in seeds)
    return f"{seconds / 60:.0f} minutes of training in all"


def with_spread(values: Sequence[float], form: str = ".3f") -> str:
    """The mean, and how far single seeds lie from it on average (the sample's standard deviation)."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return f"{mean:{form}}"
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return f"{mean:{form}} ± {spread:.3f}"


def came(ahead: Sequence[float], behind: Sequence[float]) -> str:
    """Whether what was expected came: lower figures, of every seed, for the one than for the other."""
    lead = statistics.fmean(behind) - statistics.fmean(ahead)
    if max(ahead) < min(behind):
        return f"yes, by {lead:.3f}"
    if max(behind) < min(ahead):
        return f"**no**: behind by {-lead:.3f}"
    return f"**cannot be told**: {lead:+.3f} on average, some seeds the other way"
