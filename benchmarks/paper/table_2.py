"""What each row of the paper's table 2 takes: ``python -m benchmarks.paper.table_2``.

Takes a few steps of each row's preset, on noise, and writes commands and hours by the throughput that came.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import torch

from benchmarks.paper.page import write
from benchmarks.report import cpu_kind
from benchmarks.speed.peak import convolution_operations
from glow.device import fastest_net_dtype
from glow.model import Glow
from train.ema import EMA
from train.optimiser import Optimiser
from train.settings.config import FitConfig
from train.settings.presets import PRESETS
from train.step.learning_rate_schedule import learning_rate_factor

BATCH = 32
"""Of pictures of 32 pixels, and of larger ones as many pixels: a sixteenth of the presets'."""

STEPS = 3
"""That are timed."""

ON_A_GPU = "faces-128", 1272.0
"""A preset, and the pictures a second that an H100 trained it at: each step one CUDA graph, bfloat16 nets, batch 64."""


@dataclass(frozen=True)
class Row:
    """A column of the paper's table, which is a row of ours."""

    title: str
    preset: str
    folder: str
    """Below ``data`` and, with dashes, below ``runs``."""

    real_nvp: float
    """Bits/dim, as the paper has them."""

    glow: float

    @property
    def command(self) -> str:
        """What trains it."""
        out = self.folder.replace("/", "-")
        return f"python -m train fit --preset {self.preset} --data data/{self.folder} --out runs/{out}"


ROWS = (
    Row("CIFAR-10", "cifar10", "cifar10", 3.49, 3.35),
    Row("ImageNet 32×32", "imagenet32", "imagenet32", 4.28, 4.09),
    Row("ImageNet 64×64", "imagenet64", "imagenet64", 3.98, 3.81),
    Row("LSUN bedroom", "lsun", "lsun/bedroom", 2.72, 2.38),
    Row("LSUN tower", "lsun", "lsun/tower", 2.81, 2.46),
    Row("LSUN church", "lsun", "lsun/church_outdoor", 3.08, 2.67),
)


@cache  # two presets are the same but for their names
def pictures_a_second(config: FitConfig) -> float:
    """The median over a few steps as ``train fit`` takes them, in time of this process, whatever runs beside it."""
    size = config.model.image_size
    batch = max(1, BATCH * 32**2 // size**2)
    x = torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(0))
    model = Glow(config.model)
    model.initialise(x)
    model.set_precision(nets=fastest_net_dtype(model.device))
    optimiser, average = Optimiser(model, config), EMA(model, model, config.ema)
    times = []
    for step in range(STEPS + 1):
        start = time.process_time()
        model.bits_per_dim(x).mean().backward()
        optimiser.set_learning_rate_factor(learning_rate_factor(config, step))
        optimiser.step(config.gradient_clip)
        optimiser.zero_grad()
        average.update(step)
        times.append(time.process_time() - start)
    return batch / statistics.median(times[1:])  # the first one sets memory aside


def operations(preset: str) -> float:
    """Floating-point operations of the coupling nets for one picture."""
    model = PRESETS[preset]().model
    with torch.device("meta"):
        return model.flow_steps * convolution_operations(Glow(replace(model, flow_steps=1)), 1)


def report(speeds: Mapping[str, float]) -> str:
    """The section's text.

    Args:
        speeds: pictures a second that were measured here, by preset.
    """
    known, known_speed = ON_A_GPU
    table = []
    for row in ROWS:
        config = PRESETS[row.preset]()
        pictures = config.steps * config.batch
        speed = speeds[row.preset]
        gpu = known_speed * operations(known) / operations(row.preset)
        table.append(
            f"| {row.title} | {row.glow} | {row.real_nvp} | not run | {pictures / 1e6:.0f} million | {speed:.2f} | "
            f"{pictures / speed / 3600:,.0f} | {gpu:,.0f} | {pictures / gpu / 3600:,.0f} |"
        )
    commands = "\n".join(row.command for row in ROWS)
    nets = str(fastest_net_dtype(torch.device("cpu"))).removeprefix("torch.")
    return (
        "Bits/dim at 8 bits of held-out pictures, and what each figure would take with the pictures on disk. **None of "
        "these rows was run by us**: there is none of this data here, and no GPU for as long. The presets have the "
        "paper's settings (its table 4: K, L, batch, affine couplings of width 512; Adamax and warm-up as in its "
        "code). The paper does not say how long it trained; the number of steps, 500,000, is ours.\n\n"
        "Command: `python -m benchmarks.paper.table_2`\n\n"
        "| pictures | Glow, the paper's | RealNVP, the paper's | ours | pictures seen | a second here | hours here | "
        "a second on an H100, computed | hours, computed |\n"
        "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n" + "\n".join(table) + "\n\n"
        f"Here is one thread of {cpu_kind()}, {nets} nets, medians of {STEPS} steps of a sixteenth of the batch; two "
        "threads take about half of the time. The figures of an H100 are computed, not measured: from the "
        f"{known_speed:,.0f} pictures a second that one trained `{known}` at, each step one CUDA graph, at as many "
        "operations of the coupling nets a second. Wider nets and larger batches use such a card better.\n\n"
        f"```sh\n{commands}\n```\n\n"
        "With `torchrun --nproc-per-node 8` in the place of `python`, on eight GPUs of one machine; the batch stays. "
        "`--accumulation 8` needs less memory at once. What came is measured by `python -m train eval --data … "
        "--checkpoint RUN/model.safetensors`. [Training](../training.md#data-sets) has the layouts of the folders. The "
        "paper's ImageNet is that of `train_64x64/` and `valid_64x64/`; the one in arrays was made smaller in another "
        "way, and its figures are others. The paper's LSUN models see random squares of 64 pixels out of 96, ours the "
        "whole central square, whose figures do not compare.\n\n"
        "What we have run is CelebA-HQ at 5 bits, of which the paper has 1.03 at 256 pixels: `faces-128` has 1.141 at "
        "128 pixels (1.024 with its learned dequantiser), `faces-64` 1.421 at 64 (1.297); smaller pictures take more "
        "bits for each number. [The model card](../../assets/MODEL_CARD.md) tells how they were trained."
    )


def main() -> None:
    """Measure, and write the section."""
    argparse.ArgumentParser(prog="python -m benchmarks.paper.table_2").parse_args()
    torch.set_num_threads(1)
    speeds = {}
    for preset in dict.fromkeys(row.preset for row in ROWS):
        speeds[preset] = pictures_a_second(PRESETS[preset]())
        print(f"{preset}: {speeds[preset]:.2f} pictures a second", file=sys.stderr)
    write("What table 2 takes", report(speeds))


if __name__ == "__main__":
    main()
