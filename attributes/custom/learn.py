"""A direction from two sets of faces, one with something and one without: ``python -m attributes learn``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from tqdm import tqdm

from attributes.classifier.network import AttributeClassifier
from attributes.custom.store import YOUR_OWN, slider_name
from attributes.directions.direction_basis import DirectionBasis
from attributes.sliders.errors import DirectionsError
from attributes.sliders.slider import Direction, Slider
from glow.checkpoint import Checkpoint
from glow.latent import Latent
from glow.model import Glow

FEWEST = 10
"""Faces on each side below which chance alone would make a direction."""

MOST = 1000
"""Faces on each side beyond which more of them change nothing that can be seen."""

MOVED = 40
"""Faces of each side that are moved, to see how far is far enough."""

REACH = 0.8
"""Share of the faces that a value of 1 is to change."""

TRIED = (0.5, 1.0, 1.5, 2.0, 3.0)
"""Lengths of the direction that are tried; the last is as far as a value of 1 may go."""

FURTHEST = 4.0
"""Lengths of the direction at which a slider ends, unless a value of 1 is near there already."""

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

    reached: float
    """Share of the faces without it that a value of 1 changes, judged by what was learned from other faces."""

    faces: tuple[int, int]
    """How many faces with and without it was made from."""


@torch.inference_mode()
def learn(
    checkpoint: Checkpoint,
    basis: DirectionBasis,
    classifier: AttributeClassifier,
    title: str,
    *,
    with_it: np.ndarray,
    without: np.ndarray,
) -> Learned:
    """A slider for what sets one set of faces apart from the other.

    The direction is the difference of the sets' mean latents, each face taken with its mirror image, less what is
    likely chance; see :class:`_Prior`. How far a value of 1 goes is measured: until a classifier of the same faces,
    trained on the features that the attribute classifier sees, finds it in :data:`REACH` of the moved faces. Each face
    is moved and judged by what was learned from others.

    Args:
        checkpoint: the model.
        basis: the 40 labels' directions: examples of what directions of attributes look like.
        classifier: gives the features to judge by.
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
    with_it, without = _some(with_it, MOST), _some(without, MOST)
    there = np.repeat([True, False], [len(with_it), len(without)])
    seen = _See(checkpoint.model, classifier)
    latents, mirrored, features = seen.encode(np.concatenate([with_it, without]))
    both = (latents + mirrored) / 2
    prior = _Prior.of(basis)
    scores = np.zeros(len(there))
    crossings: tuple[list[float], list[float]] = ([], [])
    for known, left_out in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(there, there):
        vector = prior.difference(both[known], there[known])
        length = vector.norm().clamp_min(1e-12)
        middle = (latents[known[there[known]]].mean(0) + latents[known[~there[known]]].mean(0)) / 2
        scores[left_out] = ((latents[left_out] - middle) @ vector / length).numpy()
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced"))
        probe.fit(features[known], there[known])
        for side, found in zip((1, -1), crossings, strict=True):
            start = latents[_some(left_out[there[left_out] == (side < 0)], MOVED // FOLDS)]
            found.extend(_crossings(seen, probe, start, vector, side))
    vector = prior.difference(both, there)
    told_apart = float(roc_auc_score(there, scores))
    if not float(vector.norm()) or told_apart <= 0.5:
        raise DirectionsError(
            f"the faces with and without {title!r} do not differ in any way that this model sees beyond chance; give "
            "more faces, or ones that differ more clearly."
        )
    up, down = (_far_enough(found) for found in crossings)
    slider = Slider(
        name=name, title=title, group=YOUR_OWN, up=up, down=down,
        low=-min(max(FURTHEST / down, 1.0), 2.0), high=min(max(FURTHEST / up, 1.0), 2.0),
    )  # fmt: skip
    projections = latents @ vector
    direction = Direction(
        slider,
        Latent.unflatten(vector[None], checkpoint.model.config.scale_shapes()),
        mean=float(projections[there].mean() + projections[~there].mean()) / 2,
        deviation=float(vector.norm()),  # of unit Gaussian latents: the few faces at hand would tell too much
    )
    reached = float(np.mean(np.array(crossings[0]) <= up)) if crossings[0] else 0.0
    return Learned(direction, told_apart, reached, (len(with_it), len(without)))


def distinct(faces: np.ndarray) -> np.ndarray:
    """The faces ``(N, 3, S, S)``, each once: a copy is no more evidence, and would be tested on what taught it."""
    _, first = np.unique(faces.reshape(len(faces), -1), axis=0, return_index=True)
    kept: np.ndarray = faces[np.sort(first)]
    return kept


def check_sides(with_it: np.ndarray, without: np.ndarray) -> None:
    """See to it that no face is on both sides.

    Raises:
        DirectionsError: some are.
    """
    both = len(with_it) + len(without) - len(distinct(np.concatenate([with_it, without])))
    if both:
        raise DirectionsError(f"{both} photos are among those with it and those without; take them out of one side.")


@dataclass(frozen=True)
class _Prior:
    """What the difference of two sets' mean latents is likely to be, before any face is seen.

    With few faces, most of the difference is chance: in 12,288 dimensions it is longer than any direction of an
    attribute. But attributes are alike. On each scale, a new one is taken for a draw from the Gaussian of the 40
    labels' directions, and the difference for that draw with noise; its mean given the faces is the direction
    (empirical Bayes). What lies outside of the labels' span counts channel by channel, each shrunk by how much of it
    chance explains (James and Stein 1961): nothing of few faces, and much of many.
    """

    spans: tuple[Tensor, ...]
    """For each scale, ``(40, D_s)``: the principal axes of the labels' directions."""

    variances: tuple[Tensor, ...]
    """For each scale, ``(40,)``: their variances along these."""

    shapes: tuple[tuple[int, int, int], ...]
    """The scales' shapes ``(C, H, W)``."""

    @staticmethod
    def of(basis: DirectionBasis) -> _Prior:
        means = basis.means.to("cpu")
        parts = [torch.linalg.svd(scale.flatten(1).double(), full_matrices=False) for scale in means.scales]
        spans = tuple(axes.float() for _, _, axes in parts)
        variances = tuple((lengths.square() / len(lengths)).float() for _, lengths, _ in parts)
        return _Prior(spans, variances, tuple((s.shape[1], s.shape[2], s.shape[3]) for s in means.scales))

    def difference(self, latents: Tensor, there: np.ndarray) -> Tensor:
        """The likely difference ``(D,)`` of the mean latents of faces with and without, from latents ``(N, D)``."""
        scales = Latent.unflatten(latents, self.shapes).scales
        likely = [
            self._on_scale(scale.flatten(1), there, axes, variance, scale.shape[1])
            for scale, axes, variance in zip(scales, self.spans, self.variances, strict=True)
        ]
        return torch.cat(likely)

    def _on_scale(self, latents: Tensor, there: np.ndarray, axes: Tensor, variance: Tensor, channels: int) -> Tensor:
        along, noise = _compared(latents @ axes.T, there)
        inside = (along * variance / (variance + noise).clamp_min(1e-12)) @ axes
        outside, noise = _compared(latents - latents @ axes.T @ axes, there)
        by_channel = outside.view(channels, -1)
        share = 1 - noise.view(channels, -1).sum(1) / by_channel.square().sum(1).clamp_min(1e-12)
        return inside + (by_channel * share.clamp_min(0)[:, None]).flatten()


def _compared(values: Tensor, there: np.ndarray) -> tuple[Tensor, Tensor]:
    """The difference of the two sets' means of ``(N, K)`` values, and the variance of that by chance, each ``(K,)``."""
    with_it, without = (values[torch.from_numpy(side)] for side in (there, ~there))
    chance = with_it.var(0) / len(with_it) + without.var(0) / len(without)
    return with_it.mean(0) - without.mean(0), chance


@dataclass(frozen=True)
class _See:
    """The flow, and the eyes that see what it decodes."""

    model: Glow
    classifier: AttributeClassifier

    def encode(self, pixels: np.ndarray) -> tuple[Tensor, Tensor, np.ndarray]:
        """Flat latents ``(N, D)`` of faces and of their mirror images, and the faces' features ``(N, F)``."""
        plain, mirrored, features = [], [], []
        with tqdm(total=len(pixels), desc="encoding faces", unit="img", disable=None) as bar:
            for start in range(0, len(pixels), BATCH):
                x = torch.from_numpy(pixels[start : start + BATCH]).to(self.model.device).float() / 255
                plain.append(self.model.encode(x).flatten().float().cpu())
                mirrored.append(self.model.encode(x.flip(3)).flatten().float().cpu())
                features.append(self.classifier.features(x).cpu().numpy())
                bar.update(len(x))
        return torch.cat(plain), torch.cat(mirrored), np.concatenate(features)

    def features(self, latents: Tensor) -> np.ndarray:
        """The features ``(N, F)`` of what latents ``(N, D)`` decode to."""
        shapes = self.model.config.scale_shapes()
        parts = [Latent.unflatten(part.to(self.model.device), shapes) for part in latents.split(BATCH)]
        return np.concatenate([self.classifier.features(self.model.decode(part)).cpu().numpy() for part in parts])


def _crossings(seen: _See, probe: Pipeline, start: Tensor, vector: Tensor, side: int) -> list[float]:
    """How many lengths of the vector it takes until the probe sees each face ``(N, D)`` on the other side.

    Faces that it sees there before they move are left out; those that never come there count as twice the longest.
    """
    if not len(start):
        return []
    tried = (0.0, *TRIED)
    moved = torch.cat([start + side * amount * vector for amount in tried])
    curves = side * probe.decision_function(seen.features(moved)).reshape(len(tried), len(start))
    found = []
    for curve in curves.T[curves[0] < 0]:
        over = int(np.argmax(curve >= 0))
        share = -curve[over - 1] / (curve[over] - curve[over - 1]) if over else 0.0
        found.append(tried[over - 1] + share * (tried[over] - tried[over - 1]) if over else 2 * TRIED[-1])
    return found


def _far_enough(crossings: Sequence[float]) -> float:
    """The lengths by which :data:`REACH` of the faces have crossed, within what may be gone."""
    return float(np.clip(np.quantile(crossings, REACH), TRIED[0], TRIED[-1])) if crossings else 1.0


def _some(faces: np.ndarray, most: int) -> np.ndarray:
    """At most so many, evenly chosen."""
    return faces[np.unique(np.linspace(0, len(faces) - 1, most).round().astype(int))] if len(faces) else faces
