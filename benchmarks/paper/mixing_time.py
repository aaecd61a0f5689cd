"""LU against full 1×1 convolutions in time, the paper's equation 10: ``python -m benchmarks.paper.mixing_time``.

A layer alone, forwards and backwards, at one picture's place: the full one takes a determinant, of c³ operations, the
LU one adds c logarithms. And a whole step of training, also with a fixed shuffle in their place: the paper says that
1×1 convolutions take 7 % more time than a permutation, and that the two forms did not differ much.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.paper.page import write
from benchmarks.paper.training import BATCH, SIDE
from glow.config import GlowConfig, PermutationKind
from glow.layers.invertible_conv import Conv1x1, Conv1x1LU
from glow.model import Glow

CHANNELS = (12, 24, 48, 96, 192, 384)
ROUNDS = 25
"""Each of the two in turn, so often; the medians count."""

SHAPE = {"image_size": SIDE, "levels": 3, "flow_steps": 8, "widths": (48, 64, 96), "dequantiser_width": 0}


def milliseconds(*works: Callable[[], object]) -> list[float]:
    """The median time of each of some functions, run in turn, in milliseconds."""
    times: list[list[float]] = [[] for _ in works]
    for turn in range(ROUNDS + 2):
        for work, taken in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            if turn >= 2:  # the first ones set memory aside
                taken.append(time.perf_counter() - start)
    return [1000 * statistics.median(taken) for taken in times]


def layer_work(kind: type[Conv1x1 | Conv1x1LU], channels: int, side: int) -> Callable[[], object]:
    """One layer's forward and backward pass on ``(1, channels, side, side)``."""
    layer = kind(channels, torch.Generator().manual_seed(0)).train()
    x = torch.randn(1, channels, side, side, generator=torch.Generator().manual_seed(1))

    def work() -> None:
        layer.zero_grad()
        y, log_det = layer(x)
        (y.square().mean() - log_det.mean()).backward()

    return work


def training_work(permutation: PermutationKind) -> Callable[[], object]:
    """A whole flow's forward and backward pass on a batch, as training does it."""
    torch.manual_seed(0)
    model = Glow(GlowConfig(**SHAPE, permutation=permutation))  # type: ignore[arg-type]
    x = torch.rand(BATCH, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    model.initialise(x)
    model.train()

    def work() -> None:
        model.zero_grad()
        (-model.log_prob(x).mean()).backward()

    return work


def main() -> None:
    """Measure, and write the section."""
    rows = []
    for channels in CHANNELS:
        for side in (1, 16):
            works = (layer_work(kind, channels, side) for kind in (Conv1x1, Conv1x1LU))
            full, lu = milliseconds(*works)
            rows.append(f"| {channels} | {side}×{side} | {full:.2f} | {lu:.2f} | {full / lu:.2f} |")
            print(rows[-1], flush=True)
    shuffle, full, lu = milliseconds(*(training_work(kind) for kind in ("shuffle", "1x1-full", "1x1-lu")))
    text = (
        "One 1×1 convolution forwards and backwards, with its log-determinant, by the number of channels c, in "
        f"milliseconds (medians of {ROUNDS}, the two in turn). Expected, as in the paper: the LU form ahead, ever more "
        "with c.\n\n"
        f"Command: `python -m benchmarks.paper.mixing_time` (threads: {torch.get_num_threads()})\n\n"
        "| c | picture | full | LU | full / LU |\n| ---: | --- | ---: | ---: | ---: |\n" + "\n".join(rows) + "\n\n"
        f"A whole step (L = 3, K = 8 at {SIDE} pixels, {BATCH} pictures, forwards and backwards) takes {shuffle:.0f} "
        f"ms with a fixed shuffle, {full:.0f} ms with full 1×1 convolutions ({full / shuffle - 1:+.1%}) and {lu:.0f} "
        f"ms with the LU form ({lu / shuffle - 1:+.1%}). The paper: about 7 % more than a permutation, and no large "
        "difference between the forms."
    )
    write("LU against full 1×1 convolutions, time (equation 10)", text)


if __name__ == "__main__":
    main()
