"""Throughput of training, and how long it waits for pictures: ``python -m benchmarks.speed.training``.

Trains for a few steps with the pictures copied to the training size, and again with the files read anew; what
``train fit`` logs is what is reported.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image

from benchmarks.report import write_section
from data.cache import cache_pictures
from data.face_set import FaceSet
from data.loader import load_pixels
from data.open_pictures import open_pictures
from glow.device import choose_device, fastest_net_dtype
from glow.distributed import World
from train.fit import fit
from train.settings.presets import PRESETS
from train.settings.run_options import RunOptions

COMPARED = ("faces-64", "faces-128")
WARM_UP = 1
"""Lines of the log that are left out."""


def measured(preset: str, args: argparse.Namespace, device: torch.device) -> list[str]:
    """Two lines of the table: copied, and streamed."""
    every = args.every
    config = replace(PRESETS[preset](), steps=(WARM_UP + args.lines) * every, initialise_batch=32)
    size = config.model.image_size
    cores = os.cpu_count() or 1
    table = []
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        pictures = open_pictures(args.data, "train", args.limit)
        validation = load_pixels(open_pictures(args.data, "val", 8), size, cache)
        start = time.perf_counter()
        copies = cache_pictures(pictures, size, cache, workers=cores)
        reading = len(copies) / (time.perf_counter() - start)
        ways = ((f"copied, at {reading:.0f} a second", copies), ("streamed", pictures))
        for way, chosen in ways:
            here = device.type == "cpu" and chosen is copies
            workers = 0 if here else min(cores, 8)
            out = cache / way.split(",")[0]
            fit(
                config,
                chosen,
                validation,
                out,
                world=World(device),
                options=RunOptions(workers=workers, save_every=10**6, eval_every=10**6, log_every=every),
            )
            told = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
            told = [line for line in told if "train" in line][WARM_UP:]
            speed = statistics.median(line["images_per_second"] for line in told)
            waiting = statistics.median(line["waiting_for_data"] for line in told)
            cells = (preset, str(config.batch), way, str(workers), f"{speed:.1f}", f"{waiting:.1%}")
            table.append(f"| {' | '.join(cells)} |")
            print(table[-1], file=sys.stderr)
    return table


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.training")
    parser.add_argument("--data", type=Path, default=Path("data/celebahq"), help="default: %(default)s")
    parser.add_argument("--limit", type=int, default=1000, help="pictures (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=3, help="lines of the log that count (default: %(default)s)")
    parser.add_argument("--every", type=int, default=5, help="steps in each (default: %(default)s)")
    parser.add_argument("--device", default="auto", help="default: %(default)s")
    args = parser.parse_args()
    device = choose_device(args.device)
    nets = str(fastest_net_dtype(device)).removeprefix("torch.")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} CPU threads"
    lines = [line for preset in COMPARED for line in measured(preset, args, device)]
    files = FaceSet.open(args.data, limit=1)
    with Image.open(files.paths[0]) as image:
        sides = f"{image.width}×{image.height}"
    text = (
        f"{name}, {nets} nets, torch {torch.__version__}; medians of {args.lines} spans of {args.every} steps. The "
        f"files are of {sides} pixels. Copied pictures lie ready at the training size; streamed ones are read, decoded "
        "and made smaller at every step, by processes beside the one that trains.\n\n"
        "Command: `python -m benchmarks.speed.training`\n\n"
        "| preset | batch | pictures | reading processes | pictures a second | share of time that waits for data |\n"
        "| --- | ---: | --- | ---: | ---: | ---: |\n" + "\n".join(lines)
    )
    write_section("Training", text)
    print(text)


if __name__ == "__main__":
    main()
