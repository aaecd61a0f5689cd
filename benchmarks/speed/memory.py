"""Peak memory of a training step against depth, ours in three modes and others': ``python -m benchmarks.speed.memory``.

Writes a table to docs/benchmarks/README.md and a drawing beside it. Needs what is in benchmarks/requirements.txt.
"""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from benchmarks.report import REPORT, write_section
from benchmarks.speed.implementations import MEMORY_MODES, PEERS, Size
from benchmarks.speed.training_memory import training_memory

DEPTHS = (8, 16, 32, 64)
PICTURE = REPORT.parent / "memory.png"


def main() -> None:
    """Measure each mode at each depth, in a process of its own."""
    figures: dict[str, list[float]] = {mode: [] for mode in (*MEMORY_MODES, *PEERS)}
    for steps in DEPTHS:
        for mode, row in figures.items():
            row.append(training_memory(mode, Size(flow_steps=steps)))
            print(steps, mode, f"{row[-1]:.0f} MiB", flush=True)
    for mode, row in figures.items():
        label = mode.removeprefix("Glowface, float32").strip(", ") or "store"
        plt.plot(DEPTHS, row, marker="o", linestyle=":" if mode in PEERS else "-", label=label)
    plt.xlabel("K, flow steps in each level")
    plt.ylabel("MiB over model, gradients and optimiser state")
    plt.ylim(0)
    plt.legend()
    plt.tight_layout()
    plt.savefig(PICTURE, dpi=100)
    lines = [f"| | {' | '.join(f'K = {steps}' for steps in DEPTHS)} |", "| --- |" + " ---: |" * len(DEPTHS)]
    lines += [f"| {mode} | {' | '.join(f'{value:.0f}' for value in row)} |" for mode, row in figures.items()]
    size = Size()
    write_section(
        "Training memory against depth",
        f"{size.image_size}×{size.image_size}, L = {size.levels}, width {size.width}, batch {size.batch}. Peak of a "
        "training step in MiB, over model, gradients and optimiser state.\n\n"
        "Command: `python -m benchmarks.speed.memory`\n\n"
        + "\n".join(lines)
        + f"\n\n![Peak memory against depth]({PICTURE.name})",
    )


if __name__ == "__main__":
    main()
