"""Bits per dimension of a model on held-out pictures, and whether it gives them back."""

from __future__ import annotations

import torch
from torch import Tensor

from glow.model import Glow
from train.dequantise import dequantise


@torch.inference_mode()
def bits_per_dim(model: Glow, pixels: Tensor, *, batch: int = 50, seed: int = 0) -> float:
    """Mean bits/dim of ``model`` on uint8 pictures ``(N, 3, H, W)``, unmirrored, with noise from ``seed``."""
    generator = torch.Generator().manual_seed(seed)
    total = 0.0
    for part in pixels.split(batch):
        x = dequantise(part, model.config.n_bits, generator).to(model.device)
        total += float(model.bits_per_dim(x).cpu().double().sum())
    return total / len(pixels)


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
