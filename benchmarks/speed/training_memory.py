"""Peak memory of a training step, over what stands before: ``python -m benchmarks.speed.training_memory NAME``."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks.speed.implementations import IMPLEMENTATIONS, THREADS, Size

MIB = 2**20


def reset_peak_memory() -> int:
    """Forget the highest memory use so far (Linux); the present one, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def peak_memory() -> int:
    """The highest memory use since the last reset, in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def training_memory(name: str, size: Size) -> float:
    """MiB over the model, its gradients and the optimiser's state, measured in a fresh process."""
    # Memory is given back as soon as it is free, or the peak would tell of the allocator and not of the implementation.
    thrifty = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}
    command = [sys.executable, "-m", "benchmarks.speed.training_memory", name, "--steps", str(size.flow_steps)]
    done = subprocess.run(command, env=os.environ | thrifty, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure one implementation here, and print MiB."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.training_memory")
    parser.add_argument("implementation", choices=IMPLEMENTATIONS)
    parser.add_argument("--steps", type=int, default=8, help="K (default: %(default)s)")
    args = parser.parse_args()
    size = Size(flow_steps=args.steps)
    torch.set_num_threads(THREADS)
    implementation = IMPLEMENTATIONS[args.implementation](size)
    x = size.pictures()
    with torch.no_grad():
        implementation.initialise(x)
    optimiser = torch.optim.Adam(implementation.parameters, lr=1e-4)
    for parameter in implementation.parameters:
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    start = reset_peak_memory()
    for _ in range(2):
        optimiser.zero_grad(set_to_none=False)
        implementation.loss(x).backward()
        optimiser.step()
    print((peak_memory() - start) / MIB)


if __name__ == "__main__":
    main()
