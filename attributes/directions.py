"""Attribute directions in latent space: storing them, and moving faces along them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from attributes.labels import LABEL_NAMES
from attributes.population import Population
from glow.checkpoint import FORMAT_VERSION, Checkpoint, read_safetensors, write_safetensors
from glow.latent import Latent
from glow.mixing import in_float64


class DirectionsError(ValueError):
    """Directions cannot be used with this model or these values; the message says why and what to do."""


@dataclass(frozen=True)
class Directions:
    """One direction of the latent space for each of the 40 labels."""

    vectors: Latent
    """A batch of 40 directions in the order of :data:`attributes.labels.LABELS`, over all scales."""

    population: Population
    """Where faces lie along them."""

    model_hash: str
    """The hash of the checkpoint that they were computed with."""

    faces: int
    """How many faces they were computed from."""

    def move(self, latent: Latent, values: Mapping[str, float]) -> Latent:
        """``latent`` plus each named direction times its value; the very same latent where all are 0.

        A face that would come far from where faces usually are goes only a part of the way, in the same direction;
        :meth:`Population.hold_back` says how far. For a rare label, such as Bald, even a value of 1 may not be reached.

        Args:
            latent: faces to move, any batch size.
            values: a number per label name; 1 is one mean difference between faces with and without it.

        Raises:
            DirectionsError: a name is no label, or a value is not a finite number.
        """
        weights = self._weights(values)
        if not weights:
            return latent
        indices = list(weights)
        asked = torch.tensor([weights[index] for index in indices], dtype=torch.float64)
        chosen = in_float64(self.vectors.flatten()[indices])
        products = (in_float64(latent.flatten()) @ chosen.T).cpu()
        held = self.population.select(indices).hold_back(asked, products, (chosen @ chosen.T).cpu())
        moves = Latent.unflatten(
            held.to(chosen) @ chosen, [(s.shape[1], s.shape[2], s.shape[3]) for s in latent.scales]
        )
        return latent + moves.to(latent.device, latent.scales[0].dtype)

    def _weights(self, values: Mapping[str, float]) -> dict[int, float]:
        weights = {}
        for name, value in values.items():
            if name not in LABEL_NAMES:
                raise DirectionsError(f"{name!r} is no label; the labels are {', '.join(LABEL_NAMES)}.")
            if not math.isfinite(value):
                raise DirectionsError(f"the value of {name} is {value}; it must be a finite number.")
            if value:
                weights[LABEL_NAMES.index(name)] = float(value)
        return weights

    def to(self, device: str | torch.device) -> Directions:
        """The directions on another device."""
        return Directions(self.vectors.to(device), self.population, self.model_hash, self.faces)


def directions_path(checkpoint: str | Path) -> Path:
    """Where the directions of a checkpoint lie: beside it, as ``NAME.directions.safetensors``."""
    return Path(checkpoint).with_suffix(".directions.safetensors")


def save_directions(path: str | Path, directions: Directions) -> None:
    """Write directions to ``path`` (safetensors)."""
    header = {
        "kind": "directions",
        "version": FORMAT_VERSION,
        "labels": list(LABEL_NAMES),
        "model_hash": directions.model_hash,
        "faces": directions.faces,
    }
    tensors = {f"scale.{i}": scale for i, scale in enumerate(directions.vectors.scales)}
    tensors |= {"population.mean": directions.population.mean}
    tensors |= {"population.deviation": directions.population.deviation}
    write_safetensors(Path(path), tensors, header)


def load_directions(path: str | Path, checkpoint: Checkpoint) -> Directions:
    """The directions of ``path``, on the device of ``checkpoint``'s model.

    Raises:
        DirectionsError: they belong to another checkpoint, or to other labels.
        CheckpointError: the file is missing or broken.
    """
    tensors, header = read_safetensors(Path(path), "directions")
    if header.get("model_hash") != checkpoint.hash:
        raise DirectionsError(
            f"{path} belongs to another checkpoint ({str(header.get('model_hash'))[:12]}, not "
            f"{checkpoint.hash[:12]}); run `python -m attributes compute` for this one."
        )
    if header.get("labels") != list(LABEL_NAMES):
        raise DirectionsError(f"{path} has other labels than CelebA's 40; compute it again.")
    if "population.deviation" not in tensors:
        raise DirectionsError(f"{path} is of an older Glowface; run `python -m attributes compute` again.")
    scales = [name for name in tensors if name.startswith("scale.")]
    vectors = Latent(tuple(tensors[f"scale.{i}"] for i in range(len(scales))))
    population = Population(tensors["population.mean"], tensors["population.deviation"])
    directions = Directions(vectors, population, checkpoint.hash, int(header["faces"]))
    return directions.to(checkpoint.model.device)
