"""How near the model comes to the machine's own limit: ``python -m benchmarks.speed.peak``.

The coupling nets' convolutions are nearly all of the work. Their floating-point operations over the time that all of
encoding (or decoding, or training) takes are set beside the fastest matrix product of the same dtype in the same run:
no program that computes these convolutions as they are can be faster than that.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.report import cpu_kind, write_section
from benchmarks.speed.implementations import THREADS, Size
from benchmarks.speed.worker import timed
from glow import Glow, GlowConfig
from glow.device import exact_flow_dtype, fastest_net_dtype

TURNS = 10
SIDE = 2048
"""Of the square matrices whose product is the machine's limit."""


def convolution_operations(model: Glow, batch: int) -> float:
    """Floating-point operations of all coupling nets for a batch, forwards."""
    total = 0
    for level in range(model.config.levels):
        positions = batch * (model.config.image_size >> (level + 1)) ** 2
        for step in model.steps(level):
            total += sum(2 * positions * conv.weight.numel() for conv in step.coupling.net.convolutions)
    return total


def matrix_product(dtype: torch.dtype) -> Callable[[], Tensor]:
    """The product whose speed is the limit."""
    a, b = (torch.randn(SIDE, SIDE, dtype=dtype) for _ in range(2))
    return lambda: a @ b


def actions(size: Size, nets: torch.dtype) -> dict[str, tuple[Callable[[], object], float]]:
    """What to time, and how many operations it is at least."""
    config = GlowConfig(
        image_size=size.image_size, levels=size.levels, flow_steps=size.flow_steps, widths=(size.width,) * size.levels
    )
    x = size.pictures()
    training, model = Glow(config), Glow(config)
    for each in (training, model):
        each.initialise(x)
        each.set_precision(nets=nets)
    optimiser = torch.optim.Adam(training.parameters(), lr=1e-4, fused=True)

    def train() -> None:
        optimiser.zero_grad()
        (-training.log_prob(x).mean()).backward()
        optimiser.step()

    flow = exact_flow_dtype(model.device) if nets == torch.bfloat16 else None
    model.requires_grad_(False).set_precision(nets=nets, flow=flow)
    with torch.no_grad():
        latent = model.encode(x)
    product, operations = 2.0 * SIDE**3, convolution_operations(model, size.batch)
    return {
        "matrix product": (matrix_product(nets), product),
        "encode": (_without_gradients(lambda: model(x)), operations),
        "decode": (_without_gradients(lambda: model.decode(latent)), operations),
        # Each product of the way there is two on the way back: one by the input, one by the kernel.
        "training step": (train, 3 * operations),
    }


def _without_gradients(action: Callable[[], object]) -> Callable[[], object]:
    return torch.no_grad()(action)


def main() -> None:
    """Measure and write the section."""
    torch.set_num_threads(THREADS)
    size = Size()
    lines = ["| nets | | best, ms | GFLOP/s | share of the limit |", "| --- | --- | ---: | ---: | ---: |"]
    for nets in dict.fromkeys((fastest_net_dtype(torch.device("cpu")), torch.float32)):
        timed_actions = actions(size, nets)
        best = dict.fromkeys(timed_actions, float("inf"))
        for _ in range(TURNS):
            for name, (action, _) in timed_actions.items():
                best[name] = min(best[name], timed(action)[0])
        speed = {name: operations / best[name] / 1e6 for name, (_, operations) in timed_actions.items()}
        for name, gigaflops in speed.items():
            share = gigaflops / speed["matrix product"]
            lines.append(f"| {_short(nets)} | {name} | {best[name]:.1f} | {gigaflops:.0f} | {share:.0%} |")
    text = (
        f"{size.image_size}×{size.image_size}, K = {size.flow_steps}, L = {size.levels}, width {size.width}, batch "
        f"{size.batch}, {THREADS} threads. Operations are those of the coupling nets' convolutions alone, three times "
        f"as many for a training step. The limit is a product of two {SIDE}×{SIDE} matrices in the nets' dtype. "
        f"Best of {TURNS} turns.\n\nCommand: `python -m benchmarks.speed.peak`\n\n" + "\n".join(lines)
    )
    write_section(f"How near the limit, {cpu_kind()}", text)
    print(text)


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


if __name__ == "__main__":
    main()
