"""Time and memory of `attributes compute` by number of faces: ``python -m benchmarks.speed.compute_directions``.

Writes a table to docs/benchmarks/README.md. Each number of faces runs in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from attributes.making.compute import compute_directions
from benchmarks.report import write_section
from benchmarks.speed.training_memory import MIB, peak_memory, reset_peak_memory
from data.face_set import FaceSet
from glow.checkpoint import load_checkpoint
from storage.assets import FACES_64

FACES = (2000, 8000)
ALL = 27_000


def measured(data: str, faces: int) -> tuple[float, float]:
    """Seconds of the pass, and MiB over what the loaded model and the list of faces take, in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.speed.compute_directions", "--data", data, "--only", str(faces)]
    # Memory is given back as soon as it is free, or the peak would tell of the allocator.
    thrifty = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}
    done = subprocess.run(command, env=os.environ | thrifty, capture_output=True, text=True, check=True)
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def measure_here(data: str, count: int) -> None:
    """One pass in this process; prints seconds and MiB."""
    checkpoint = load_checkpoint(FACES_64)
    faces = FaceSet.open(data, "train", count)
    before = reset_peak_memory()
    start = time.perf_counter()
    compute_directions(checkpoint, faces)
    print(time.perf_counter() - start, (peak_memory() - before) / MIB)


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.compute_directions")
    parser.add_argument("--data", default="data/celebahq", help="CelebA-HQ or torchvision's CelebA")
    parser.add_argument("--only", type=int, help="measure this many faces, here, and print it")
    args = parser.parse_args()
    if args.only:
        measure_here(args.data, args.only)
        return
    lines = ["| faces | seconds | for each 1,000 | peak memory, MiB |", "| ---: | ---: | ---: | ---: |"]
    rates = []
    for faces in FACES:
        seconds, memory = measured(args.data, faces)
        rates.append(seconds / faces)
        lines.append(f"| {faces:,} | {seconds:.0f} | {seconds / faces * 1000:.1f} | {memory:.0f} |")
        print(lines[-1], flush=True)
    write_section(
        "Directions of 40 labels",
        "`attributes compute` with `faces-64`: read, encode and sum, in one pass. Memory is the peak over what "
        "the loaded model and the list of faces take, with an allocator that gives memory back at once. That makes the "
        "pass slower than it usually is.\n\nCommand: `python -m benchmarks.speed.compute_directions`\n\n"
        + "\n".join(lines)
        + f"\n\nAt the last rate, {ALL:,} faces take {rates[-1] * ALL / 60:.1f} minutes.",
    )


if __name__ == "__main__":
    main()
