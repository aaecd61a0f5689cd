"""``python -m attributes``: classifier, directions, their calibration and evaluation, sliders of one's own."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import torch

from attributes.classifier.network import load_classifier
from attributes.custom.commands import add_own_commands
from attributes.directions.basis import Basis, directions_path
from attributes.making.compute import compute_directions
from attributes.making.measure_commands import add_measure_commands
from attributes.making.train_mapper import BATCH, STEPS, train_mapper
from attributes.sliders.errors import DirectionsError
from data.face_set import DatasetError, FaceSet
from glow.checkpoint import CheckpointError, load_checkpoint
from glow.device import choose_device, fastest_net_dtype
from glow.distributed import init_distributed
from storage.assets import DEFAULT_CHECKPOINT


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = argparse.ArgumentParser(prog="python -m attributes", description="Attribute directions.")
    commands = parser.add_subparsers(dest="command", required=True)
    on_faces = argparse.ArgumentParser(add_help=False)
    on_faces.add_argument("--data", required=True, help="labelled faces: CelebA-HQ or torchvision's CelebA")
    on_faces.add_argument(
        "--checkpoint", type=Path, default=DEFAULT_CHECKPOINT, help="the model (default: the one of Glowface)"
    )
    on_faces.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: %(default)s)")

    compute = commands.add_parser(
        "compute", parents=[on_faces], help="directions of the 40 labels, in one pass (torchrun shares it out)"
    )
    compute.add_argument("-o", "--output", type=Path, help="default: beside the checkpoint, where the app looks")
    compute.add_argument("--split", default="train", choices=["train", "val", "all"], help="default: %(default)s")
    compute.add_argument("--limit", type=int, help="use only the first so many faces")
    compute.add_argument("--plain", action="store_true", help="keep what of the mean differences is likely chance")
    compute.set_defaults(run=run_compute)

    training = commands.add_parser(
        "mapper",
        parents=[on_faces],
        help="train what tells how directions differ from face to face: minutes on a GPU, days without",
        description="Train a latent mapper over the directions that `compute` wrote, and write it to the same file; "
        "calibrate next.",
    )
    training.add_argument("--directions", type=Path, help="default: beside the checkpoint")
    training.add_argument("--limit", type=int, help="use only the first so many training faces")
    training.add_argument("--steps", type=int, default=STEPS, help="default: %(default)s")
    training.add_argument("--batch", type=int, default=BATCH, help="faces in each step (default: %(default)s)")
    training.add_argument("--seed", type=int, default=0, help="of all that is random (default: %(default)s)")
    training.set_defaults(run=run_mapper)

    add_measure_commands(commands, on_faces)
    add_own_commands(commands)
    return parser


def run_compute(args: argparse.Namespace) -> None:
    """``compute``, of which a process started by torchrun does its share."""
    with init_distributed(args.device, on_cpu=True) as world:
        checkpoint = load_checkpoint(args.checkpoint, world.device)
        faces = FaceSet.open(args.data, args.split, args.limit)
        basis = compute_directions(checkpoint, faces, plain=args.plain, world=world)
        if world.is_main:
            output = args.output or directions_path(args.checkpoint)
            basis.save(output)
            given = ["--data", args.data, "--checkpoint", args.checkpoint]
            given += ["--directions", output] if args.output else []
            print(f"{output}: 40 directions from {len(faces)} faces")
            print(f"next: python -m attributes calibrate {shlex.join(map(str, given))}")


def run_mapper(args: argparse.Namespace) -> None:
    """``mapper``."""
    if args.steps < 1 or args.batch < 4:
        raise ValueError(f"--steps is {args.steps} and --batch {args.batch}; at least 1 and 4 are needed.")
    device = choose_device(args.device)
    checkpoint, path = load_checkpoint(args.checkpoint, device), args.directions or directions_path(args.checkpoint)
    checkpoint.model.set_precision(nets=fastest_net_dtype(device))
    basis, faces = Basis.load(path, checkpoint), FaceSet.open(args.data, "train", args.limit)
    classifier = load_classifier(device=device)
    try:
        mapped = train_mapper(checkpoint, basis, faces, classifier, steps=args.steps, batch=args.batch, seed=args.seed)
    except torch.OutOfMemoryError as error:
        raise ValueError(f"{device} has too little memory for --batch {args.batch}; give a smaller one.") from error
    mapped.save(path)
    print(f"{path}: a mapper, trained on {len(faces)} faces")
    given = ["--data", args.data, "--checkpoint", args.checkpoint]
    given += ["--directions", args.directions] if args.directions else []
    print(f"next: python -m attributes calibrate {shlex.join(map(str, given))}")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    args = build_parser().parse_args(argv)
    try:
        args.run(args)
    except (CheckpointError, DatasetError, DirectionsError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
