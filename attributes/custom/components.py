"""What latents vary by most, found without any labels: ``python -m attributes components``."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from attributes.custom.store import FOUND
from attributes.directions.mean_difference import LabelSums
from attributes.encoding import encode_faces
from attributes.sliders.slider import Direction, Slider
from data.face_set import FaceSet
from data.labels import LABELS
from glow.checkpoint import Checkpoint
from glow.latent import Latent
from storage.values import InvalidValueError

BATCH = 256
"""Faces of one step of the incremental analysis; scikit-learn needs at least as many as components."""

STEP = 1.5
"""A slider's value of 1 goes so many of the faces' standard deviations."""

FOLLOWS = 0.1
"""Correlation with a label below which a component is said to follow none."""


@dataclass(frozen=True)
class Component:
    """A principal component as a slider."""

    direction: Direction
    """The slider with its vector."""

    variance: float
    """The share of the latents' variance that lies along it."""

    correlations: tuple[float, ...]
    """Its correlation with each label, in the order of :data:`data.labels.LABELS`; empty for faces without labels."""


@torch.inference_mode()
def find_components(checkpoint: Checkpoint, faces: FaceSet, count: int) -> list[Component]:
    """The ``count`` directions along which latents vary most, by incremental PCA (Ross et al. 2008) of one pass.

    Each is named after the label that it follows most, and points to where that label is.

    Raises:
        InvalidValueError: there are fewer faces than components, or no components are asked for.
    """
    if not 1 <= count <= min(len(faces), BATCH):
        raise InvalidValueError(f"{count} components were asked for; it must be from 1 to {min(len(faces), BATCH)}.")
    from sklearn.decomposition import IncrementalPCA  # a second of start-up

    model = checkpoint.model
    analysis = IncrementalPCA(count)
    sums = LabelSums(model.config.dimensions, len(LABELS))
    waiting: list[np.ndarray] = []
    left = len(faces)
    for encoded in encode_faces(model, faces):
        latents = encoded.latents.float().cpu()
        if faces.labels is not None:
            sums.add(latents, torch.from_numpy(faces.labels[encoded.indices]))
        waiting.append(latents.numpy())
        # What is left must be enough for a step of its own, and so joins the last one.
        left -= len(latents)
        if not left or (sum(map(len, waiting)) >= BATCH and left >= BATCH):
            analysis.partial_fit(np.concatenate(waiting))
            waiting = []
    components = []
    for place, vector in enumerate(torch.from_numpy(analysis.components_).double()):
        deviation = math.sqrt(float(analysis.explained_variance_[place]))
        found = _correlations(sums, vector, deviation) if faces.labels is not None else []
        title, sign = f"Component {place + 1}", 1
        if found and max(map(abs, found)) >= FOLLOWS:
            label, correlation = max(zip(LABELS, found, strict=True), key=lambda pair: abs(pair[1]))
            # To the right is more of what it is named after; of a label that is shown turned round, that is less.
            sign = label.sign if correlation > 0 else -label.sign
            title += f" (mostly {label.title})"
        flat = sign * deviation * vector.float()[None]
        direction = Direction(
            Slider(name=f"Component_{place + 1}", title=title, group=FOUND, up=STEP, down=STEP),
            Latent.unflatten(flat, model.config.scale_shapes()),
            mean=float(flat[0].double() @ torch.from_numpy(analysis.mean_).double()),
            deviation=deviation**2,  # of products with a vector that is one deviation long
        )
        share = float(analysis.explained_variance_ratio_[place])
        components.append(Component(direction, share, tuple(sign * c for c in found)))
    return components


def _correlations(sums: LabelSums, vector: torch.Tensor, deviation: float) -> list[float]:
    """The correlations with each label of the latents' products with a unit vector."""
    count, with_label = sums.count, sums.label_second_moment[0, 1:] / sums.count
    products = sums.cross_moment @ vector / count
    covariance = products[1:] - with_label * products[0]
    # A label on all or on no faces follows nothing.
    deviations = (with_label * (1 - with_label)).sqrt() * deviation
    return torch.where(deviations > 0, covariance / deviations.clamp_min(1e-12), 0.0).tolist()
