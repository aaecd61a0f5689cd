"""A direction from two sets of faces, one with something and one without: ``python -m attributes learn``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from torch import Tensor
from tqdm import tqdm

from attributes.directions import DirectionsError
from attributes.own import YOUR_OWN, slider_name
from attributes.slider import Direction, Slider
from glow.checkpoint import Checkpoint
from glow.latent import Latent
from glow.model import Glow

FEWEST = 10
"""Faces on each side below which chance alone would make a direction."""

MOST = 1000
"""Faces on each side beyond which more of them change nothing that can be seen."""

MOST_STRETCHED = 2.0
"""How often its own length a learned direction may go for a value of 1."""

FOLDS = 5
BATCH = 32


@dataclass(frozen=True)
class Learned:
    """A learned slider, and how much it can be trusted."""

    direction: Direction
    """The slider with its vector."""

    told_apart: float
    """How well the direction orders faces that it was not made from, as the area under the ROC curve: 0.5 is chance,
    1 is always right."""

    faces: tuple[int, int]
    """How many faces with and without it was made from."""


@torch.inference_mode()
def learn(checkpoint: Checkpoint, title: str, with_it: np.ndarray, without: np.ndarray) -> Learned:
    """A slider for what sets one set of faces apart from the other.

    The direction is the difference of the sets' mean latents, each face taken with its mirror image, and each channel
    of each scale shrunk by how much of its difference chance explains (James and Stein 1961): with few faces, most of
    the raw difference is noise. Both sets weigh the same, however many faces each has. A value of 1 goes as far as the
    sets are apart along their true difference, which is estimated on faces left out of the direction.

    Args:
        checkpoint: the model.
        title: what people shall see on the slider.
        with_it: aligned faces with it, uint8 ``(N, 3, S, S)``.
        without: aligned faces without it, uint8 ``(M, 3, S, S)``.

    Raises:
        DirectionsError: there are too few faces, they do not differ, or the title is a label's.
    """
    name = slider_name(title)
    for what, faces in (("with", with_it), ("without", without)):
        if len(faces) < FEWEST:
            raise DirectionsError(
                f"{title!r} has {len(faces)} faces {what} it; it needs at least {FEWEST}, and 50 make a better slider."
            )
    with_it, without = _some(with_it), _some(without)
    there = np.repeat([True, False], [len(with_it), len(without)])
    plain, mirrored = _latents(checkpoint.model, np.concatenate([with_it, without]))
    both = (plain + mirrored) / 2
    shapes = checkpoint.model.config.scale_shapes()

    reach, scores = [], torch.empty(len(there))
    for known, left_out in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(there, there):
        vector = _difference(both[known], there[known], shapes)
        seen = plain[left_out] @ vector
        scores[left_out] = (seen - seen.mean()) / vector.norm().clamp_min(1e-12)
        # What of the true difference the vector holds, by faces that had no part in it: without their chance.
        reach.append(float(seen[there[left_out]].mean() - seen[~there[left_out]].mean()))
    vector = _difference(both, there, shapes)
    truth = float(vector.square().sum())
    if not truth or np.mean(reach) <= 0:
        raise DirectionsError(
            f"the faces with and without {title!r} do not differ in any way that this model sees beyond chance; give "
            "more faces, or ones that differ more clearly."
        )
    up = float(np.clip(truth / np.mean(reach), 1, MOST_STRETCHED))
    spread = plain @ vector
    direction = Direction(
        Slider(name=name, title=title, group=YOUR_OWN, up=up, down=up),
        Latent.unflatten(vector[None], shapes),
        float(spread[there].mean() + spread[~there].mean()) / 2,
        float(vector.norm()),  # of unit Gaussian latents; the few faces at hold would tell too much
    )
    return Learned(direction, float(roc_auc_score(there, scores.numpy())), (len(with_it), len(without)))


def _difference(latents: Tensor, there: np.ndarray, shapes: Sequence[tuple[int, int, int]]) -> Tensor:
    """The difference ``(D,)`` of the two sets' mean latents ``(N, D)``, less of it where it may be chance."""
    sides = [latents[torch.from_numpy(side)] for side in (there, ~there)]
    difference = sides[0].mean(0) - sides[1].mean(0)
    chance = sum((side.var(0) / len(side) for side in sides), torch.zeros_like(difference))
    shrunk = []
    for raw, noise in zip(_channels(difference, shapes), _channels(chance, shapes), strict=True):
        share = 1 - noise.sum(1) / raw.square().sum(1).clamp_min(1e-12)
        shrunk.append((raw * share.clamp_min(0)[:, None]).flatten())
    return torch.cat(shrunk)


def _channels(flat: Tensor, shapes: Sequence[tuple[int, int, int]]) -> list[Tensor]:
    """``(D,)`` numbers as ``(C, H·W)`` for each scale."""
    return [scale[0].flatten(1) for scale in Latent.unflatten(flat[None], shapes).scales]


def _latents(model: Glow, pixels: np.ndarray) -> tuple[Tensor, Tensor]:
    """The flat latents ``(N, D)`` of faces, and of their mirror images."""
    plain, mirrored = [], []
    with tqdm(total=len(pixels), desc="encoding faces", unit="img", disable=None) as bar:
        for start in range(0, len(pixels), BATCH):
            x = torch.from_numpy(pixels[start : start + BATCH]).to(model.device).float() / 255
            plain.append(model.encode(x).flatten().float().cpu())
            mirrored.append(model.encode(x.flip(3)).flatten().float().cpu())
            bar.update(len(x))
    return torch.cat(plain), torch.cat(mirrored)


def _some(faces: np.ndarray) -> np.ndarray:
    """At most :data:`MOST` faces, evenly chosen."""
    return faces[np.unique(np.linspace(0, len(faces) - 1, MOST).round().astype(int))]
