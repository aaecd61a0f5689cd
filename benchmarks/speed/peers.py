"""Ours against other implementations at the same size: ``python -m benchmarks.speed.peers``.

Needs ``pip install -r benchmarks/requirements.txt``. Each implementation runs in a process of its own. They take turns
of a second, many times over: a machine's speed drifts from minute to minute, and then drifts for all of them alike. The
table of medians and ratios goes to docs/benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import statistics

import torch
from tqdm import tqdm

from benchmarks.report import cpu_kind, write_section
from benchmarks.speed.implementations import IMPLEMENTATIONS, PEERS, THREADS, Size
from benchmarks.speed.training_memory import training_memory
from benchmarks.speed.worker import OPERATIONS, Milliseconds, Worker


def measure_times(workers: dict[str, Worker], rounds: int) -> dict[str, dict[str, Milliseconds]]:
    """Medians over the rounds, for each implementation and each operation."""
    times: dict[str, dict[str, list[Milliseconds]]] = {
        name: {operation: [] for operation in OPERATIONS} for name in workers
    }
    for _ in tqdm(range(rounds), desc="rounds", disable=None):
        for operation in OPERATIONS:
            for name, worker in workers.items():
                times[name][operation].append(worker.time(operation))
    return {
        name: {operation: (_median(took, 0), _median(took, 1)) for operation, took in by_operation.items()}
        for name, by_operation in times.items()
    }


def _median(took: list[Milliseconds], which: int) -> float:
    return statistics.median(times[which] for times in took)


def table(workers: dict[str, Worker], times: dict[str, dict[str, Milliseconds]], memory: dict[str, float]) -> str:
    """A row for each implementation; in brackets the ratio to the best peer."""
    lines = [
        "| | parameters, M | encode + likelihood | decode | training step | training memory, MiB | round trip |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    best = {
        operation: [min(times[peer][operation][which] for peer in PEERS) for which in (0, 1)]
        for operation in OPERATIONS
    }
    least = min(memory[peer] for peer in PEERS)
    for name, worker in workers.items():
        cells = []
        for operation in OPERATIONS:
            (wall, cpu), (best_wall, best_cpu) = times[name][operation], best[operation]
            cells.append(f"{cpu:.0f} ({cpu / best_cpu:.2f}), {wall:.0f} ({wall / best_wall:.2f})")
        cells.append(f"{memory[name]:.0f} ({memory[name] / least:.2f})")
        lines.append(f"| {name} | {worker.parameters:.1f} | {' | '.join(cells)} | {worker.error:.0e} |")
    return "\n".join(lines)


def main() -> None:
    """Measure all, and write the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.peers")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each candidate (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=8, help="K (default: %(default)s)")
    args = parser.parse_args()
    size = Size(flow_steps=args.steps)
    memory = {name: training_memory(name, size) for name in IMPLEMENTATIONS}
    workers = {name: Worker(name, size) for name in IMPLEMENTATIONS}
    times = measure_times(workers, args.rounds)
    text = (
        f"{size.image_size}×{size.image_size}, K = {size.flow_steps}, L = {size.levels}, width {size.width}, batch "
        f"{size.batch}, {THREADS} threads, torch {torch.__version__}; each candidate in a process of its own, medians "
        f"of {args.rounds} turns. Times are CPU milliseconds summed over threads, then wall milliseconds; in brackets "
        "the ratio to the best of the three peers. Memory is the peak of a training step over model, gradients and "
        "optimiser state.\n\n"
        f"Command: `python -m benchmarks.speed.peers --rounds {args.rounds} --steps {size.flow_steps}`\n\n"
        + table(workers, times, memory)
    )
    write_section(f"peers, K = {size.flow_steps}, {cpu_kind()}", text)
    print(text)


if __name__ == "__main__":
    main()
