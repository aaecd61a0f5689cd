"""What one pass over labelled faces adds up: sums of labels and latents, from which every kind of direction follows."""

from __future__ import annotations

import torch
from torch import Tensor

from data.labels import LABEL_NAMES
from errors import GlowfaceError
from glow.distributed import World


class OneSidedLabelError(GlowfaceError):
    """A label is on all faces or on none, so that nothing can be learned of it."""


class LabelSums:
    """Sums over faces of ``y yᵀ`` and ``y zᵀ``, for labels y with a constant before them and latents z.

    In float64, in constant memory, for any number of faces; sums of several processes add up.

    Args:
        dimensions: D, numbers in one latent.
        labels: N, how many labels there are.
    """

    def __init__(self, dimensions: int, labels: int) -> None:
        self.gram = torch.zeros(labels + 1, labels + 1, dtype=torch.float64)
        self.cross = torch.zeros(labels + 1, dimensions, dtype=torch.float64)

    @property
    def count(self) -> int:
        """How many faces were added."""
        return int(self.gram[0, 0])

    def add(self, latents: Tensor, labels: Tensor) -> None:
        """Add latents ``(B, D)`` with their bool labels ``(B, N)``."""
        flags = torch.cat([torch.ones(len(labels), 1, dtype=torch.float64), labels.cpu().double()], dim=1)
        self.gram += flags.T @ flags
        self.cross += flags.T @ latents.cpu().double()

    def all_reduce(self, world: World) -> None:
        """Add what the other processes have added."""
        for sums in (self.gram, self.cross):
            world.all_reduce(sums)

    def mean_directions(self) -> Tensor:
        """For each label, the mean latent with it minus the mean without, ``(N, D)`` in float64.

        Raises:
            OneSidedLabelError: a label is on all faces or on none.
        """
        covariance = label_covariance(self.gram)
        centred = self.cross[1:] / self.count - torch.outer(self.gram[0, 1:], self.cross[0]) / self.count**2
        return centred / covariance.diagonal()[:, None]


def label_covariance(gram: Tensor) -> Tensor:
    """The labels' covariance ``(N, N)``, from :attr:`LabelSums.gram`.

    Raises:
        OneSidedLabelError: a label is on all faces or on none.
    """
    count = float(gram[0, 0])
    with_label = gram.diagonal()[1:]
    one_sided = torch.nonzero((with_label == 0) | (with_label == count)).flatten().tolist()
    if one_sided or not count:
        raise OneSidedLabelError(
            f"among {count:.0f} faces, these labels are on all or on none: "
            f"{', '.join(LABEL_NAMES[i] for i in one_sided)}; use more faces."
        )
    return gram[1:, 1:] / count - torch.outer(gram[0, 1:], gram[0, 1:]) / count**2
