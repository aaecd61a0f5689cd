"""Mean directions: each label's mean latent with it minus the mean without, from sums of one pass over labelled faces.

Every other kind of direction follows from the same sums.
"""

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
        self.label_second_moment = torch.zeros(labels + 1, labels + 1, dtype=torch.float64)
        """``Σ y yᵀ``, ``(N + 1, N + 1)``."""
        self.cross_moment = torch.zeros(labels + 1, dimensions, dtype=torch.float64)
        """``Σ y zᵀ``, ``(N + 1, D)``."""

    @property
    def count(self) -> int:
        """How many faces were added."""
        return int(self.label_second_moment[0, 0])

    def add(self, latents: Tensor, labels: Tensor) -> None:
        """Add latents ``(B, D)`` with their bool labels ``(B, N)``."""
        flags = torch.cat([torch.ones(len(labels), 1, dtype=torch.float64), labels.cpu().double()], dim=1)
        self.label_second_moment += flags.T @ flags
        self.cross_moment += flags.T @ latents.cpu().double()

    def all_reduce(self, world: World) -> None:
        """Add what the other processes have added."""
        for sums in (self.label_second_moment, self.cross_moment):
            world.all_reduce(sums)

    def mean_directions(self) -> Tensor:
        """For each label, the mean latent with it minus the mean without, ``(N, D)`` in float64.

        Raises:
            OneSidedLabelError: a label is on all faces or on none.
        """
        covariance, with_label = label_covariance(self.label_second_moment), self.label_second_moment[0, 1:]
        centred = self.cross_moment[1:] / self.count - torch.outer(with_label, self.cross_moment[0]) / self.count**2
        return centred / covariance.diagonal()[:, None]


def label_covariance(label_second_moment: Tensor) -> Tensor:
    """The labels' covariance ``(N, N)``, from :attr:`LabelSums.label_second_moment`.

    Raises:
        OneSidedLabelError: a label is on all faces or on none.
    """
    moment = label_second_moment
    count = float(moment[0, 0])
    with_label = moment.diagonal()[1:]
    one_sided = torch.nonzero((with_label == 0) | (with_label == count)).flatten().tolist()
    if one_sided or not count:
        raise OneSidedLabelError(
            f"among {count:.0f} faces, these labels are on all or on none: "
            f"{', '.join(LABEL_NAMES[i] for i in one_sided)}; use more faces."
        )
    return moment[1:, 1:] / count - torch.outer(moment[0, 1:], moment[0, 1:]) / count**2
