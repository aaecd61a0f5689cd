"""The command line of ``python -m train``: its commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from glow.config import CouplingKind
from glow.model import Memory
from glow.variants import VARIANTS
from storage.assets import DEFAULT_CHECKPOINT, DEFAULT_MATTE
from train.matte import EPOCHS
from train.metric_logger import COLUMNS, TEMPERATURES
from train.settings.config import FitConfig, OptimiserKind
from train.settings.presets import PRESETS

MODEL_OPTIONS = {
    "--image-size": "height and width of the pictures in pixels",
    "--levels": "L of the paper: how often the picture is squeezed",
    "--flow-steps": "K of the paper: flow steps in each level",
    "--widths": "hidden channels of the coupling nets, one number for each level, fine to coarse",
    "--n-bits": "bits of each colour channel, 1 to 8",
    "--dequantiser-width": "hidden channels of the learned dequantisation's nets; 0 for uniform noise",
}
"""Options of ``fit`` that change the preset's model."""

RECIPE_OPTIONS = {
    "steps": "optimiser steps in all",
    "batch": "pictures in one step, of all processes together",
    "accumulation": "parts that each process's share of a step is computed in: less memory",
    "optimiser": "Muon orthogonalises the steps of the coupling nets' kernels, with Adam for all else",
    "learning_rate": "learning rate of Adam and Adamax after the warm-up",
    "muon_rate": "learning rate of Muon after the warm-up",
    "warmup": "steps over which the learning rates rise",
    "decay_share": "last share of all steps, over which they fall to 0",
    "gradient_clip": "largest norm of the gradient; longer ones are shortened",
    "ema": "decay of the weights' moving average, which is the model that is kept",
    "patience": "validations without a better score after which to stop; 0 for never",
}
"""Options of ``fit`` that change the preset's recipe, by the field of :class:`FitConfig`."""


def at_least_1(text: str) -> int:
    """An option's value: a whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} must be at least 1")
    return number


def temperatures(text: str) -> tuple[float, ...]:
    """An option's value: numbers from 0 on, between commas."""
    values = tuple(float(part) for part in text.split(","))
    if not values or not all(0 <= value < float("inf") for value in values):
        raise argparse.ArgumentTypeError(f"{text} must be numbers of at least 0 between commas")
    return values


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = argparse.ArgumentParser(prog="python -m train", description="Train and measure Glow models.")
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: %(default)s)")
    common.add_argument("--seed", type=int, default=0, help="seed of everything random (default: %(default)s)")
    pictures = argparse.ArgumentParser(add_help=False)
    pictures.add_argument("--data", required=True, help="folder of pictures; docs/training.md lists the known layouts")
    pictures.add_argument("--limit", type=at_least_1, help="use only the first so many pictures of each split")
    pictures.add_argument(
        "--cache",
        type=Path,
        default=Path("runs/cache"),
        help="folder for copies of the pictures at the model's size (default: %(default)s)",
    )
    pictures.add_argument("--workers", type=int, help="processes that read pictures (default: as many as help)")
    _add_fit(commands.add_parser("fit", parents=[common, pictures], help="train a model, or go on with a stopped run"))
    _add_eval(commands.add_parser("eval", parents=[common, pictures], help="bits/dim of a checkpoint on pictures"))
    _add_sample(commands.add_parser("sample", parents=[common], help="draw a grid of samples at several temperatures"))
    _add_matte(commands.add_parser("matte", help="train what tells a person from the background, by a teacher's masks"))
    _add_prepare(commands.add_parser("prepare", help="make a training set of a folder of photos: align the faces"))
    return parser


def _add_fit(run: argparse.ArgumentParser) -> None:
    run.add_argument("--out", required=True, type=Path, help="the run's folder; a stopped run there goes on")
    run.add_argument("--preset", default="faces-64", choices=sorted(PRESETS), help="recipe (default: %(default)s)")
    run.add_argument("--variant", choices=sorted(VARIANTS), help="kind of flow, instead of the preset's")
    run.add_argument("--coupling", choices=get_args(CouplingKind), help="instead of the preset's or variant's")
    for option, text in MODEL_OPTIONS.items():
        run.add_argument(option, type=int, nargs="+" if option == "--widths" else None, help=text)
    kinds: dict[str, Callable[[str], Any]] = {"int": int, "float": float}
    of_field = {field.name: str(field.type) for field in fields(FitConfig)}
    for name, text in RECIPE_OPTIONS.items():
        choices = get_args(OptimiserKind) if name == "optimiser" else None
        option = "--" + name.replace("_", "-")
        run.add_argument(option, type=kinds.get(of_field[name], str), choices=choices, help=text)
    run.add_argument("--no-mirror", action="store_true", help="show every picture as it is, none mirrored")
    run.add_argument(
        "--freeze-flow",
        action="store_true",
        help="train only the learned dequantiser, for the flow of --warm-start: latents and sliders stay as they are",
    )
    run.add_argument(
        "--memory",
        default="store",
        choices=get_args(Memory),
        help="what becomes of activations: kept, recomputed step by step, or got back by inverting; ever less memory "
        "and ever more time, for the same gradients (default: %(default)s)",
    )
    run.add_argument(
        "--shard", action="store_true", help="with torchrun: each process keeps only a part of the weights (FSDP)"
    )
    run.add_argument(
        "--pictures",
        default="auto",
        choices=("auto", "copied", "streamed"),
        help="train on a copy at the model's size, or read the files anew in every epoch; auto copies what fits into "
        "half of the free memory (default: %(default)s)",
    )
    run.add_argument(
        "--warm-start",
        type=Path,
        metavar="CHECKPOINT",
        help="a model whose weights to start from; of half the picture size and one level less, it is grown",
    )
    run.add_argument(
        "--precision",
        default="auto",
        choices=("auto", "float32", "bfloat16"),
        help="of the coupling nets (default: the faster, or what the run began with)",
    )
    for name, default, text in (
        ("--save-every", 250, "checkpoints"),
        ("--look-every", 1000, "validations and sample grids"),
        ("--log-every", 50, "lines of the log"),
    ):
        run.add_argument(name, type=at_least_1, default=default, help=f"steps between {text} (default: %(default)s)")


def _add_eval(measure: argparse.ArgumentParser) -> None:
    measure.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT, help="default: the one in assets/")
    measure.add_argument("--split", default="val", choices=["train", "val", "all"], help="default: %(default)s")
    measure.add_argument("--round-trip", action="store_true", help="also encode, decode and compare each picture")
    measure.add_argument(
        "--frechet",
        type=at_least_1,
        metavar="N",
        help="also the Fréchet distance of N samples to the pictures, in the attribute classifier's features: for "
        "comparing models here, no published FID",
    )
    measure.add_argument(
        "--temperatures", type=temperatures, default=(0.7,), help="of those samples, between commas (default: 0.7)"
    )
    measure.add_argument("--json", action="store_true", help="print one line of JSON")


def _add_sample(draw: argparse.ArgumentParser) -> None:
    draw.add_argument("checkpoint", type=Path, nargs="?", default=DEFAULT_CHECKPOINT, help="default: that in assets/")
    draw.add_argument("-o", "--output", type=Path, default=Path("samples.png"), help="default: %(default)s")
    draw.add_argument("--columns", type=at_least_1, default=COLUMNS, help="samples in a row (default: %(default)s)")
    draw.add_argument(
        "--temperatures",
        type=temperatures,
        default=TEMPERATURES,
        help=f"one row for each, between commas (default: {','.join(map(str, TEMPERATURES))})",
    )


def _add_matte(matte: argparse.ArgumentParser) -> None:
    matte.add_argument("--data", required=True, help="a folder of aligned faces, such as CelebA-HQ")
    matte.add_argument("--masks", type=Path, required=True, help="what `benchmarks/teacher.py` has made of them")
    matte.add_argument("-o", "--output", type=Path, default=DEFAULT_MATTE, help="default: %(default)s")
    matte.add_argument("--epochs", type=at_least_1, default=EPOCHS, help="default: %(default)s")
    matte.add_argument("--seed", type=int, default=0, help="of all that is random (default: %(default)s)")


def _add_prepare(prepare: argparse.ArgumentParser) -> None:
    prepare.add_argument("photos", type=Path, help="folder of photos")
    prepare.add_argument("out", type=Path, help="folder for the aligned faces, as PNG")
    prepare.add_argument(
        "--size", type=at_least_1, default=256, help="of the pictures in pixels (default: %(default)s)"
    )
    prepare.add_argument(
        "--faces",
        default="largest",
        choices=("largest", "all"),
        help="which faces of a photo (default: %(default)s)",
    )
    prepare.add_argument(
        "--smallest",
        type=at_least_1,
        metavar="PIXELS",
        help="leave out faces whose square has fewer pixels a side in the photo (default: half of --size)",
    )
    prepare.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 (default: %(default)s)")
