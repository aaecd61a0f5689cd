"""Ours against other implementations at the same size: ``python -m benchmarks.peers``.

Needs ``pip install -r benchmarks/requirements.txt``. Each candidate runs in a process of its own, in turn, for several
rounds; the table of medians and ratios goes to docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.candidates import CANDIDATES, PEERS, Candidate, Size
from benchmarks.report import write_section

THREADS = 2
REPEATS = 5
MIB = 2**20


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Medians of wall and CPU milliseconds (all threads summed), after one run that does not count."""
    wall, cpu = [], []
    for _ in range(REPEATS + 1):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        action()
        wall.append(1000 * (time.perf_counter() - wall_start))
        cpu.append(1000 * (time.process_time() - cpu_start))
    return statistics.median(wall[1:]), statistics.median(cpu[1:])


def reset_peak_memory() -> int:
    """Forget the highest memory use so far (Linux); the present one, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def peak_memory() -> int:
    """The highest memory use since the last reset, in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def measure_time(candidate: Candidate, x: torch.Tensor) -> dict[str, float]:
    """Times of encoding with likelihood, decoding and a training step, and the round trip's largest error."""
    optimiser = torch.optim.Adam(candidate.parameters, lr=1e-4, fused=True)

    def train() -> None:
        optimiser.zero_grad()
        candidate.loss(x).backward()
        optimiser.step()

    figures: dict[str, float] = {"parameters": sum(p.numel() for p in candidate.parameters) / 1e6}
    figures["train wall"], figures["train cpu"] = timed(train)
    for parameter in candidate.parameters:
        parameter.requires_grad_(False)
    candidate.trained()
    with torch.no_grad():
        encoded = candidate.encode(x)
        figures["encode wall"], figures["encode cpu"] = timed(lambda: candidate.encode(x))
        figures["decode wall"], figures["decode cpu"] = timed(lambda: candidate.decode(encoded))
        figures["error"] = float((candidate.decode(encoded) - x).abs().max())
    return figures


def measure_memory(candidate: Candidate, x: torch.Tensor) -> dict[str, float]:
    """Peak memory of training over what stands before it: the model, its gradients and the optimiser's state."""
    optimiser = torch.optim.Adam(candidate.parameters, lr=1e-4)
    for parameter in candidate.parameters:
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    start = reset_peak_memory()
    for _ in range(2):
        optimiser.zero_grad(set_to_none=False)
        candidate.loss(x).backward()
        optimiser.step()
    return {"memory": (peak_memory() - start) / MIB}


def measure_one(name: str, what: str, size: Size) -> None:
    """Print one candidate's figures as a line of JSON."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    candidate = CANDIDATES[name](size)
    x = torch.rand(size.batch, 3, size.image_size, size.image_size)
    with torch.no_grad():
        candidate.ready(x)
    print(json.dumps((measure_time if what == "time" else measure_memory)(candidate, x)))


def in_a_process(name: str, what: str, size: Size) -> dict[str, float]:
    """One candidate's figures, measured in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.peers", "--one", name, "--what", what, "--steps", str(size.steps)]
    # Memory is given back as soon as it is free, or the peak would tell of the allocator and not of the candidate.
    thrifty = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"} if what == "memory" else {}
    done = subprocess.run(command, env=os.environ | thrifty, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def table(rows: dict[str, dict[str, float]]) -> str:
    """Medians, and in brackets the ratio to the best peer."""
    lines = [
        "| | parameters, M | encode + likelihood | decode | training step | training memory, MiB | round trip |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    best = {
        key: min(rows[peer][key] for peer in PEERS)
        for key in ("encode wall", "encode cpu", "decode wall", "decode cpu", "train wall", "train cpu", "memory")
    }
    for name, row in rows.items():
        times = [
            f"{row[f'{key} cpu']:.0f} ({row[f'{key} cpu'] / best[f'{key} cpu']:.2f}), "
            f"{row[f'{key} wall']:.0f} ({row[f'{key} wall'] / best[f'{key} wall']:.2f})"
            for key in ("encode", "decode", "train")
        ]
        memory = f"{row['memory']:.0f} ({row['memory'] / best['memory']:.2f})"
        lines.append(f"| {name} | {row['parameters']:.1f} | {' | '.join(times)} | {memory} | {row['error']:.0e} |")
    return "\n".join(lines)


def main() -> None:
    """Measure all, or one candidate in this process."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("--rounds", type=int, default=3, help="processes per candidate (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=8, help="K (default: %(default)s)")
    parser.add_argument("--one", choices=CANDIDATES, help="measure only this one, here, and print JSON")
    parser.add_argument("--what", choices=["time", "memory"], default="time", help="with --one")
    args = parser.parse_args()
    size = Size(steps=args.steps)
    if args.one:
        measure_one(args.one, args.what, size)
        return
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CANDIDATES}
    for _ in range(args.rounds):
        for name, figures in runs.items():
            figures.append(in_a_process(name, "time", size) | in_a_process(name, "memory", size))
            print(name, figures[-1], flush=True)
    medians = {
        name: {key: statistics.median(figure[key] for figure in figures) for key in figures[0]}
        for name, figures in runs.items()
    }
    text = (
        f"{size.image_size}×{size.image_size}, K = {size.steps}, L = {size.levels}, width {size.width}, batch "
        f"{size.batch}, {THREADS} threads, torch {torch.__version__}; medians of {args.rounds} processes each, in "
        "turn. Times are CPU milliseconds summed over threads, then wall milliseconds; in brackets the ratio to the "
        "best of the three peers. Memory is the peak of a training step over model, gradients and optimiser state.\n\n"
        f"Command: `python -m benchmarks.peers --rounds {args.rounds} --steps {size.steps}`\n\n{table(medians)}"
    )
    write_section(f"peers, K = {size.steps}", text)
    print(text)


if __name__ == "__main__":
    main()
