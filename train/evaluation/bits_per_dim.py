"""Bits per dimension of a model on held-out pictures, and whether it gives them back."""

from __future__ import annotations

import torch
from torch import Tensor

from data.dequantise import dequantise
from data.loader import generator_of
from glow.distributed import World
from glow.model import Glow


@torch.inference_mode()
def bits_per_dim(
    model: Glow,
    pixels: Tensor,
    *,
    batch: int = 50,
    seed: int = 0,
    world: World | None = None,
    dequantiser: bool = True,
) -> float:
    """Mean bits/dim of ``model`` on uint8 pictures ``(N, 3, H, W)``, unmirrored, each with its own noise from ``seed``.

    Args:
        model: the model.
        pixels: the pictures.
        batch: pictures at once.
        seed: of the dequantisation noise.
        world: the processes among which the pictures are shared out; the result does not depend on how many.
        dequantiser: False passes a learned one over, as ``dequantise`` in :meth:`glow.model.Glow.bits_per_dim`.
    """
    world = world or World(model.device)
    total = torch.zeros((), dtype=torch.float64)
    for chosen in torch.arange(len(pixels))[world.rank :: world.size].split(batch):
        parts = [dequantise(pixels[i], model.config.n_bits, generator_of(seed, int(i))) for i in chosen]
        if parts:
            total += (
                model.bits_per_dim(torch.stack(parts).to(model.device), dequantise=dequantiser).cpu().double().sum()
            )
    if world.size > 1:
        total = world.all_reduce(total.to(world.device)).cpu()
    return float(total) / len(pixels)


@torch.inference_mode()
def round_trip(model: Glow, pixels: Tensor, *, batch: int = 50) -> tuple[int, float]:
    """Encode and decode uint8 pictures ``(N, 3, H, W)``.

    Returns:
        How many come back without any loss after rounding to 8 bits, and the largest error of any value as a
        share of the range (under 1/510 rounds away).
    """
    lossless, largest = 0, 0.0
    for part in pixels.split(batch):
        x = part.to(model.device).float() / 255
        decoded = model.decode(model.encode(x))
        lossless += int(((decoded * 255).round() == part.to(model.device)).flatten(1).all(1).sum())
        largest = max(largest, float((decoded - x).abs().max()))
    return lossless, largest
