"""Tuning a direction: descending the gradient of what it changes beside its label, as the judge sees it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from attributes.basis import Basis
from attributes.fitting import CLEAR, LENGTHS
from attributes.judge import BEYOND, Judge
from attributes.labels import FAMILIES, LABEL_NAMES
from glow.latent import Latent
from glow.mixing import in_float64

STEPS = 36
"""Steps of Adam for each label, by default."""
BATCH = 16
"""Faces in each step."""
POOL = 96
"""Faces of each side that these are drawn from: few enough that each comes several times, and its way is found."""
RATE = 0.0125
"""Adam's rate, as a share of the direction's length."""
WARM_UP = 4
"""Steps in which the rate grows to this; over the last half of all steps it falls to nothing."""
UP_TURNS = 2
"""So many steps bring the label to faces without it for each that takes it from faces with it."""
FAMILY = 0.5
"""Weight of what changes in labels of the same family, which often have to."""
FAR = 0.01
"""Cost of each length that a face has to go: with less, directions are found that the judge alone can see."""
PIXELS = 0.2
"""Cost of the mean change of the picture, of values in [0, 1]."""
STRAIN = 2.0
"""Cost of the mean of what lies outside of what a picture can show."""
MOST_PULL = 0.1
"""The most cost that one more log odd of the label may be worth."""
OUTLIER = 3.0
"""A face's gradient counts as no longer than so many times the median of the batch: one that breaks has no limit."""
START, NEAREST, FURTHEST = 1.2, 0.05, LENGTHS[-1]
"""Lengths that a face's way begins with, and that it has at the least and at the most."""


@dataclass(frozen=True)
class Faces:
    """The faces that a slider is to change one way."""

    sense: int
    """1 where they are to gain the label, -1 where they are to lose it."""

    latents: Tensor
    """``(B, D)``."""

    pictures: Tensor
    """What they look like, ``(B, 3, H, W)``."""

    before: Tensor
    """Their log odds, ``(B, 40)``."""

    lengths: Tensor
    """``(B,)``: how far each has to go, in lengths of the direction; put right as this changes."""


class Tuner:
    """Tunes mixes of mean directions, each on the same faces.

    A direction d should do what sliders do with it: bring each face's label into clear view, by a move as long as this
    face needs (:mod:`attributes.fitting`), and change little else. With f the label's log odds and c the cost (how much
    the other labels and the picture change), the length t on a face z is given by ``f(z + t d) = CLEAR``. So, by
    implicit differentiation, the gradient of c + r t over d is ``t (∇c - μ ∇f)`` with
    ``μ = (<∇c, d> + r) / <∇f, d>``: d turns to where the label comes at the least cost, not to where nothing happens.
    On faces that are to lose the label, both d and f are taken the other way round.

    Args:
        basis: mean directions.
        judge: the flow and the classifier.
        latents: faces ``(B, D)``.
        before: their log odds, ``(B, 40)``.
        steps: of Adam for each label.
    """

    def __init__(self, basis: Basis, judge: Judge, latents: Tensor, before: Tensor, steps: int = STEPS) -> None:
        self.steps = steps
        device = judge.model.device
        self.judge, self.shapes = judge, judge.model.config.scale_shapes()
        self.latents, self.before = latents.float().to(device), before.float().to(device)
        self.pictures = judge.draw(latents)[0].float().to(device)
        means = [in_float64(scale.flatten(1)) for scale in basis.means.scales]
        self.grams = [mean @ mean.T for mean in means]
        # Adam goes equally far along each axis: orthonormal ones, unlike the means, are equally long and not alike.
        self.mixes = [orthonormal(gram) for gram in self.grams]
        self.axes = [(mixes @ mean).float().to(device) for mixes, mean in zip(self.mixes, means, strict=True)]
        self.ranks = [len(mixes) for mixes in self.mixes]

    def tuned(self, label: int, mix: Tensor) -> Tensor:
        """The mix ``(S, 40)`` found on from this one, its vector just as long; see :class:`Tuner`."""
        given = zip(self.mixes, self.grams, mix.to(self.grams[0]), strict=True)
        at = torch.cat([mixes @ gram @ shares for mixes, gram, shares in given]).float().to(self.latents.device)
        length = float(at.norm())
        optimiser = torch.optim.Adam([at], lr=RATE * length, betas=(0.9, 0.98))
        schedule = LambdaLR(optimiser, self._share_of_rate)
        up, down = self.faces(label, 1), self.faces(label, -1)
        turns = [faces for faces in (*[up] * UP_TURNS, down) if len(faces.before)]
        generator = torch.Generator().manual_seed(label)
        for step in range(self.steps):
            faces = turns[step % len(turns)]
            some = torch.randperm(len(faces.before), generator=generator)[:BATCH].to(at.device)
            gradient = self.gradient(label, faces, some, at)
            at.grad = gradient - at * (at @ gradient) / (at @ at)  # it stays as long as it is
            optimiser.step()
            schedule.step()
            at.mul_(length / at.norm())
        found = zip(in_float64(at).split(self.ranks), self.mixes, strict=True)
        return torch.stack([along @ mixes for along, mixes in found]).to(mix)

    def _share_of_rate(self, step: int) -> float:
        return min(1.0, (step + 1) / WARM_UP) * min(1.0, 2 * (self.steps - step) / self.steps)

    def faces(self, label: int, sense: int) -> Faces:
        """Those that a mix is tuned on, one way."""
        # The last: mixes are compared on the first.
        chosen = torch.nonzero(sense * self.before[:, label] < 0).flatten()[-POOL:]
        lengths = torch.full_like(self.before[chosen, label], START)
        return Faces(sense, self.latents[chosen], self.pictures[chosen], self.before[chosen], lengths)

    def gradient(self, label: int, faces: Faces, some: Tensor, at: Tensor) -> Tensor:
        """The gradient over ``at`` of the mean of ``c + r t`` on some of the faces.

        Args:
            label: whose slider it is.
            faces: those of one side; the ``lengths`` of some of them are put right first.
            some: their indices.
            at: the direction's coordinates along all axes, scale by scale.
        """
        way = faces.sense * self.vector(at)
        lengths = self.find_lengths(label, faces, some, way)
        moved = (faces.latents[some] + lengths[:, None] * way).requires_grad_()
        cost, odds = self.cost(label, faces, some, moved)
        (by_cost,) = torch.autograd.grad(cost.sum(), moved, retain_graph=True)
        (by_odds,) = torch.autograd.grad(odds.sum(), moved)
        # One more log odd is worth what it costs to go on for it; more, where a face is to come nearer at any cost.
        pull = (by_cost @ way + FAR) / (by_odds @ way).clamp_min(1e-3)
        missed = (lengths >= FURTHEST) & (odds < CLEAR)
        pull = torch.where(missed, MOST_PULL, pull.clamp(0, MOST_PULL))
        gradient = faces.sense * _mean(lengths[:, None] * (by_cost - pull[:, None] * by_odds))
        parts = zip(gradient.split([axes.shape[1] for axes in self.axes]), self.axes, strict=True)
        return torch.cat([axes @ part for part, axes in parts])

    def cost(self, label: int, faces: Faces, some: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
        """What has changed in some of the faces, now moved, and the log odds of what was to come: each ``(B,)``."""
        picture, odds = self._seen(moved)
        change = (odds.sigmoid() - faces.before[some].sigmoid()).abs() @ _weights(label).to(odds)
        pixels = (picture - faces.pictures[some]).abs().mean((1, 2, 3))
        strain = ((picture - 0.5).abs() - 0.5 - BEYOND).clamp(0, 1).mean((1, 2, 3))
        return change + PIXELS * pixels + STRAIN * strain, faces.sense * odds[:, label]

    def vector(self, at: Tensor) -> Tensor:
        """The direction ``(D,)`` with these coordinates."""
        return torch.cat([part @ axes for part, axes in zip(at.split(self.ranks), self.axes, strict=True)])

    @torch.no_grad()
    def find_lengths(self, label: int, faces: Faces, some: Tensor, way: Tensor) -> Tensor:
        """How far some of the faces have to go that way: a better estimate than their last."""
        start, before, lengths = faces.latents[some], faces.sense * faces.before[some, label], faces.lengths[some]
        gained = faces.sense * self._seen(start + lengths[:, None] * way)[1][:, label] - before
        # Log odds grow about as the length does; never trust it far.
        times = ((CLEAR - before) / gained.clamp_min(0.2)).nan_to_num(0).clamp(0.6, 1.6)
        faces.lengths[some] = (lengths * times).clamp(NEAREST, FURTHEST)
        return faces.lengths[some]

    def _seen(self, moved: Tensor) -> tuple[Tensor, Tensor]:
        """The pictures of latents ``(B, D)`` and their log odds ``(B, 40)``, for gradients."""
        picture = self.judge.model.decode(Latent.unflatten(moved, self.shapes))
        return picture, self.judge.classifier.evidence(picture)


def orthonormal(gram: Tensor) -> Tensor:
    """Mixes ``(R, N)`` of vectors with these inner products ``(N, N)`` that are orthonormal and span the same space."""
    values, vectors = torch.linalg.eigh(gram)
    kept = values > 1e-9 * values[-1]
    return (vectors[:, kept] / values[kept].sqrt()).T


def _mean(gradients: Tensor) -> Tensor:
    """The mean ``(D,)`` of faces' gradients ``(B, D)``; broken faces, whose gradients explode, hardly count."""
    sizes = gradients.norm(dim=1)
    fine = sizes.isfinite()
    if not fine.any():
        return torch.zeros_like(gradients[0])
    gradients, sizes = gradients[fine], sizes[fine]
    return (gradients * (OUTLIER * sizes.median() / sizes).clamp_max(1)[:, None].nan_to_num(0)).mean(0)


def _weights(label: int) -> Tensor:
    """What a change of each label's probability costs, ``(40,)``."""
    family = {name for family in FAMILIES if LABEL_NAMES[label] in family for name in family}
    weights = torch.tensor([FAMILY if name in family else 1.0 for name in LABEL_NAMES])
    weights[label] = 0
    return weights / (len(LABEL_NAMES) - 1)
