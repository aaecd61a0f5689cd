"""Named recipes."""

from __future__ import annotations

from collections.abc import Callable

from glow.config import GlowConfig
from train.config import FitConfig


def faces_64() -> FitConfig:
    """The default model: aligned faces at 64×64, small enough to train and run on a laptop's CPU.

    Command: ``python -m train fit --preset faces-64 --data data/celebahq --out runs/faces-64``
    """
    model = GlowConfig(
        image_size=64,
        levels=4,
        steps=12,
        widths=(96, 192, 256, 320),
        n_bits=5,
        input_bound=4.0,
        top_prior="position",
        coordinates=True,
    )
    return FitConfig(model=model)


def tiny_16() -> FitConfig:
    """A model that trains in a minute, to try the commands with. Its faces are not worth a look.

    Command: ``python -m train fit --preset tiny-16 --data data/celebahq --out runs/tiny``
    """
    model = GlowConfig(image_size=16, levels=2, steps=2, widths=(16, 16), coordinates=True, top_prior="position")
    return FitConfig(model=model, steps=200, batch=16, warmup=20, initialise_batch=64)


PRESETS: dict[str, Callable[[], FitConfig]] = {"faces-64": faces_64, "tiny-16": tiny_16}
"""The presets by the name that ``--preset`` takes."""
