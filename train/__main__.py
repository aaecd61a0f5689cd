"""``python -m train``: the commands ``fit``, ``eval``, ``sample``, ``matte`` and ``prepare``."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from attributes.classifier.network import load_classifier
from data.cache import cache_fits, cache_pictures, must_cache
from data.face_set import FaceSet
from data.loader import load_pixels
from data.open_pictures import open_pictures
from data.picture_set import DatasetError, PictureSet
from data.prepare import prepare
from faces.compositing.matte import save_matte
from faces.errors import FaceError
from glow.checkpoint import CheckpointError, load_checkpoint
from glow.device import choose_device
from glow.distributed import World, init_distributed
from glow.variants import VARIANTS
from train.evaluation.bits_per_dim import bits_per_dim, round_trip
from train.evaluation.frechet import frechet_distances
from train.fit import MODEL_FILE, TrainingDivergedError, fit
from train.matte import Taught, overlap, train_matte
from train.metric_logger import draw_rows, save_rows
from train.options import RECIPE_OPTIONS, build_parser
from train.settings.config import FitConfig
from train.settings.presets import PRESETS
from train.settings.run_options import RunOptions
from train.start import check_start

__all__ = ["build_parser", "main"]

DTYPES = {"auto": None, "float32": torch.float32, "bfloat16": torch.bfloat16}
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def configured(args: argparse.Namespace) -> FitConfig:
    """The preset with what the options change."""
    preset = PRESETS[args.preset]()
    model = {name: getattr(args, name) for name in ("image_size", "levels", "widths", "n_bits", "dequantiser_width")}
    given = {name: value for name, value in (model | {"steps": args.flow_steps}).items() if value is not None}
    if args.variant is not None:
        of_variant = VARIANTS[args.variant]()
        given |= {"permutation": of_variant.permutation, "coupling": of_variant.coupling}
    if args.coupling is not None:
        given["coupling"] = args.coupling
    recipe = {name: value for name in RECIPE_OPTIONS if (value := getattr(args, name)) is not None}
    if args.no_mirror:
        recipe["mirror"] = False
    if args.freeze_flow:
        recipe["freeze_flow"] = True
    assert set(recipe) <= {field.name for field in fields(FitConfig)}
    return replace(preset, model=replace(preset.model, **given), seed=args.seed, **recipe)


def run_fit(args: argparse.Namespace) -> None:
    """Train."""
    config = configured(args)
    warm_start = None if args.warm_start is None else load_checkpoint(args.warm_start)
    check_start(config, warm_start)
    size = config.model.image_size
    threads = max(1, (os.cpu_count() or 2) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    readers = min(threads, 16) if args.workers is None else max(1, args.workers)
    training = open_pictures(args.data, "train", args.limit)
    # Before the processes meet: on each machine one reads, and the others wait for its file.
    validation_pixels = load_pixels(open_pictures(args.data, "val", args.limit), size, args.cache, workers=readers)
    cached = (
        args.pictures == "copied" or must_cache(training) or (args.pictures == "auto" and cache_fits(training, size))
    )
    pictures: PictureSet = cache_pictures(training, size, args.cache, workers=readers) if cached else training
    with init_distributed(args.device) as world:
        if world.is_main:
            print(_told(pictures, training, args, world), file=sys.stderr)
        # From a copy, a CPU that trains loses more to another process than it would wait for.
        workers = 0 if cached and world.device.type == "cpu" else min(threads, 8)
        score = fit(
            config,
            pictures,
            validation_pixels,
            args.out,
            world=world,
            warm_start=warm_start,
            options=RunOptions(
                data=f"{len(pictures)} pictures of {Path(args.data).resolve().name}",
                net_dtype=DTYPES[args.precision],
                memory=args.memory,
                shard=args.shard,
                workers=workers if args.workers is None else args.workers,
                save_every=args.save_every,
                eval_every=args.look_every,
                log_every=args.log_every,
            ),
        )
        if world.is_main:
            count = len(validation_pixels)
            print(f"{args.out / MODEL_FILE}: {score:.4f} bits/dim on {count} validation pictures")


def _told(pictures: PictureSet, training: PictureSet, args: argparse.Namespace, world: World) -> str:
    """What the run is about to do, in a line."""
    how = "streamed from their files" if pictures is training else f"copied to {args.cache}"
    missing = len(training) - len(pictures)
    left_out = f", {missing} that cannot be read left out" if missing else ""
    where = f"{world.size} processes" if world.size > 1 else str(world.device)
    return f"{len(pictures)} training pictures, {how}{left_out}; {where}"


def run_eval(args: argparse.Namespace) -> None:
    """Measure."""
    model = load_checkpoint(args.checkpoint, choose_device(args.device)).model
    workers = args.workers or min(os.cpu_count() or 2, 16)
    pictures = open_pictures(args.data, args.split, args.limit)
    pixels = load_pixels(pictures, model.config.image_size, args.cache, workers=workers)
    result: dict[str, Any] = {
        "bits_per_dim": round(bits_per_dim(model, pixels, seed=args.seed), 4),
        "images": len(pixels),
        "image_size": model.config.image_size,
        "n_bits": model.config.n_bits,
    }
    if model.dequantiser is not None:
        result["bits_per_dim_uniform"] = round(bits_per_dim(model, pixels, seed=args.seed, dequantiser=False), 4)
    if args.round_trip:
        result["lossless"], result["largest_error"] = round_trip(model, pixels)
    distances: dict[float, float] = {}
    if args.frechet is not None:
        judge = load_classifier(device=model.device)
        distances = frechet_distances(model, judge, pixels, args.frechet, args.temperatures, seed=args.seed)
        result["frechet"] = {str(temperature): round(value, 3) for temperature, value in distances.items()}
    if args.json:
        print(json.dumps(result))
        return
    print("{bits_per_dim} bits/dim on {images} pictures of {image_size} pixels at {n_bits} bits".format(**result))
    if model.dequantiser is not None:
        print(
            "{bits_per_dim_uniform} bits/dim with uniform noise, the learned dequantiser passed over".format(**result)
        )
    if args.round_trip:
        print("{lossless} of them come back without loss; the largest error is {largest_error:.1e}".format(**result))
    for temperature, value in distances.items():
        print(f"Fréchet distance of {args.frechet} samples at temperature {temperature}: {value:.3f} (no FID)")


def run_sample(args: argparse.Namespace) -> None:
    """Draw a grid of samples."""
    model = load_checkpoint(args.checkpoint, choose_device(args.device)).model
    noise = model.sample_latent(args.columns, 1.0, torch.Generator().manual_seed(args.seed))
    save_rows(args.output, draw_rows(model, noise, args.temperatures))
    print(f"{args.output}: {args.columns} samples at the temperatures {', '.join(map(str, args.temperatures))}")


def run_prepare(args: argparse.Namespace) -> None:
    """Align the faces of photos."""
    device = choose_device(args.device)
    smallest = args.smallest or max(1, args.size // 2)
    # facenet-pytorch's detector does not know Apple's GPUs.
    where = str(device) if device.type == "cuda" else "cpu"
    report = prepare(args.photos, args.out, size=args.size, faces=args.faces, smallest=smallest, device=where)
    print(f"{args.out}: {report}")
    if not report.faces:
        raise DatasetError(f"no face of {args.photos} is in {args.out}; see above why.")


def run_matte(args: argparse.Namespace) -> None:
    """Learn from a teacher's masks who is in a picture."""
    taught = Taught(args.masks)
    parts = [taught.pairs(FaceSet.open(args.data, split)) for split in ("train", "val")]
    net = train_matte(*parts[0], epochs=args.epochs, seed=args.seed)
    figures = overlap(net, *parts[1]) | {"faces": float(len(parts[1][0]))}
    save_matte(args.output, net, figures)
    print(f"{args.output}: on {len(parts[1][0])} held-out faces, IoU {figures['iou']:.4f} with the teacher's masks")


COMMANDS = {"matte": run_matte, "fit": run_fit, "eval": run_eval, "sample": run_sample, "prepare": run_prepare}


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    args = build_parser().parse_args(argv)
    try:
        COMMANDS[args.command](args)
    except (CheckpointError, DatasetError, FaceError, TrainingDivergedError, ValueError, OSError) as error:
        full = isinstance(error, OSError) and error.errno in FULL_DISK
        remedy = "; the disk is full: make room, then give the same command again" if full else ""
        print(f"error: {error}{remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
