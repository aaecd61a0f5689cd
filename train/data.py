"""The training pictures in memory, and which of them a step sees."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from attributes.dataset import FaceSet
from train.dequantise import dequantise


def load_pixels(faces: FaceSet, size: int, workers: int = 2) -> Tensor:
    """All pictures as one uint8 tensor ``(N, 3, size, size)``."""
    pixels = np.empty((len(faces), 3, size, size), dtype=np.uint8)
    batches = faces.batches(size, 64, workers=workers)
    with tqdm(total=len(faces), desc="reading pictures", unit="img", disable=None) as bar:
        for indices, part in batches:
            pixels[indices] = part
            bar.update(len(indices))
    return torch.from_numpy(pixels)


class Batches:
    """The batch of every step, made from the seed and the step's number alone.

    Each epoch goes through all pictures once, in an order of its own. Since nothing is carried over from one
    step to the next, a run that is killed and started again sees the very same data.

    Args:
        pixels: uint8 ``(N, 3, H, W)``.
        batch: pictures in a step.
        n_bits: colour depth of the dequantised pictures.
        seed: seed of order, flips and noise.
    """

    def __init__(self, pixels: Tensor, batch: int, n_bits: int, seed: int) -> None:
        self.pixels, self.batch, self.n_bits, self.seed = pixels, batch, n_bits, seed
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))

    def _picture(self, position: int) -> int:
        epoch, place = divmod(position, len(self.pixels))
        if self._order[0] != epoch:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._order = (epoch, torch.randperm(len(self.pixels), generator=generator))
        return int(self._order[1][place])

    def indices(self, step: int) -> list[int]:
        """Which pictures step ``step`` sees."""
        return [self._picture(position) for position in range(step * self.batch, (step + 1) * self.batch)]

    def __call__(self, step: int) -> Tensor:
        """The pictures of step ``step``, half of them mirrored: float32 ``(B, 3, H, W)`` in [0, 1]."""
        generator = torch.Generator().manual_seed((self.seed + 1) * 1_000_000_007 + step)
        pixels = self.pixels[self.indices(step)]
        mirrored = torch.rand(len(pixels), 1, 1, 1, generator=generator) < 0.5
        return dequantise(torch.where(mirrored, pixels.flip(3), pixels), self.n_bits, generator)
