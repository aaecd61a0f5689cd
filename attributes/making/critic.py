"""The opponent that a mapper is trained against: it tells moved faces from real ones that have the label."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attributes.directions.mapper import TARGETS, target
from data.labels import LABEL_NAMES, LABELS

WIDTHS = (64, 128, 256, 384, 384)
"""Channels at half of the picture's side and behind each further halving."""
PADDED = 4
"""Channels of nothing at the net's input: tensor cores want a multiple of 8."""
PATCHES = 2
"""Further halvings behind which small parts of a face are looked at; behind the last, the whole face is."""
LEAK = 0.2
SHIFT = 4
"""Pixels by which pictures are shifted at the most."""
NOISE = 0.01
"""Standard deviation of the noise on pictures: a critic must not see which were rounded to 8 bits."""
FEWEST = 50
"""Real faces of the same gender and age that a comparison needs; else all with the label are compared with."""


class Critic(nn.Module):
    """A discriminator (Goodfellow et al. 2014, arXiv 1406.2661) that is told which label a face should show.

    The label enters by projection (Miyato and Koyama 2018, arXiv 1802.05637), of small parts of the face and of the
    whole. The same layers also read all labels off real faces, so that they have to know what these look like (Odena
    et al. 2017, arXiv 1610.09585).
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(12 + PADDED, WIDTHS[0], 3, padding=1)
        self.stages = nn.ModuleList()
        for before, after in itertools.pairwise(WIDTHS):
            first, second = nn.Conv2d(before, before, 3, padding=1), nn.Conv2d(before, after, 4, stride=2, padding=1)
            stage = (first, nn.LeakyReLU(LEAK, inplace=True), second, nn.LeakyReLU(LEAK, inplace=True))
            self.stages.append(nn.Sequential(*stage))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=LEAK)
        patch, whole, targets = WIDTHS[PATCHES], WIDTHS[-1], TARGETS
        self.patch, self.whole = nn.Conv2d(patch, 1, 1), nn.Linear(whole, 1)
        self.patch_target, self.whole_target = nn.Embedding(targets, patch), nn.Embedding(targets, whole)
        for table in (self.patch_target, self.whole_target):
            nn.init.normal_(table.weight, std=0.02)
        self.labels = nn.Linear(whole, len(LABELS))

    def forward(self, x: Tensor, label: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """How real pictures seem, ``(B,)``, above 0 for real; and the log odds of all labels, ``(B, 40)``.

        Args:
            x: ``(B, 3, H, W)`` in [0, 1].
            label: ``(B,)``, which label each is to show or to lack.
            present: ``(B,)`` bool, which of both.
        """
        wanted = target(label, present)
        # Each 2×2 block as channels: convolutions of 3 channels are slow on a GPU.
        x = F.pad(F.pixel_unshuffle((x - 0.5) / 0.25, 2), (0, 0, 0, 0, 0, PADDED))
        score = x.new_zeros(len(x))
        x = F.leaky_relu(self.stem(x.contiguous(memory_format=torch.channels_last)), LEAK)
        for place, stage in enumerate(self.stages, start=1):
            x = stage(x)
            if place == PATCHES:
                by_target = (x * self.patch_target(wanted)[:, :, None, None]).sum(1, keepdim=True)
                score = score + (self.patch(x) + by_target).mean((1, 2, 3))
        seen = x.mean((2, 3))
        score = score + self.whole(seen)[:, 0] + (seen * self.whole_target(wanted)).sum(1)
        return score.float(), self.labels(seen).float()


def shaken(x: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures mirrored, shifted and with noise by chance, quarter by quarter: what must not be learned by heart."""
    parts = []
    for part in x.chunk(4):
        across, down, mirror = torch.randint(0, 2 * SHIFT + 1, (3,), generator=generator).tolist()
        padded = F.pad(part, (SHIFT,) * 4, mode="reflect")
        shifted = padded[:, :, down : down + x.shape[2], across : across + x.shape[3]]
        parts.append(shifted.flip(3) if mirror % 2 else shifted)
    whole = torch.cat(parts)
    return whole + NOISE * torch.randn_like(whole)


@dataclass(frozen=True, eq=False)
class RealFaces:
    """Real faces to compare moved ones with: as these should be in one label, and alike in gender and age."""

    order: Tensor
    """Indices of faces, pool after pool: a pool for each label, value, gender and age."""

    starts: Tensor
    """Where each pool begins."""

    counts: Tensor
    """How many faces each has."""

    male: Tensor
    """``(N,)`` bool: which faces are."""

    young: Tensor
    """Likewise."""

    @staticmethod
    def of(labels: Tensor) -> RealFaces:
        """Those of faces with labels ``(N, 40)`` bool, each label on some of them and not on all."""
        male, young = (labels[:, LABEL_NAMES.index(name)] for name in ("Male", "Young"))
        kinds = [(male == gender) & (young == age) for gender in (False, True) for age in (False, True)]
        pools = []
        for label in range(len(LABEL_NAMES)):
            for value in (False, True):
                everyone = labels[:, label] == value
                for kind in kinds:
                    alike = everyone & kind
                    pools.append(torch.nonzero(alike if int(alike.sum()) >= FEWEST else everyone).flatten())
        counts = torch.tensor([len(pool) for pool in pools], device=labels.device)
        return RealFaces(torch.cat(pools), counts.cumsum(0) - counts, counts, male, young)

    def draw(self, faces: Tensor, label: Tensor, present: Tensor) -> Tensor:
        """The index of a real face for each of some faces ``(B,)`` that are moved to show a label, or to lack it."""
        male = torch.where(label == LABEL_NAMES.index("Male"), present, self.male[faces])
        young = torch.where(label == LABEL_NAMES.index("Young"), present, self.young[faces])
        pool = ((label * 2 + present.long()) * 2 + male.long()) * 2 + young.long()
        place = (torch.rand(len(pool), device=pool.device) * self.counts[pool]).long()
        return self.order[self.starts[pool] + place.minimum(self.counts[pool] - 1)]
