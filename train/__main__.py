"""``python -m train fit`` and ``python -m train eval``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import torch

from attributes.dataset import DatasetError, FaceSet
from glow.checkpoint import DEFAULT_CHECKPOINT, CheckpointError, load_checkpoint
from glow.device import choose_device
from glow.model import Memory
from glow.variants import VARIANTS
from train.config import FitConfig
from train.data import load_pixels
from train.evaluate import bits_per_dim, round_trip
from train.fit import MODEL_FILE, TrainingDivergedError, fit
from train.presets import PRESETS

DTYPES = {"auto": None, "float32": torch.float32, "bfloat16": torch.bfloat16}

MODEL_OPTIONS = {
    "--image-size": "height and width of the pictures in pixels",
    "--levels": "L of the paper: how often the picture is squeezed",
    "--flow-steps": "K of the paper: flow steps in each level",
    "--widths": "hidden channels of the coupling nets, one number for each level, fine to coarse",
    "--n-bits": "bits of each colour channel, 1 to 8",
}
"""Options of ``fit`` that change the preset's model."""


def at_least_1(text: str) -> int:
    """An option's value: a whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} must be at least 1")
    return number


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = argparse.ArgumentParser(prog="python -m train", description="Train and measure Glow models.")
    commands = parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--data", required=True, help="folder of CelebA-HQ, CelebA, or any pictures of aligned faces")
    shared.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: %(default)s)")
    shared.add_argument("--limit", type=at_least_1, help="use only the first so many pictures of each split")
    shared.add_argument("--seed", type=int, default=0, help="seed of everything random (default: %(default)s)")

    run = commands.add_parser("fit", parents=[shared], help="train a model, or go on with a stopped run")
    run.add_argument("--out", required=True, type=Path, help="the run's folder; a stopped run there goes on")
    run.add_argument("--preset", default="faces-64", choices=sorted(PRESETS), help="recipe (default: %(default)s)")
    run.add_argument("--steps", type=int, help="optimiser steps in all")
    run.add_argument("--batch", type=int, help="pictures in one step")
    run.add_argument("--variant", choices=sorted(VARIANTS), help="kind of flow, instead of the preset's")
    for option, text in MODEL_OPTIONS.items():
        run.add_argument(option, type=int, nargs="+" if option == "--widths" else None, help=text)
    run.add_argument("--learning-rate", type=float, help="learning rate after the warm-up")
    run.add_argument(
        "--memory",
        default="store",
        choices=get_args(Memory),
        help="what becomes of activations: kept, recomputed step by step, or got back by inverting; ever less memory "
        "and ever more time, for the same gradients (default: %(default)s)",
    )
    run.add_argument("--warm-start", type=Path, metavar="CHECKPOINT", help="a model whose weights to start from")
    run.add_argument("--precision", default="auto", choices=DTYPES, help="of the coupling nets (default: the faster)")
    run.add_argument(
        "--save-every", type=at_least_1, default=250, help="steps between checkpoints (default: %(default)s)"
    )
    run.add_argument(
        "--look-every", type=at_least_1, default=1000, help="steps between validations (default: %(default)s)"
    )

    measure = commands.add_parser("eval", parents=[shared], help="bits/dim of a checkpoint on pictures")
    measure.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT, help="default: the one in assets/")
    measure.add_argument("--split", default="val", choices=["train", "val", "all"], help="default: %(default)s")
    measure.add_argument("--round-trip", action="store_true", help="also encode, decode and compare each picture")
    measure.add_argument("--json", action="store_true", help="print one line of JSON")
    return parser


def configured(args: argparse.Namespace) -> FitConfig:
    """The preset with what the options change."""
    preset = PRESETS[args.preset]()
    model = {name: getattr(args, name) for name in ("image_size", "levels", "widths", "n_bits")}
    recipe = {name: getattr(args, name) for name in ("steps", "batch", "learning_rate")}
    given = {name: value for name, value in (model | {"steps": args.flow_steps}).items() if value is not None}
    if args.variant is not None:
        of_variant = VARIANTS[args.variant]()
        given |= {"permutation": of_variant.permutation, "coupling": of_variant.coupling}
    return replace(
        preset,
        model=replace(preset.model, **given),
        seed=args.seed,
        **{name: value for name, value in recipe.items() if value is not None},
    )


def run_fit(args: argparse.Namespace) -> None:
    """Train."""
    config = configured(args)
    parts = [FaceSet.open(args.data, split, args.limit) for split in ("train", "val")]
    train_pixels, validation_pixels = (load_pixels(part, config.model.image_size) for part in parts)
    score = fit(
        config,
        train_pixels,
        validation_pixels,
        args.out,
        device=choose_device(args.device),
        data=f"{len(train_pixels)} pictures of {Path(args.data).resolve().name}",
        net_dtype=DTYPES[args.precision],
        memory=args.memory,
        warm_start=None if args.warm_start is None else load_checkpoint(args.warm_start),
        save_every=args.save_every,
        look_every=args.look_every,
    )
    print(f"{args.out / MODEL_FILE}: {score:.4f} bits/dim on {len(validation_pixels)} validation pictures")


def run_eval(args: argparse.Namespace) -> None:
    """Measure."""
    model = load_checkpoint(args.checkpoint, choose_device(args.device)).model
    pixels = load_pixels(FaceSet.open(args.data, args.split, args.limit), model.config.image_size)
    result: dict[str, float] = {
        "bits_per_dim": round(bits_per_dim(model, pixels, seed=args.seed), 4),
        "images": len(pixels),
        "image_size": model.config.image_size,
        "n_bits": model.config.n_bits,
    }
    if args.round_trip:
        result["lossless"], result["largest_error"] = round_trip(model, pixels)
    if args.json:
        print(json.dumps(result))
        return
    print("{bits_per_dim} bits/dim on {images} pictures of {image_size} pixels at {n_bits} bits".format(**result))
    if args.round_trip:
        print("{lossless} of them come back without loss; the largest error is {largest_error:.1e}".format(**result))


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    args = build_parser().parse_args(argv)
    try:
        (run_fit if args.command == "fit" else run_eval)(args)
    except (CheckpointError, DatasetError, TrainingDivergedError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
