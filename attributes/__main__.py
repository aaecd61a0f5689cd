"""``python -m attributes compute``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from attributes.compute import compute_directions
from attributes.dataset import DatasetError, FaceSet
from attributes.directions import DirectionsError, directions_path, save_directions
from glow.checkpoint import CheckpointError, load_checkpoint
from glow.device import choose_device


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = argparse.ArgumentParser(prog="python -m attributes", description="Attribute directions.")
    commands = parser.add_subparsers(dest="command", required=True)
    compute = commands.add_parser("compute", help="mean latent differences of the 40 labels, in one pass")
    compute.add_argument("--data", required=True, help="labelled faces: CelebA-HQ or torchvision's CelebA")
    compute.add_argument("--checkpoint", required=True, type=Path, help="the model to encode with")
    compute.add_argument("-o", "--output", type=Path, help="default: beside the checkpoint, where the app looks")
    compute.add_argument("--split", default="train", choices=["train", "val", "all"], help="default: %(default)s")
    compute.add_argument("--limit", type=int, help="use only the first so many faces")
    compute.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: %(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    args = build_parser().parse_args(argv)
    try:
        checkpoint = load_checkpoint(args.checkpoint, choose_device(args.device))
        faces = FaceSet.open(args.data, args.split, args.limit)
        output = args.output or directions_path(args.checkpoint)
        save_directions(output, compute_directions(checkpoint, faces))
    except (CheckpointError, DatasetError, DirectionsError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{output}: 40 directions from {len(faces)} faces")
    return 0


if __name__ == "__main__":
    sys.exit(main())
