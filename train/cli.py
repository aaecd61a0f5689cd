"""The commands of ``glowface train``, and of ``python -m train``: fit, eval, sample, matte and prepare."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from typer.core import TyperCommand

from attributes.classifier.network import load_classifier
from data.cache import cache_fits, cache_pictures, must_cache
from data.face_set import FaceSet
from data.loader import load_pixels
from data.open_pictures import open_pictures
from data.picture_set import DatasetError, PictureSet
from data.prepare import prepare
from data.source_quality import quality_notes
from errors.command_line import command, command_line, run_command_line
from errors.keyboard_interrupt import telling_of_interrupts
from faces.compositing.matte import save_matte
from glow.checkpoint import load_checkpoint
from glow.device import choose_device
from glow.distributed import World, init_distributed
from glow.graphs import CudaGraphs
from glow.variants import VARIANTS
from storage.assets import check_own
from train.evaluation.bits_per_dim import bits_per_dim, round_trip
from train.evaluation.frechet import frechet_distances
from train.fit import MODEL_FILE, fit
from train.matte import Taught, overlap, train_matte
from train.metric_logger import check_tensorboard, draw_rows, save_rows
from train.options import (
    ConfigOptions,
    EvalOptions,
    FitOptions,
    MatteOptions,
    ModelOptions,
    PrepareOptions,
    SampleOptions,
)
from train.settings.config import FitConfig
from train.settings.presets import PRESETS
from train.settings.run_options import RunOptions
from train.start import check_start

DTYPES = {"auto": None, "float32": torch.float32, "bfloat16": torch.bfloat16}

commands = command_line("Train and measure Glow models.")


class FitCommand(TyperCommand):
    """``fit``, whose ``--widths`` takes all numbers that follow it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``--widths`` before each further number, as Typer wants it."""
        words: list[str] = []
        for word in args:
            if word.isdigit() and words[-2:-1] == ["--widths"]:
                words.append("--widths")
            words.append(word)
        return super().parse_args(ctx, words)


def configured(options: FitOptions) -> FitConfig:
    """The preset with what the options change."""
    preset = PRESETS[options.preset]()
    given = {field.name: getattr(options, field.name) for field in fields(ModelOptions)}
    given = {name: value for name, value in given.items() if value is not None}
    if options.variant is not None:
        of_variant = VARIANTS[options.variant]()
        given |= {"permutation": of_variant.permutation, "coupling": of_variant.coupling}
    given |= {
        name: kind
        for name, kind in (("permutation", options.permutation), ("coupling", options.coupling))
        if kind is not None
    }
    settings = {field.name: getattr(options, field.name) for field in fields(ConfigOptions)}
    settings = {name: value for name, value in settings.items() if value is not None}
    if options.no_mirror:
        settings["mirror"] = False
    if options.freeze_flow:
        settings["freeze_flow"] = True
    return replace(preset, model=replace(preset.model, **given), seed=options.seed, **settings)


@command(commands, "fit", cls=FitCommand)
def run_fit(options: FitOptions) -> None:
    """Train a model, or go on with a stopped run."""
    with telling_of_interrupts("the same command goes on from the last checkpoint"):
        _fit(options)


def _fit(options: FitOptions) -> None:
    check_tensorboard()
    config = configured(options)
    warm_start = None if options.warm_start is None else load_checkpoint(options.warm_start)
    check_start(config, warm_start)
    size = config.model.image_size
    threads = max(1, (os.cpu_count() or 2) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    readers = min(threads, 16) if options.workers is None else max(1, options.workers)
    training = open_pictures(options.data, "train", options.limit)
    # Before the processes meet: on each machine one reads, and the others wait for its file.
    validation_pixels = load_pixels(
        open_pictures(options.data, "val", options.limit), size, options.cache, workers=readers
    )
    cached = (
        options.pictures == "copied"
        or must_cache(training)
        or (options.pictures == "auto" and cache_fits(training, size))
    )
    pictures: PictureSet = cache_pictures(training, size, options.cache, workers=readers) if cached else training
    with init_distributed(options.device) as world:
        if world.is_main:
            print(_told(pictures, training, options, world), file=sys.stderr)
            for note in quality_notes(training, size):
                print(f"note: {note}", file=sys.stderr)
        # From a copy, a CPU that trains loses more to another process than it would wait for.
        workers = 0 if cached and world.device.type == "cpu" else min(threads, 8)
        score = fit(
            config,
            pictures,
            validation_pixels,
            options.out,
            world=world,
            warm_start=warm_start,
            options=RunOptions(
                data=f"{len(pictures)} pictures of {Path(options.data).resolve().name}",
                net_dtype=DTYPES[options.precision],
                memory=options.memory,
                shard=options.shard,
                workers=workers if options.workers is None else options.workers,
                save_every=options.save_every,
                eval_every=options.look_every,
                log_every=options.log_every,
                graphs=None if options.no_graph else CudaGraphs(),
            ),
        )
        if world.is_main:
            count = len(validation_pixels)
            print(f"{options.out / MODEL_FILE}: {score:.4f} bits/dim on {count} validation pictures")


def _told(pictures: PictureSet, training: PictureSet, options: FitOptions, world: World) -> str:
    """What the run is about to do, in a line."""
    how = "streamed from their files" if pictures is training else f"copied to {options.cache}"
    missing = len(training) - len(pictures)
    left_out = f", {missing} that cannot be read left out" if missing else ""
    where = f"{world.size} processes" if world.size > 1 else str(world.device)
    return f"{len(pictures)} training pictures, {how}{left_out}; {where}"


@command(commands, "eval")
def run_eval(options: EvalOptions) -> None:
    """Measure a checkpoint's bits/dim on pictures."""
    model = load_checkpoint(options.checkpoint, choose_device(options.device)).model
    workers = options.workers or min(os.cpu_count() or 2, 16)
    pictures = open_pictures(options.data, options.split, options.limit)
    pixels = load_pixels(pictures, model.config.image_size, options.cache, workers=workers)
    result: dict[str, Any] = {
        "bits_per_dim": round(bits_per_dim(model, pixels, seed=options.seed), 4),
        "images": len(pixels),
        "image_size": model.config.image_size,
        "n_bits": model.config.n_bits,
    }
    if model.dequantiser is not None:
        result["bits_per_dim_uniform"] = round(bits_per_dim(model, pixels, seed=options.seed, dequantiser=False), 4)
    if options.round_trip:
        result["lossless"], result["largest_error"] = round_trip(model, pixels)
    distances: dict[float, float] = {}
    if options.frechet is not None:
        classifier = load_classifier(device=model.device)
        distances = frechet_distances(
            model, classifier, pixels, options.frechet, options.temperatures, seed=options.seed
        )
        result["frechet"] = {str(temperature): round(value, 3) for temperature, value in distances.items()}
    if options.json:
        print(json.dumps(result))
        return
    print("{bits_per_dim} bits/dim on {images} pictures of {image_size} pixels at {n_bits} bits".format(**result))
    if model.dequantiser is not None:
        print(
            "{bits_per_dim_uniform} bits/dim with uniform noise, the learned dequantiser passed over".format(**result)
        )
    if options.round_trip:
        print("{lossless} of them come back without loss; the largest error is {largest_error:.1e}".format(**result))
    for temperature, value in distances.items():
        print(f"Fréchet distance of {options.frechet} samples at temperature {temperature}: {value:.3f} (no FID)")


@command(commands, "sample")
def run_sample(options: SampleOptions) -> None:
    """Draw a grid of samples at several temperatures."""
    model = load_checkpoint(options.checkpoint, choose_device(options.device)).model
    noise = model.sample_latent(options.columns, 1.0, torch.Generator().manual_seed(options.seed))
    save_rows(options.output, draw_rows(model, noise, options.temperatures))
    print(
        f"{options.output}: {options.columns} samples at the temperatures {', '.join(map(str, options.temperatures))}"
    )


@command(commands, "prepare")
def run_prepare(options: PrepareOptions) -> None:
    """Make a training set of a folder of photos: align the faces."""
    device = choose_device(options.device)
    smallest = options.smallest or max(1, options.size // 2)
    # facenet-pytorch's detector does not know Apple's GPUs.
    where = str(device) if device.type == "cuda" else "cpu"
    report = prepare(
        options.photos, options.out, size=options.size, faces=options.faces, smallest=smallest, device=where
    )
    print(f"{options.out}: {report}")
    if not report.faces:
        raise DatasetError(f"no face of {options.photos} is in {options.out}; see above why.")


@command(commands, "matte")
def run_matte(options: MatteOptions) -> None:
    """Train what tells a person from the background."""
    check_own(options.output)
    taught = Taught(options.masks)
    parts = [taught.pairs(FaceSet.open(options.data, split)) for split in ("train", "val")]
    net = train_matte(*parts[0], epochs=options.epochs, seed=options.seed)
    figures = overlap(net, *parts[1]) | {"faces": float(len(parts[1][0]))}
    save_matte(options.output, net, figures)
    print(f"{options.output}: on {len(parts[1][0])} held-out faces, IoU {figures['iou']:.4f} with the teacher's masks")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    return run_command_line(commands, "python -m train", words)
