"""From 8-bit pictures to the continuous values that a flow's density is about."""

from __future__ import annotations

import torch
from torch import Tensor


def dequantise(pixels: Tensor, n_bits: int, generator: torch.Generator | None = None) -> Tensor:
    """Uniform dequantisation to n bits (arXiv 1511.01844, section 3.1).

    Args:
        pixels: uint8 ``(B, C, H, W)``, or of any other shape.
        n_bits: colour depth to keep, 1 to 8.
        generator: source of the noise, on the pixels' device.

    Returns:
        Float32 of the same shape: ``(q + u) / 2**n_bits`` in [0, 1], q the n-bit value, u uniform in [0, 1).
    """
    return with_noise(pixels, torch.rand(pixels.shape, generator=generator, device=pixels.device), n_bits)


def with_noise(pixels: Tensor, noise: Tensor, n_bits: int) -> Tensor:
    """:func:`dequantise` with noise that is drawn already: float32 of the pixels' shape, in [0, 1)."""
    bins = torch.div(pixels, 2 ** (8 - n_bits), rounding_mode="floor").float()
    return (bins + noise) / 2**n_bits
