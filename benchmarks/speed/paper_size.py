"""The paper's CelebA-HQ model on this machine: ``python -m benchmarks.speed.paper_size``.

256×256 pixels, L = 6, K = 32, width 512. One training step of one picture in reversible mode, one encoding and one
decoding, with the memory they take.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from benchmarks.report import write_section
from benchmarks.speed.training_memory import MIB, peak_memory, reset_peak_memory
from glow import Glow, GlowConfig
from glow.device import exact_flow_dtype, fastest_net_dtype

CONFIG = GlowConfig(
    image_size=256, levels=6, flow_steps=32, widths=(512,) * 6, coupling="additive", permutation="1x1-full"
)


def seconds(action: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    """Measure and write the section."""
    torch.manual_seed(0)
    start = reset_peak_memory()
    model = Glow(CONFIG)
    model.memory = "reversible"
    nets = fastest_net_dtype(model.device)
    model.set_precision(nets=nets)
    x = torch.rand(1, 3, 256, 256)
    model.initialise(x)
    # As in a warm-up: a first step at the full rate makes latents of a million, in which no digit is left.
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-6, fused=True)

    def train() -> None:
        optimiser.zero_grad()
        model.bits_per_dim(x).mean().backward()
        optimiser.step()

    train()
    step = seconds(train)
    memory = (peak_memory() - start) / MIB
    model.requires_grad_(False).set_precision(nets=nets, flow=exact_flow_dtype(model.device))
    with torch.no_grad():
        latent = model.encode(x)
        encode = seconds(lambda: model.encode(x))
        decoded = model.decode(latent)
        decode = seconds(lambda: model.decode(latent))
    count = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    text = (
        f"256×256, L = 6, K = 32, width 512, additive couplings, full 1×1 convolutions: {count:.0f} million "
        f"parameters; batch 1, {torch.get_num_threads()} threads, {str(nets).removeprefix('torch.')} nets.\n\n"
        "Command: `python -m benchmarks.speed.paper_size`\n\n| what | figure |\n| --- | ---: |\n"
        f"| a training step, reversible | {step:.1f} s |\n"
        f"| peak memory of training, model and Adam's state included | {memory / 1024:.1f} GiB |\n"
        f"| encode one picture | {encode:.2f} s |\n| decode one picture | {decode:.2f} s |\n"
        f"| largest error of the round trip | {float((decoded - x).abs().max()):.0e} |"
    )
    write_section("The paper's size", text)
    print(text)


if __name__ == "__main__":
    main()
