"""Bits per dimension of a model on held-out pictures."""

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
        total += float(model.bits_per_dim(x).double().sum())
    return total / len(pixels)
