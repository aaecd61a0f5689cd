"""A latent mapper: what a label's direction is to become on a given face.

One direction for all faces draws glasses where eyes are on average, and a fringe through which one looks. So a small
network reads a face's latent and says how its own direction differs: StyleCLIP's latent mapper (Patashnik et al. 2021,
arXiv 2103.17249), for the latents of a flow. Each face still goes along a straight line, whose ends are known.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data.labels import LABELS
from glow.latent import Latent

TARGETS = 2 * len(LABELS)
"""What a mapper knows to bring about: each label, and its absence."""
WIDTHS = (32, 64, 96, 128, 160)
"""Channels at each scale, fine to coarse; the last for all that follow."""
EMBEDDING = 128
"""Numbers that stand for a target."""
GROUPS = 8
"""Groups of channels that are normalised together (Wu and He 2018, arXiv 1803.08494)."""
GAIN = 0.1
"""What comes out is multiplied by this: mean directions have values of about that size."""
AT_ONCE = 32
"""Faces that go through the network at once."""
SEES = 4.0
"""Latents are cut off at plus and minus this."""


def target(label: Tensor, present: Tensor) -> Tensor:
    """The number of the target that each of some faces is to have.

    Args:
        label: ``(B,)``, which label.
        present: ``(B,)`` bool, whether it is to come or to go.
    """
    return 2 * label + present.long()


class _Stage(nn.Module):
    """Two 3×3 convolutions with normalisation; the target chooses a scale and a shift of each channel between them
    (Perez et al. 2018, arXiv 1709.07871)."""

    def __init__(self, inputs: int, width: int, *, targeted: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, width, 3, padding=1)
        self.first_norm = nn.GroupNorm(GROUPS, width)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.second_norm = nn.GroupNorm(GROUPS, width)
        self.film = nn.Linear(EMBEDDING, 4 * width) if targeted else None
        if self.film is not None:
            nn.init.normal_(self.film.weight, std=0.05)
            nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, embedding: Tensor | None = None) -> Tensor:
        x, change = self.first_norm(self.first(x)), None
        if self.film is not None and embedding is not None:
            change = self.film(embedding)[:, :, None, None].chunk(4, dim=1)
            x = x * (1 + change[0]) + change[1]
        x = self.second_norm(self.second(F.silu(x)))
        if change is not None:
            x = x * (1 + change[2]) + change[3]
        return F.silu(x)


class LatentMapper(nn.Module):
    """From the latent of a face and a target to what is added to the target's base direction on this face.

    A U-Net (Ronneberger et al. 2015, arXiv 1505.04597) whose floors are the flow's scales: it reads each scale where it
    lies, and puts out a change of each.

    Args:
        shapes: ``(C, H, W)`` of the latent's scales, fine to coarse.
    """

    def __init__(self, shapes: Sequence[tuple[int, int, int]]) -> None:
        super().__init__()
        self.shapes = tuple(shapes)
        widths = [WIDTHS[min(i, len(WIDTHS) - 1)] for i in range(len(shapes))]
        self.down, self.up, self.heads = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        self.targets = nn.Embedding(TARGETS, EMBEDDING)
        for i, (channels, _, _) in enumerate(shapes):
            finer = widths[i - 1] if i else 0
            coarser = widths[i + 1] if i + 1 < len(widths) else 0
            self.down.append(_Stage(channels + 2 + finer, widths[i], targeted=False))
            self.up.append(_Stage(widths[i] + coarser, widths[i], targeted=True))
            head = nn.Conv2d(widths[i], channels, 1)
            for value in head.parameters():  # an untrained mapper adds nothing
                nn.init.zeros_(value)
            self.heads.append(head)

    def forward(self, latent: Latent, target: Tensor) -> Latent:
        """What is added to the directions of B faces.

        Args:
            latent: of the faces.
            target: ``(B,)``, as :func:`target` gives them.
        """
        seen: list[Tensor] = []
        for scale, stage in zip(latent.scales, self.down, strict=True):
            parts = [scale.to(self.targets.weight.dtype).clamp(-SEES, SEES), _coordinates(scale)]
            if seen:
                parts.append(F.avg_pool2d(seen[-1], 2))
            seen.append(stage(torch.cat(parts, dim=1)))
        embedding, out, coarser = self.targets(target), [], None
        for here, stage, head in zip(reversed(seen), reversed(self.up), reversed(self.heads), strict=True):
            x = here if coarser is None else torch.cat([here, F.interpolate(coarser, scale_factor=2.0)], dim=1)
            coarser = stage(x, embedding)
            out.append(GAIN * head(coarser).float())
        return Latent(tuple(reversed(out)))


@torch.inference_mode()
def mapped(mapper: LatentMapper, latent: Latent, label: int, *, present: bool) -> Latent:
    """What is added to a label's direction on B faces, that they come to show it or, not ``present``, to lack it."""
    shapes = [tuple(scale.shape[1:]) for scale in latent.scales]
    if shapes != list(mapper.shapes):
        raise ValueError(f"this mapper reads latents with the scales {mapper.shapes}, not {shapes}.")
    numbers = target(*torch.tensor([[label], [int(present)]], device=latent.device))
    if not len(latent):
        return latent
    parts = zip(*(scale.split(AT_ONCE) for scale in latent.scales), strict=True)
    return Latent.cat([mapper(Latent(part), numbers.expand(len(part[0]))) for part in parts])


def _coordinates(x: Tensor) -> Tensor:
    """Where each position is, ``(B, 2, H, W)`` in [-1, 1] (Liu et al. 2018, arXiv 1807.03247)."""
    height, width = x.shape[2:]
    rows = torch.linspace(-1, 1, height, device=x.device, dtype=torch.float32)
    columns = torch.linspace(-1, 1, width, device=x.device, dtype=torch.float32)
    grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
    return grid.expand(len(x), -1, -1, -1)
