"""Taking out of mean directions what is likely chance."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from glow.distributed import World
from glow.latent import Latent


def without_chance(means: Latent, variances: Sequence[Tensor], counts: Tensor) -> Latent:
    """Mean directions, shrunk to what the faces tell of them.

    The mean of n faces is off by chance: in tens of thousands of dimensions, what is off is longer than the direction
    of a rare label. It lies at all spatial frequencies alike, while attributes are mostly of low ones. So, on each
    scale and channel, each band of frequencies is shrunk by how much of its energy chance explains (James and Stein
    1961).

    Args:
        means: N mean differences.
        variances: for each scale, ``(C,)``: how much faces' latents vary there (:func:`channel_variances`).
        counts: ``(N, 2)``, how many faces with and without each label there were.
    """
    for_one = (1 / counts.double()).sum(1)  # the variance of a difference, where that of the faces is 1
    scales = zip(means.scales, variances, strict=True)
    return Latent(tuple(_shrunk(mean, variance[None] * for_one[:, None]) for mean, variance in scales))


def channel_variances(latents: Latent, world: World | None = None) -> tuple[Tensor, ...]:
    """For each scale, the variance of faces' latents in each channel, ``(C,)`` float64, over all processes."""
    found = []
    for scale in latents.scales:
        wide = scale.double()
        moments = torch.stack([wide.new_full(wide.shape[1:], len(wide)), wide.sum(0), wide.square().sum(0)])
        if world is not None:
            world.all_reduce(moments)
        count, total, squares = moments
        found.append((squares / count - (total / count).square()).mean((1, 2)))
    return tuple(found)


def _shrunk(mean: Tensor, noise: Tensor) -> Tensor:
    """One scale ``(N, C, H, W)``, whose values are off by chance with the variance ``noise``, ``(N, C)``."""
    spectrum = torch.fft.fft2(mean.double(), norm="ortho")
    vertical, horizontal = (torch.fft.fftfreq(side, 1 / side).abs() for side in mean.shape[2:])
    band = torch.hypot(vertical[:, None], horizontal[None]).round().long().flatten()
    energy = spectrum.abs().square().flatten(2)
    totals = torch.zeros(*energy.shape[:2], int(band.max()) + 1, dtype=torch.float64).index_add_(2, band, energy)
    share = (1 - noise[:, :, None] / (totals / band.bincount()).clamp_min(1e-30)).clamp_min(0)
    return torch.fft.ifft2(spectrum * share[:, :, band].view(spectrum.shape), norm="ortho").real.to(mean)
