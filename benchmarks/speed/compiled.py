"""Does ``torch.compile`` make the inference engine faster? ``python -m benchmarks.speed.compiled``.

Needs a C++ compiler.
"""

from __future__ import annotations

import time

import torch

from benchmarks.report import write_section
from benchmarks.speed.implementations import THREADS, Size
from benchmarks.speed.worker import timed
from glow import Glow, GlowConfig
from glow.device import exact_flow_dtype, fastest_net_dtype
from glow.engines.inference import InferenceLevel

TURNS = 10


def main() -> None:
    """Measure and write the section."""
    torch.set_num_threads(THREADS)
    size = Size()
    widths = (size.width,) * size.levels
    model = Glow(GlowConfig(image_size=size.image_size, levels=size.levels, flow_steps=size.flow_steps, widths=widths))
    model.initialise(size.pictures())
    model.requires_grad_(False)
    model.set_precision(nets=fastest_net_dtype(model.device), flow=exact_flow_dtype(model.device))
    plain, compiled = InferenceLevel.inverse, torch.compile(InferenceLevel.inverse, dynamic=False)
    best = {"as it is": float("inf"), "compiled": float("inf")}
    with torch.no_grad():
        latent = model.encode(size.pictures())
        InferenceLevel.inverse = compiled  # type: ignore[method-assign]
        start = time.perf_counter()
        model.decode(latent)
        waited = time.perf_counter() - start
        for _ in range(TURNS):
            for name, inverse in zip(best, (plain, compiled), strict=True):
                InferenceLevel.inverse = inverse  # type: ignore[method-assign]
                best[name] = min(best[name], timed(lambda: model.decode(latent))[0])
    text = (
        f"One decode of the model of “peers”, best of {TURNS} turns: {best['as it is']:.1f} ms as it is, "
        f"{best['compiled']:.1f} ms with `torch.compile` ({best['compiled'] / best['as it is']:.2f}×), after "
        f"{waited:.0f} s of compilation.\n\nCommand: `python -m benchmarks.speed.compiled`"
    )
    write_section("torch.compile", text)
    print(text)


if __name__ == "__main__":
    main()
