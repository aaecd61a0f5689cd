"""LU against full 1×1 convolutions in bits/dim, the paper's equation 10: ``python -m benchmarks.paper.mixing_bits``.

The two forms reach the same matrices but for the LU form's fixed permutation and signs, and gradients move them along
different ways. Flows of ever more levels, whose widest 1×1 convolution has ever more channels c, are trained alike with
either.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from benchmarks.paper.page import write
from benchmarks.paper.training import (
    SIDE,
    Curve,
    common_arguments,
    minutes_of_training,
    train,
    with_spread,
)

LEVELS = (1, 3, 5)
STEPS = 8
"""K, the flow steps of each level."""
WIDTH = 48
"""Of all nets."""
FORMS = ("1x1-full", "1x1-lu")

Pair = tuple[int, str]
"""Levels, and the form."""


def channels(levels: int) -> int:
    """c of the coarsest level."""
    return 3 << (levels + 1)


def report(curves: Mapping[Pair, Sequence[Curve]], args: argparse.Namespace) -> str:
    """The section's text."""
    rows = []
    for levels in dict.fromkeys(levels for levels, _ in curves):
        full, lu = ([curve.last for curve in curves[levels, form]] for form in FORMS)
        apart = [one - other for one, other in zip(lu, full, strict=True)]
        rows.append(
            f"| {channels(levels)} | {levels} | {with_spread(full)} | {with_spread(lu)} | "
            f"{with_spread(apart, '+.3f')} |"
        )
    return (
        f"Both forms in flows of ever more levels on `{args.data.name}` at {SIDE} pixels, K = {STEPS}, width {WIDTH}, "
        f"trained alike on {args.pictures:,} pictures each, {args.seeds} seeds; c is that of the coarsest level. "
        "Expected, as in the paper: no difference, for the factors only make the determinant cheaper. Bits/dim of the "
        "validation pictures at the end, with the spread over seeds; the difference is taken seed by seed.\n\n"
        f"Command: `python -m benchmarks.paper.mixing_bits` ({minutes_of_training(curves.values(), args)})\n\n"
        "| c | L | full | LU | LU − full |\n| ---: | ---: | ---: | ---: | ---: |\n" + "\n".join(rows)
    )


def main() -> None:
    """Train whatever is missing, and write the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paper.mixing_bits")
    common_arguments(parser, pictures=12_800, seeds=3)
    args = parser.parse_args()
    curves: dict[Pair, list[Curve]] = {}
    for levels in LEVELS:
        for form in FORMS:
            options = ("--levels", levels, "--flow-steps", STEPS, "--widths", *[WIDTH] * levels, "--permutation", form)
            runs = [train(f"mixing-{levels}-{form}", options, seed, args) for seed in range(args.seeds)]
            curves[levels, form] = runs
    write("LU against full 1×1 convolutions, bits/dim", report(curves, args))


if __name__ == "__main__":
    main()
