"""Training a latent mapper: ``python -m attributes mapper``.

A mapper and a critic are trained against each other (:mod:`attributes.making.mapper_training`).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from attributes.classifier.network import AttributeClassifier
from attributes.directions.direction_basis import DirectionBasis
from attributes.directions.mapper import LatentMapper
from attributes.encoding import encode_faces
from attributes.making.calibrate import label_mix
from attributes.making.compute import PROJECTION_FACES, projection_statistics
from attributes.making.mapper_config import CONFIG
from attributes.making.mapper_training import LabelledFaces, MapperTraining
from attributes.sliders.errors import DirectionsError
from attributes.sliders.slider import LABEL_SLIDERS
from data.face_set import FaceSet
from data.labels import LABEL_NAMES
from glow.checkpoint import Checkpoint
from glow.latent import Latent
from glow.model import Glow

STEPS, BATCH = 4200, 256


def half_cosine(share: float) -> float:
    """The rate after a share of the way: from full to nothing, as half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, share)))


def train_mapper(
    checkpoint: Checkpoint,
    basis: DirectionBasis,
    faces: FaceSet,
    classifier: AttributeClassifier,
    *,
    steps: int = STEPS,
    batch: int = BATCH,
    warm_start: bool = False,
    seed: int = 0,
) -> DirectionBasis:
    """A basis with a mapper; not calibrated yet.

    A basis that has one already keeps the directions that it adds to.

    Args:
        checkpoint: the model.
        basis: its directions.
        faces: labelled training faces.
        classifier: one of the two networks that read labels; the other is the critic.
        steps: of the mapper; before them the critic has some of its own.
        batch: faces in each.
        warm_start: begin with the mapper that the basis has, instead of a new one.
        seed: of all that is drawn by chance.

    Raises:
        DirectionsError: the faces have no labels, a label is on all of them or on none, or there is no mapper to begin
            with.
    """
    if warm_start and basis.mapper is None:
        raise DirectionsError("there is no mapper to begin with; train one without --warm-start.")
    known = encoded_faces(checkpoint.model, faces)
    with_label = known.labels.sum(0)
    if bool(((with_label == 0) | (with_label == len(known.labels))).any()):
        raise DirectionsError("each label must be on some of the faces and not on all; use more faces.")
    # As the file will hold them, so that what is measured here is true of them.
    base = basis.vectors(torch.stack([label_mix(basis, place) for place in range(len(LABEL_NAMES))]))
    base = Latent(tuple(scale.half().float() for scale in base.scales))
    work = MapperTraining(
        checkpoint.model, classifier, base.flatten(), known, start=basis.mapper if warm_start else None, seed=seed
    )
    alone = CONFIG.label_steps + CONFIG.critic_warm_up
    with tqdm(total=alone + steps, desc="training the mapper", disable=None) as bar:
        for turn in range(alone + steps):
            if turn < CONFIG.label_steps:
                work.learn_to_read(batch, half_cosine(turn / CONFIG.label_steps))
            elif turn < alone:
                work.step(batch, 1.0, train=False)
            else:
                done = turn - alone
                work.step(batch, min(1.0, (done + 1) / CONFIG.learning_rate_warm_up) * half_cosine(done / steps))
            bar.set_postfix(work.told(), refresh=False)
            bar.update()
    return mapped_basis(basis, base, work.averaged.eval(), known.latents)


@torch.inference_mode()
def encoded_faces(model: Glow, faces: FaceSet) -> LabelledFaces:
    if faces.labels is None:
        raise DirectionsError("training a mapper needs labels; give a folder in CelebA-HQ's or CelebA's layout.")
    pixels, latents, read = [], [], []
    for encoded in encode_faces(model, faces):
        pixels.append(encoded.pixels)
        latents.append(encoded.latents.half())
        read.append(encoded.indices)  # without those that cannot be read
    labels = torch.from_numpy(np.ascontiguousarray(faces.labels[np.concatenate(read)])).to(model.device)
    with torch.inference_mode(False):  # gradients flow from these later
        return LabelledFaces(torch.cat(latents).clone(), torch.cat(pixels).clone(), labels.clone())


def mapped_basis(basis: DirectionBasis, base: Latent, mapper: LatentMapper, latents: Tensor) -> DirectionBasis:
    """A basis with a mapper.

    Args:
        basis: with the mean directions.
        base: the directions that the mapper adds to, a batch of 40.
        mapper: trained.
        latents: of real faces, ``(N, D)``, to see where faces lie along all of them.
    """
    basis = replace(basis, base=base, mapper=mapper, mix=None, sliders=LABEL_SLIDERS)
    some = latents[torch.linspace(0, len(latents) - 1, PROJECTION_FACES).round().long().unique()]
    shapes = [(scale.shape[1], scale.shape[2], scale.shape[3]) for scale in base.scales]
    mean, covariance = projection_statistics(Latent.unflatten(some.cpu(), shapes), basis.all.to("cpu"))
    return replace(basis, projection_mean=mean, projection_covariance=covariance)
