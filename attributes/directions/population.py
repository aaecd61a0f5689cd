"""Where faces lie along the directions, and how far a move may go before it leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

RARE = 3.0
"""Standard deviations from the mean face that a move may come to, whatever its slider's range."""
COMMON = 2 / 3
"""Share of the way from the mean face to a move's end that is gone without a limit."""


@dataclass(frozen=True)
class Population:
    """The spread of faces along each of N directions.

    Latents of faces are close to a unit Gaussian, and the direction of a rare label may be longer than the
    population is wide. Several of them lead to where there never was a face, and a flow decodes that to noise.
    """

    mean: Tensor
    """``(N,)`` float64: the mean over faces z of ``<z, d_k>`` for each direction d_k."""

    deviation: Tensor
    """``(N,)`` float64: the standard deviation of the same."""

    @staticmethod
    def measure(products: Tensor) -> Population:
        """The population of faces with the products ``(faces, N)``; at least two faces."""
        products = products.double()
        return Population(products.mean(0), products.std(0).clamp_min(1e-12))

    def select(self, indices: list[int]) -> Population:
        """The population along some of the directions."""
        return Population(self.mean[indices], self.deviation[indices])

    def extended(self, mean: Sequence[float], deviation: Sequence[float]) -> Population:
        """The population along these directions and others after them."""
        return Population(
            torch.cat([self.mean, torch.tensor(mean, dtype=torch.float64)]),
            torch.cat([self.deviation, torch.tensor(deviation, dtype=torch.float64).clamp_min(1e-12)]),
        )

    def limited(
        self,
        values: Tensor,
        products: Tensor,
        gram: Tensor,
        range_limits: Tensor | None = None,
        reach_limits: Tensor | None = None,
    ) -> Tensor:
        """What each face really moves by, ``(B, N)``, where ``values`` are asked for.

        Along a direction, a face stands at so many standard deviations from the mean face, and a move has its end
        where ``range_limits`` take the mean face, or at :data:`RARE` deviations if that is further. Up to
        :data:`COMMON` of the way from the mean face to there it goes as far as asked; beyond, it comes ever closer
        to the end. A face that is beyond from the start may move on by the distance between the two. The directions
        are gone one after the other, so that alike ones (a smile, an open mouth) together stop where one alone
        does, and unlike ones do not hinder each other.

        Args:
            values: ``(B, N)`` or ``(1, N)`` float64, how often to go each direction; negative goes back. All faces go a
                direction the same way.
            products: ``(B, N)`` float64, ``<z, d_k>`` of each face z.
            gram: ``(N, N)`` float64, ``<d_j, d_k>``; or ``(B, N, N)`` or ``(1, N, N)``, ``<w_j, d_k>``, where each face
                goes directions w_j of its own, which the directions d_k are the base of.
            range_limits: ``(N,)`` float64, how often the mean face may go each direction, at least 0.
            reach_limits: ``(B, N)`` or ``(1, N)`` float64, how often each face may go each direction from where it
                stands, as its reach says; NaN where that is not known. It goes as far as asked up to there, and little
                further.
        """
        gram = gram if gram.ndim == 3 else gram[None]
        lengths = (gram.diagonal(dim1=1, dim2=2) / self.deviation).clamp_min(0).expand_as(products)
        ends = (torch.zeros_like(lengths) if range_limits is None else range_limits * lengths).clamp_min(RARE)
        free_to, slack = COMMON * ends, (1 - COMMON) * ends
        if reach_limits is not None:
            stands = (products - self.mean) / self.deviation * values.sign()
            free_to = torch.where(reach_limits.isnan(), free_to, stands + reach_limits * lengths)
            slack = torch.where(reach_limits.isnan(), slack, (1 - COMMON) * RARE)
        weights = torch.zeros_like(products)
        for k, value in enumerate(values.unbind(1)):
            if value.any():
                here = products[:, k] + (weights * gram[:, :, k]).sum(1) - self.mean[k]
                free = free_to[:, k] - here / self.deviation[k] * value.sign()
                weights[:, k] = value * _share(free, value.abs() * lengths[:, k], slack[:, k])
        return weights


def _share(free: Tensor, asked: Tensor, slack: Tensor) -> Tensor:
    """Which share of a move by ``asked``, above 0, is gone: all where it is ``free``, and up to ``slack`` beyond."""
    free = free.clamp_min(0)
    beyond = (asked - free).clamp_min(0)
    gone = asked.minimum(free) - slack * torch.expm1(-beyond / slack)
    return gone / asked.clamp_min(1e-12)
