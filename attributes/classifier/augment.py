"""Augmentation: changes that leave a face's labels as they are, and make a classifier a robust judge of edits."""

from __future__ import annotations

import io
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

JPEG_SHARE = 0.2
BLOCKS = (1, 2, 4, 8)
"""Sides of the squares that a flow's levels work in: where an edit goes wrong, noise comes in these."""


def augment(x: Tensor) -> Tensor:
    """Pictures ``(B, 3, S, S)`` in [0, 1], each augmented by chance: mirrored, shifted, turned, scaled, recoloured,
    blurred, compressed, and with the noise in squares that a flow's decoding leaves."""
    x = _compressed(_moved(x))
    x = _recoloured(_blurred(x))
    return (x + _block_noise(x)).clamp(0, 1)


def _uniform(count: int, low: float, high: float) -> Tensor:
    return torch.empty(count, 1, 1, 1).uniform_(low, high)


def _moved(x: Tensor) -> Tensor:
    """Mirrored by half, turned by up to 6 degrees, scaled by up to 8 % and shifted by up to 5 %."""
    count = len(x)
    angle = torch.empty(count).uniform_(-1, 1) * math.radians(6)
    scale = torch.empty(count).uniform_(0.92, 1.08)
    mirror = torch.randint(0, 2, (count,)) * 2.0 - 1
    shift = torch.empty(count, 2, 1).uniform_(-0.1, 0.1)  # the frame is 2 wide
    cos, sin = scale * angle.cos(), scale * angle.sin()
    turn = torch.stack([torch.stack([cos * mirror, -sin], 1), torch.stack([sin * mirror, cos], 1)], 1)
    grid = F.affine_grid(torch.cat([turn, shift], 2), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def _recoloured(x: Tensor) -> Tensor:
    """Another brightness, contrast and saturation, and a slight tint."""
    count = len(x)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * _uniform(count, 0.7, 1.3)
    middle = x.mean((1, 2, 3), keepdim=True)
    tint = torch.randn(count, 3, 1, 1) * 0.02
    return middle + (x - middle) * _uniform(count, 0.75, 1.25) + _uniform(count, -0.12, 0.12) + tint


def _blurred(x: Tensor) -> Tensor:
    """A third of the pictures blurred by a mean over 3×3, by their own amounts."""
    amount = _uniform(len(x), -2, 1).clamp_min(0)
    smooth = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return x + amount * (smooth - x)


def _block_noise(x: Tensor) -> Tensor:
    """Noise in squares of 1 to 8 pixels, of each size in half of the pictures."""
    noise = torch.zeros_like(x)
    for size in BLOCKS:
        strength = _uniform(len(x), -0.05, 0.05).clamp_min(0)
        coarse = torch.randn(len(x), 3, x.shape[2] // size, x.shape[3] // size) * strength
        noise += F.interpolate(coarse, scale_factor=size, mode="nearest")
    return noise


def _compressed(x: Tensor) -> Tensor:
    """Some pictures through JPEG, of quality 30 to 90."""
    x = x.clone()
    for place in torch.nonzero(torch.rand(len(x)) < JPEG_SHARE).flatten().tolist():
        levels = (x[place].clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()
        file = io.BytesIO()
        Image.fromarray(levels).save(file, "JPEG", quality=int(torch.randint(30, 91, (1,))))
        # A copy, as an array on a picture's own memory may not be written to.
        x[place] = torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1).float() / 255
    return x
