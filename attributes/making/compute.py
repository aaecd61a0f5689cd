"""The directions of all labels, from one pass over labelled faces, in any number of processes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from attributes.directions.direction_basis import DirectionBasis
from attributes.directions.mean_difference import LabelSums, OneSidedLabelError
from attributes.encoding import encode_faces
from attributes.making.chance import channel_variances, without_chance
from attributes.sliders.errors import DirectionsError
from data.face_set import FaceSet
from data.labels import LABEL_NAMES
from glow.checkpoint import Checkpoint
from glow.distributed import World
from glow.latent import Latent

PROJECTION_FACES = 1024
"""Faces whose latents are kept during the pass, to be projected onto the directions afterwards: where faces lie along
them."""


@torch.inference_mode()
def compute_directions(
    checkpoint: Checkpoint, faces: FaceSet, *, batch: int = 64, plain: bool = False, world: World | None = None
) -> DirectionBasis:
    """Each label's mean latent difference over all scales (Kingma & Dhariwal 2018, section 5.2), less what is likely
    chance, and what is needed to make partial directions of them.

    One pass: sums, and the latents of :data:`PROJECTION_FACES` faces: memory does not grow with the number of faces.
    Of several processes, each encodes a slice of the faces, and all get the result.

    Args:
        checkpoint: the model to encode with.
        faces: labelled faces.
        batch: faces encoded at once.
        plain: leave the mean differences as they are, with what is likely chance (:func:`without_chance`).
        world: the processes that share the work, which send tensors on the CPU; this process alone if left out.

    Raises:
        DirectionsError: the faces have no labels, or a label is on all of them or on none.
    """
    if faces.labels is None:
        raise DirectionsError("directions need labels; give a folder in CelebA-HQ's or CelebA's layout.")
    model = checkpoint.model
    world = world or World(model.device)
    mine = np.array_split(np.arange(len(faces)), world.size)[world.rank]
    kept_faces = np.unique(np.linspace(0, len(faces) - 1, PROJECTION_FACES).round().astype(int))
    labels = torch.from_numpy(np.ascontiguousarray(faces.labels))
    sums = LabelSums(model.config.dimensions, len(LABEL_NAMES))
    kept = [torch.empty(0, model.config.dimensions, dtype=torch.float16)]
    for encoded in encode_faces(model, faces, batch=batch, indices=mine, progress=world.is_main):
        latents = encoded.latents.cpu()
        sums.add(latents, labels[torch.from_numpy(encoded.indices)])
        kept.append(latents[torch.from_numpy(np.isin(encoded.indices, kept_faces))].half())
    sums.all_reduce(world)
    try:
        vectors = sums.mean_directions()
    except OneSidedLabelError as error:
        raise DirectionsError(str(error)) from error
    shapes = model.config.scale_shapes()
    means, some = Latent.unflatten(vectors, shapes), Latent.unflatten(torch.cat(kept), shapes)
    if not plain:
        with_label = sums.label_second_moment[0, 1:]
        counts = torch.stack([with_label, sums.count - with_label], dim=1)
        means = without_chance(means, channel_variances(some, world), counts)
    # As the file will hold them, so that what is measured here is true of them.
    means = Latent(tuple(scale.half().float() for scale in means.scales))
    mean, covariance = projection_statistics(some, means, world)
    return DirectionBasis(means.to(model.device), sums.label_second_moment, mean, covariance, checkpoint.hash)


def projection_statistics(latents: Latent, directions: Latent, world: World | None = None) -> tuple[Tensor, Tensor]:
    """Mean and covariance, over the latents of all processes, of their projections onto each direction on each scale.

    Projections are inner products here, with directions as long as they are.
    """
    projections = torch.cat(
        [
            z.flatten(1).double() @ m.flatten(1).double().T
            for z, m in zip(latents.scales, directions.scales, strict=True)
        ],
        dim=1,
    )
    with_one = torch.cat([torch.ones(len(projections), 1, dtype=torch.float64), projections], dim=1)
    moments = with_one.T @ with_one
    if world is not None:
        world.all_reduce(moments)
    count, mean = moments[0, 0], moments[0, 1:] / moments[0, 0]
    return mean, moments[1:, 1:] / count - torch.outer(mean, mean)
