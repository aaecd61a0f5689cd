"""The measures of natural that were tried; of each, more is worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from attributes import LABEL_NAMES, DirectionBasis, Judge
from benchmarks.edits import EDITS
from benchmarks.natural.edits import Graded
from faces import Detector
from glow import Glow, Latent

CHOSEN, MOVE, FEATURES = (
    "oddness (attributes.sliders.oddness)", "length of the latent's move", "change of the classifier's features",
)  # fmt: skip
BEYOND = 0.1
"""How far a colour value may leave [0, 1] before it counts as outside."""
MAP_FACES = 24
"""Faces of which the maps are made that tell where an attribute usually changes a face."""
BUSINESS = 1 / 3
"""Share of the picture where it does: what it changes most."""


@torch.inference_mode()
def decoded(model: Glow, latents: Tensor) -> Tensor:
    """Pictures ``(N, 3, H, W)``, not clamped."""
    shapes = model.config.scale_shapes()
    return torch.cat([model.decode(Latent.unflatten(z, shapes)) for z in latents.split(20)])


def measures(
    judge: Judge,
    basis: DirectionBasis,
    rows: Sequence[Graded],
    latents: tuple[Tensor, Tensor],
    pictures: tuple[Tensor, Tensor],
) -> dict[str, np.ndarray]:
    """Each measure ``(N,)`` of edits, of the latents before and after, ``(N, D)``, and what these look like."""
    (before, after), (was, now) = latents, pictures
    seen = [judge.read(x) for x in pictures]
    shapes = judge.model.config.scale_shapes()
    found = {
        CHOSEN: seen[1].oddness(seen[0], after - before),
        "outside of [0, 1]": ((now < -BEYOND) | (now > 1 + BEYOND)).float().mean((1, 2, 3)),
        MOVE: (after - before).norm(dim=1),
        "change of the picture": (now.clamp(0, 1) - was).abs().mean((1, 2, 3)),
        "change where it has no business": _change_elsewhere(rows, _business(judge, basis, before), was, now),
        FEATURES: (seen[1].features - seen[0].features).norm(dim=1),
        "face found, eyes and mouth in place": _landmarks(was, now),
    }
    for k, (old, new) in enumerate(zip(*(Latent.unflatten(z, shapes).scales for z in (before, after)), strict=True)):
        found[f"latent: squares on scale {k + 1}"] = (new.square() - old.square()).flatten(1).mean(1)
        found[f"latent: largest place on scale {k + 1}"] = new.square().mean(1).flatten(1).amax(1)
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}


def _business(judge: Judge, basis: DirectionBasis, latents: Tensor) -> dict[str, Tensor]:
    """Where each edit usually does not change a face, bool ``(H, W)``."""
    faces, maps = latents[:MAP_FACES], {}
    still = decoded(judge.model, faces)
    for edit in EDITS:
        way = edit.side * basis.means.flatten()[LABEL_NAMES.index(edit.label)]
        change = (decoded(judge.model, faces + way) - still).abs().mean((0, 1))
        smooth = F.avg_pool2d(change[None, None], 9, 1, 4)[0, 0]
        maps[edit.name] = smooth <= torch.quantile(smooth, 1 - BUSINESS)
    return maps


def _change_elsewhere(rows: Sequence[Graded], maps: Mapping[str, Tensor], was: Tensor, now: Tensor) -> Tensor:
    change = (now.clamp(0, 1) - was).abs().mean(1)
    return torch.stack([change[k][maps[row.edit]].mean() for k, row in enumerate(rows)])


def _landmarks(was: Tensor, now: Tensor) -> np.ndarray:
    """How far eyes, nose and mouth have moved, as a share of the picture's side; 1 where no face is found."""
    detector, found = Detector(), []
    for pair in zip(was, now, strict=True):
        faces = []
        for x in pair:
            large = F.interpolate(x.clamp(0, 1)[None], scale_factor=2, mode="bicubic")[0]
            faces.append(detector.detect((large.clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy())[:1])
        if not all(faces):
            found.append(1.0)
            continue
        points = [np.asarray(face[0].landmarks) for face in faces]
        found.append(float(np.abs(points[0] - points[1]).mean() / (2 * was.shape[-1])))
    return np.array(found)
