"""Mean latent differences of all labels, from one pass over labelled faces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import torch
from tqdm import tqdm

from attributes.dataset import FaceSet
from attributes.directions import Directions, DirectionsError
from attributes.labels import LABEL_NAMES
from attributes.population import Population
from glow.checkpoint import Checkpoint
from glow.latent import Latent

POPULATION = 2048
"""Faces whose spread along the directions is measured."""

_Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor]


class MeanDifferences:
    """Sums of latents, and of those with each label, in float64: constant memory, any number of faces.

    Args:
        dimensions: numbers in one latent.
        labels: how many labels there are.
    """

    def __init__(self, dimensions: int, labels: int) -> None:
        self.count = 0
        self.count_with = torch.zeros(labels, dtype=torch.float64)
        self.sum = torch.zeros(dimensions, dtype=torch.float64)
        self.sum_with = torch.zeros(labels, dimensions, dtype=torch.float64)

    def add(self, latents: torch.Tensor, labels: torch.Tensor) -> None:
        """Add latents ``(B, D)`` with their bool labels ``(B, labels)``."""
        latents, flags = latents.cpu().double(), labels.double()
        self.count += len(latents)
        self.count_with += flags.sum(0)
        self.sum += latents.sum(0)
        self.sum_with += flags.T @ latents

    def result(self) -> torch.Tensor:
        """Mean with the label minus mean without, ``(labels, D)`` in float64.

        Raises:
            DirectionsError: a label is on all faces or on none.
        """
        without = self.count - self.count_with
        one_sided = torch.nonzero((self.count_with == 0) | (without == 0)).flatten().tolist()
        if one_sided:
            raise DirectionsError(
                f"among {self.count} faces, these labels are on all or on none: "
                f"{', '.join(LABEL_NAMES[i] for i in one_sided)}; use more faces."
            )
        mean_with = self.sum_with / self.count_with[:, None]
        return mean_with - (self.sum - self.sum_with) / without[:, None]


def _latents(checkpoint: Checkpoint, faces: FaceSet, indices: np.ndarray, batch: int) -> Iterator[_Batch]:
    """Which faces, and their flattened latents ``(B, D)``."""
    model = checkpoint.model
    with tqdm(total=len(indices), desc="encoding faces", unit="img", disable=None) as bar:
        for chosen, pixels in faces.batches(model.config.image_size, batch, indices=indices):
            x = torch.from_numpy(pixels).to(model.device).float() / 255
            yield torch.from_numpy(chosen), model.encode(x).flatten()
            bar.update(len(chosen))


@torch.inference_mode()
def compute_directions(checkpoint: Checkpoint, faces: FaceSet, *, batch: int = 64) -> Directions:
    """Each label's mean latent difference over all scales (Kingma & Dhariwal 2018, section 5.2).

    One pass over all faces gives the directions, a second one over a few where faces lie along them.

    Args:
        checkpoint: the model to encode with.
        faces: labelled faces.
        batch: faces encoded at once.

    Raises:
        DirectionsError: the faces have no labels, or a label is on all of them or on none.
    """
    if faces.labels is None:
        raise DirectionsError("directions need labels; give a folder in CelebA-HQ's or CelebA's layout.")
    model = checkpoint.model
    labels = torch.from_numpy(np.ascontiguousarray(faces.labels))
    sums = MeanDifferences(model.config.dimensions, len(LABEL_NAMES))
    for chosen, latents in _latents(checkpoint, faces, np.arange(len(faces)), batch):
        sums.add(latents, labels[chosen])
    vectors = sums.result().float()
    some = np.unique(np.linspace(0, len(faces) - 1, POPULATION).round().astype(int))
    products = [latents.cpu().double() @ vectors.double().T for _, latents in _latents(checkpoint, faces, some, batch)]
    population = Population.measure(torch.cat(products))
    directions = Directions(
        Latent.unflatten(vectors, model.config.scale_shapes()), population, checkpoint.hash, len(faces)
    )
    return directions.to(model.device)
