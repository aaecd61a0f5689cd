"""Where faces lie along the directions, and how far a move may go before it leaves them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

COMMON = 2.0
"""Standard deviations from the mean face up to which a move goes its whole way."""
RARE = 3.0
"""Standard deviations from the mean face that a move comes near to but does not pass."""


@dataclass(frozen=True)
class Population:
    """The spread of faces in the plane of the directions.

    Latents of faces are close to a unit Gaussian, so a mean difference of a rare label can be longer than the whole
    population is wide. Three of them lead to where there never was a face, and a flow decodes that to noise.
    """

    mean: Tensor
    """``(N,)`` float64: the mean over faces z of ``<z, d_k>`` for each direction d_k."""

    covariance: Tensor
    """``(N, N)`` float64: the covariance of these products."""

    @staticmethod
    def measure(products: Tensor) -> Population:
        """The population of faces with the products ``(faces, N)``; at least two faces."""
        products = products.double()
        return Population(products.mean(0), torch.cov(products.T))

    def share(self, weights: Tensor, product: Tensor, length: Tensor) -> Tensor:
        """How much of a move faces can go, each in (0, 1].

        Along the move, a face stands at so many standard deviations from the mean face. Up to :data:`COMMON` it
        moves as far as asked; beyond, it comes ever closer to :data:`RARE`. A face that is beyond from the start
        may move on by the distance between the two.

        Args:
            weights: ``(N,)``, the move m as weights of the directions.
            product: ``(B,)``, ``<z, m>`` of each face z.
            length: scalar, ``<m, m>``; not 0.
        """
        weights, product = weights.to(self.mean), product.to(self.mean)
        deviation = (weights @ self.covariance @ weights).sqrt().clamp_min(1e-12)
        start = (product - weights @ self.mean) / deviation
        asked = length.to(self.mean) / deviation
        free = (COMMON - start).clamp_min(0)
        beyond = (asked - free).clamp_min(0)
        gone = asked.minimum(free) + (RARE - COMMON) * -torch.expm1(-beyond / (RARE - COMMON))
        return torch.where(beyond > 0, gone / asked, 1.0)

    def to(self, device: str | torch.device) -> Population:
        """The population on another device."""
        return Population(self.mean.to(device), self.covariance.to(device))
