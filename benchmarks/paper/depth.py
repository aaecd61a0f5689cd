"""How many levels long-range structure needs, the paper's figure 9: ``python -m benchmarks.paper.depth``.

Two flows that differ in L alone. What the deep one has more of, the shallow one has in wider nets, so that both have
the same number of parameters.
"""

from __future__ import annotations

import argparse
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from PIL import Image

from app.series.contact_sheet import contact_sheet
from attributes import load_classifier
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
from data.loader import load_pixels
from data.open_pictures import open_pictures
from glow import load_checkpoint
from glow.config import GlowConfig
from glow.model import Glow
from train.evaluation.frechet import frechet_distances

DEEP, SHALLOW = 4, 2
STEPS = 8
"""K, the flow steps of each level."""
WIDTHS = (48, 64, 96, 128)
"""Of the deep one's nets, fine to coarse."""
TEMPERATURE = 0.7
SAMPLES = 1000
"""Drawn for the Fréchet distance."""
PICTURE = DOCUMENT.parent / "depth.jpg"


@dataclass(frozen=True)
class Trained:
    """What came of one of the two flows, a figure for each seed."""

    levels: int
    widths: tuple[int, ...]
    curves: Sequence[Curve]
    apart: Sequence[float]
    """Fréchet distances of its samples."""

    @property
    def bits(self) -> list[float]:
        """Bits/dim at the end."""
        return [curve.last for curve in self.curves]


@cache
def parameters(levels: int, widths: tuple[int, ...]) -> int:
    """How many numbers a flow of this shape learns."""
    config = GlowConfig(image_size=SIDE, levels=levels, flow_steps=STEPS, widths=widths, dequantiser_width=0)
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in Glow(config).parameters())


def shallow_widths() -> tuple[int, ...]:
    """The shallow one's widths, about in the deep one's proportions, with which it has as many parameters."""

    def widths(eighths: int) -> tuple[int, ...]:
        return tuple(8 * round(eighths * width / WIDTHS[0]) for width in WIDTHS[:SHALLOW])

    def short(eighths: int) -> int:
        return parameters(SHALLOW, widths(eighths)) - parameters(DEEP, WIDTHS)

    enough = bisect_left(range(100), 0, lo=1, key=short)
    return widths(min((enough - 1, enough), key=lambda eighths: abs(short(eighths))))


def main() -> None:
    """Train whatever is missing, draw, and write the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paper.depth")
    common_arguments(parser)
    args = parser.parse_args()
    real = load_pixels(open_pictures(args.data, "val"), SIDE)
    classifier = load_classifier()
    flows, sheets = [], []
    for levels, widths in ((SHALLOW, shallow_widths()), (DEEP, WIDTHS)):
        options = ("--levels", levels, "--flow-steps", STEPS, "--widths", *widths)
        name = f"depth-{levels}"
        curves = [train(name, options, seed, args) for seed in range(args.seeds)]
        models = [
            load_checkpoint(args.runs / f"{name}-{args.pictures}-{seed}" / "model.safetensors").model
            for seed in range(args.seeds)
        ]
        apart = [frechet_distances(model, classifier, real, SAMPLES, (TEMPERATURE,))[TEMPERATURE] for model in models]
        flows.append(Trained(levels, widths, curves, apart))
        sheets.append(drawn(models[0]))
    Image.fromarray(np.concatenate(sheets)).save(PICTURE, quality=90)
    write("Depth (figure 9)", report(flows[0], flows[1], args))


def report(shallow: Trained, deep: Trained, args: argparse.Namespace) -> str:
    """The section's text."""
    rows = "\n".join(
        f"| {flow.levels} | {', '.join(map(str, flow.widths))} | {parameters(flow.levels, flow.widths) / 1e6:.2f} M | "
        f"{with_spread(flow.bits)} | {with_spread(flow.apart)} |"
        for flow in (shallow, deep)
    )
    return (
        f"Figure 9's question on `{args.data.name}` at {SIDE} pixels: {SHALLOW} levels against {DEEP}, K = {STEPS}, "
        f"with as many parameters, trained alike on {args.pictures:,} pictures each, seeds: {args.seeds}. The paper "
        "shows samples alone: with few levels, parts of faces that are right and do not belong together.\n\n"
        f"Command: `python -m benchmarks.paper.depth --seeds {args.seeds}` "
        f"({minutes_of_training((shallow.curves, deep.curves), args)})\n\n"
        f"![Faces drawn at a temperature of {TEMPERATURE}: {SHALLOW} levels above, {DEEP} below]({PICTURE.name})\n\n"
        f"| L | widths | parameters | bits/dim | Fréchet distance at {TEMPERATURE} (our own features) |\n"
        f"| ---: | --- | ---: | ---: | ---: |\n{rows}\n\n"
        "| expected | came |\n| --- | --- |\n"
        f"| {DEEP} levels ahead in Fréchet distance, as in the paper's samples | {came(deep.apart, shallow.apart)} |\n"
        f"| {DEEP} levels ahead in bits/dim | {came(deep.bits, shallow.bits)} |"
    )


@torch.inference_mode()
def drawn(model: Glow) -> np.ndarray:
    """24 drawn faces in two rows, enlarged, uint8 ``(H, W, 3)``."""
    latent = model.sample_latent(24, TEMPERATURE, torch.Generator().manual_seed(0))
    pictures = (model.decode(latent).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return np.asarray(contact_sheet(list(pictures), side=64, columns=12))


if __name__ == "__main__":
    main()
