"""What mixes the channels, the paper's figure 3: ``python -m benchmarks.paper.permutations``.

Needs matplotlib (requirements-dev.txt). Expected, as in the paper: learned 1×1 convolutions ahead of fixed shuffles,
these ahead of reversing; additive couplings behind affine ones; and the LU form of the convolutions no worse than the
full one.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from benchmarks.paper.page import DOCUMENT, write
from benchmarks.paper.training import (
    SIDE,
    Curve,
    came,
    common_arguments,
    minutes_of_training,
    train,
    with_spread,
)

PICTURE = DOCUMENT.parent / "permutations.svg"
SHAPE = ("--levels", 3, "--flow-steps", 8, "--widths", 48, 64, 96)
"""The same for all: L = 3, K = 8."""
KINDS = (
    ("reverse", "affine"), ("shuffle", "affine"), ("1x1-lu", "affine"),
    ("reverse", "additive"), ("shuffle", "additive"), ("1x1-lu", "additive"),
    ("1x1-full", "affine"),
)  # fmt: skip
"""Permutation and coupling of each row; the last is there for the LU form alone."""
TITLES = {
    "reverse": "reverse", "shuffle": "fixed shuffle", "1x1-lu": "1×1 convolution", "1x1-full": "1×1 convolution, full",
}  # fmt: skip

Kind = tuple[str, str]


def draw(curves: Mapping[Kind, Sequence[Curve]], picture: Path) -> None:
    """The curves' means over the seeds, with all seeds in between, as an SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "glowface"  # the same curves give the same file
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for side, coupling in zip(axes, ("affine", "additive"), strict=True):
        for (permutation, of_coupling), seeds in curves.items():
            if of_coupling != coupling or permutation == "1x1-full":
                continue
            runs = list(zip(*(curve.bits for curve in seeds), strict=True))
            steps = seeds[0].steps
            side.plot(steps, [sum(run) / len(run) for run in runs], label=TITLES[permutation])
            side.fill_between(steps, [min(run) for run in runs], [max(run) for run in runs], alpha=0.2)
        side.set(title=f"{coupling} couplings", xlabel="steps")
        side.grid(alpha=0.3)
    axes[0].set_ylabel("bits/dim, validation")
    axes[0].legend()
    lowest = min(curve.last for seeds in curves.values() for curve in seeds)
    axes[0].set_ylim(lowest - 0.05, lowest + 0.6)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, metadata={"Date": None})
    pyplot.close(figure)


def claims(curves: Mapping[Kind, Sequence[Curve]]) -> str:
    """What the paper leads one to expect, each with what came, as rows of a table."""
    couplings, permutations = ("affine", "additive"), ("1x1-lu", "shuffle", "reverse")
    pairs = [((first, each), (second, each)) for each in couplings for first, second in pairwise(permutations)]
    pairs += [((each, "affine"), (each, "additive")) for each in permutations]
    return "\n".join(
        f"| {TITLES[first[0]]}, {first[1]}, ahead of {TITLES[second[0]]}, {second[1]} | "
        f"{came(*([curve.last for curve in curves[kind]] for kind in (first, second)))} |"
        for first, second in pairs
    )


def report(curves: Mapping[Kind, Sequence[Curve]], args: argparse.Namespace) -> str:
    """The section's text."""
    rows = "\n".join(
        f"| {TITLES[permutation]} | {coupling} | {with_spread([curve.last for curve in seeds])} |"
        for (permutation, coupling), seeds in curves.items()
    )
    return (
        f"The paper's figure 3 on `{args.data.name}` at {SIDE} pixels: L = 3, K = 8, all trained alike on "
        f"{args.pictures:,} pictures each, {args.seeds} seeds (bands from the lowest to the highest).\n\n"
        f"Command: `python -m benchmarks.paper.permutations` ({minutes_of_training(curves.values(), args)})\n\n"
        f"![Bits/dim over steps, by permutation and coupling]({PICTURE.name})\n\n"
        f"| permutation | coupling | bits/dim at the end |\n| --- | --- | ---: |\n{rows}\n\n"
        f"| expected, as in the paper | came, in bits/dim |\n| --- | --- |\n{claims(curves)}"
    )


def main() -> None:
    """Train whatever is missing, and write the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paper.permutations")
    common_arguments(parser)
    args = parser.parse_args()
    curves: dict[Kind, list[Curve]] = {}
    for permutation, coupling in KINDS:
        options = (*SHAPE, "--permutation", permutation, "--coupling", coupling)
        name = f"permutations-{permutation}-{coupling}"
        curves[permutation, coupling] = [train(name, options, seed, args) for seed in range(args.seeds)]
        print(f"{name}: {with_spread([curve.last for curve in curves[permutation, coupling]])}", flush=True)
    draw(curves, PICTURE)
    write("Permutations and couplings (figure 3)", report(curves, args))


if __name__ == "__main__":
    main()
