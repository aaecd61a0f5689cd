"""The commands of ``glowface attributes``, and of ``python -m attributes``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer

from attributes.classifier.network import load_classifier
from attributes.custom.commands import custom_commands
from attributes.directions.direction_basis import DirectionBasis, directions_path
from attributes.making.compute import compute_directions
from attributes.making.measure_commands import measure_commands
from attributes.making.train_mapper import BATCH, STEPS, train_mapper
from attributes.options import DirectionsFile, FacesOptions, Limit
from data.face_set import FaceSet
from errors.command_line import Seed, command, command_line, run_command_line
from glow.checkpoint import load_checkpoint
from glow.device import choose_device, fastest_net_dtype
from glow.distributed import init_distributed
from storage.assets import called, check_own
from storage.values import InvalidValueError

commands = command_line("Make sliders, for the 40 labels and of your own, and measure how good they are.")


@dataclass(frozen=True, kw_only=True)
class ComputeOptions(FacesOptions):
    """Options of ``compute``."""

    output: Annotated[
        Path | None, typer.Option("--output", "-o", show_default="beside the checkpoint, where the app looks")
    ] = None
    split: Literal["train", "val", "all"] = "train"
    limit: Limit = None
    plain: Annotated[bool, typer.Option("--plain", help="keep what of the mean differences is likely chance")] = False


@command(commands, "compute")
def run_compute(options: ComputeOptions) -> None:
    """Compute directions of the 40 labels, in one pass; torchrun shares it out."""
    output = check_own(options.output or directions_path(options.checkpoint))
    with init_distributed(options.device, on_cpu=True) as world:
        checkpoint = load_checkpoint(options.checkpoint, world.device)
        faces = FaceSet.open(options.data, options.split, options.limit)
        basis = compute_directions(checkpoint, faces, plain=options.plain, world=world)
        if world.is_main:
            basis.save(output)
            given = ["--data", options.data, "--checkpoint", options.checkpoint]
            given += ["--directions", output] if options.output else []
            print(f"{output}: 40 directions from {len(faces)} faces")
            print(f"next: {called('attributes calibrate')} {shlex.join(map(str, given))}")


@dataclass(frozen=True, kw_only=True)
class MapperOptions(FacesOptions):
    """Options of ``mapper``."""

    directions: DirectionsFile = None
    limit: Limit = None
    steps: int = STEPS
    batch: Annotated[int, typer.Option(help="faces in each step")] = BATCH
    warm_start: Annotated[bool, typer.Option("--warm-start", help="begin with the file's mapper")] = False
    seed: Seed = 0


@command(commands, "mapper", short_help="Train how directions differ from face to face.")
def run_mapper(options: MapperOptions) -> None:
    """Train a latent mapper over the directions that `compute` wrote, and write it to the same file; calibrate next.

    It tells how directions differ from face to face, and takes minutes on a GPU, days without.
    """
    if options.steps < 1 or options.batch < 4:
        raise InvalidValueError(f"--steps is {options.steps} and --batch {options.batch}; at least 1 and 4 are needed.")
    device = choose_device(options.device)
    path = check_own(options.directions or directions_path(options.checkpoint))
    checkpoint = load_checkpoint(options.checkpoint, device)
    checkpoint.model.set_precision(nets=fastest_net_dtype(device))
    basis, faces = DirectionBasis.load(path, checkpoint), FaceSet.open(options.data, "train", options.limit)
    classifier = load_classifier(device=device)
    try:
        mapped = train_mapper(
            checkpoint,
            basis,
            faces,
            classifier,
            steps=options.steps,
            batch=options.batch,
            warm_start=options.warm_start,
            seed=options.seed,
        )
    except torch.OutOfMemoryError as error:
        raise InvalidValueError(
            f"{device} has too little memory for --batch {options.batch}; give a smaller one."
        ) from error
    mapped.save(path)
    print(f"{path}: a mapper, trained on {len(faces)} faces")
    given = ["--data", options.data, "--checkpoint", options.checkpoint]
    given += ["--directions", options.directions] if options.directions else []
    print(f"next: {called('attributes calibrate')} {shlex.join(map(str, given))}")


commands.add_typer(measure_commands)
commands.add_typer(custom_commands)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    return run_command_line(commands, "python -m attributes", words)
