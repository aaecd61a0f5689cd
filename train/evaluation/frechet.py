"""The Fréchet distance between samples and real faces, in the features of our own attribute classifier.

As FID (Heusel et al. 2017, arXiv 1706.08500), but in another feature space, one that needs no download: figures tell
one model of ours from another, and mean nothing beside published ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor
from tqdm import tqdm

from glow.model import Glow
from storage.values import InvalidValueError


class FeatureExtractor(Protocol):
    """What tells features of pictures, such as :class:`attributes.classifier.network.AttributeClassifier`."""

    def features(self, x: Tensor) -> Tensor:
        """Features ``(B, F)`` of pictures ``(B, 3, H, W)`` in [0, 1]."""


class Moments:
    """Mean and covariance of features that come bit by bit, in float64."""

    def __init__(self) -> None:
        self.count = 0
        self._mean = self._scatter = torch.zeros(())

    def add(self, features: Tensor) -> None:
        """Take in features ``(B, F)``."""
        features = features.cpu().double()
        if not self.count:
            size = features.shape[1]
            self._mean, self._scatter = torch.zeros(size).double(), torch.zeros(size, size).double()
        # About the mean so far (Chan et al. 1983): sums of squares alone would lose digits.
        mean, count = features.mean(0), len(features)
        apart = mean - self._mean
        total = self.count + count
        inside = features - mean
        self._scatter += inside.T @ inside + torch.outer(apart, apart) * (self.count * count / total)
        self._mean = self._mean + apart * (count / total)
        self.count = total

    @property
    def mean(self) -> Tensor:
        """``(F,)``."""
        return self._mean

    @property
    def covariance(self) -> Tensor:
        """``(F, F)``.

        Raises:
            InvalidValueError: there are fewer than two features.
        """
        if self.count < 2:
            raise InvalidValueError(f"a covariance needs at least 2 pictures, not {self.count}; use more.")
        return self._scatter / (self.count - 1)


def frechet_distance(first: Moments, second: Moments) -> float:
    """``|m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½)``, the squared Fréchet distance of two Gaussians.

    The trace of the root is that of ``(C1^½ C2 C1^½)^½``, which is symmetric, so that eigenvalues do.
    """
    root = _root(first.covariance)
    values = torch.linalg.eigvalsh(root @ second.covariance @ root)
    cross = values.clamp(min=0).sqrt().sum()
    trace_term = first.covariance.trace() + second.covariance.trace() - 2 * cross
    return max(0.0, float((first.mean - second.mean).square().sum() + trace_term))


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def moments(
    extractor: FeatureExtractor, count: int, pictures: Callable[[int, int], Tensor], *, batch: int = 50
) -> Moments:
    """Moments of the features of ``count`` pictures; ``pictures(first, last)`` gives ``(B, 3, H, W)`` in [0, 1]."""
    found = Moments()
    with tqdm(total=count, desc="judging pictures", unit="img", disable=None) as bar:
        for first in range(0, count, batch):
            last = min(first + batch, count)
            found.add(extractor.features(pictures(first, last)))
            bar.update(last - first)
    return found


@torch.inference_mode()
def frechet_distances(
    model: Glow,
    extractor: FeatureExtractor,
    pixels: Tensor,
    samples: int,
    temperatures: Sequence[float],
    *,
    seed: int = 0,
) -> dict[float, float]:
    """The distance of drawn faces to real ones, for each temperature; the same noise for all.

    Args:
        model: what draws.
        extractor: what tells features.
        pixels: the real faces, uint8 ``(N, 3, H, W)``.
        samples: how many are drawn.
        temperatures: at which.
        seed: of the noise.
    """
    real = moments(extractor, len(pixels), lambda first, last: pixels[first:last].to(model.device).float() / 255)
    distances = {}
    for temperature in temperatures:
        generator = torch.Generator().manual_seed(seed)

        def draw(first: int, last: int, at: float = temperature, source: torch.Generator = generator) -> Tensor:
            return model.sample(last - first, at, source)

        distances[temperature] = frechet_distance(moments(extractor, samples, draw), real)
    return distances
