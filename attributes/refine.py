"""Refining mean directions: towards those along which faces come to show a label with the least else.

A label's mean direction is an average: over all kinds of smiles, and over all that goes with a smile. From there,
gradients through the flow's decoder lead to a direction, still one for all faces, whose moves two networks take for
the label, other labels stay, little of the picture changes, and a critic cannot tell from real faces with the label.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from attributes.basis import Basis
from attributes.classifier import AttributeClassifier
from attributes.compute import SPREAD, spread
from attributes.critic import Critic, RealFaces, shaken
from attributes.dataset import FaceSet
from attributes.directions import DirectionsError
from attributes.evaluate import HEADLINE
from attributes.labels import FAMILIES, LABEL_NAMES
from attributes.natural import BY_FEATURES, BY_MOVE, SCALE
from attributes.slider import LABEL_SLIDERS
from glow.checkpoint import Checkpoint
from glow.latent import Latent
from glow.model import Glow

STEPS, BATCH = 770, 512
ENCODED = 64
"""Faces that are encoded at once."""
READING = 250
"""Steps in which the critic first learns to read labels off real faces."""
WARM_UP = 100
"""Steps of the critic alone, before directions begin to change."""
STRENGTHS = (0.5, 1.2)
"""Lengths that faces go, by chance between both."""
SURE = 1.5
"""Log odds that a label is to have after one length."""
MOST_LACK = 6.0
"""What lacks of them counts as no more."""
KEEP, FAMILY = 1.0, 0.3
"""Cost of the mean change of other labels' log odds; a share of it for those of the same family."""
ODD = 0.6
"""Cost of a face's oddness (:mod:`attributes.natural`)."""
PIXELS = 2.0
"""Cost of the mean change of the picture, of values in [0, 1]."""
REAL = 1.0
"""Cost of the critic's disbelief."""
RATE, MOMENTUM, NORM_MEMORY = 0.015, 0.95, 0.98
"""A step goes so far, as a share of the mean direction's length, along the mean gradient of the last steps."""
AVERAGED = 0.98
"""What remains of the average over steps, which is the result, at each step."""
CRITIC_RATE, READING_RATE = 4e-4, 1e-3
SMOOTH, SMOOTHED, SMOOTHED_ON = 0.002, 4, 128
"""Weight of the critic's squared slope on real faces (Mescheder et al. 2018, arXiv 1801.04406); every how many steps
it is looked at, and on how many faces."""
OUTLIER = 3.0
"""A face's gradient counts as no longer than so many times the median of the batch: one that breaks has no limit."""
OFTEN = 3.0
"""The labels that are looked at most are drawn so many times as often as others."""


@dataclass(frozen=True, eq=False)
class LabelledFaces:
    """Real faces, as refining needs them, on the model's device."""

    latents: Tensor
    """``(N, D)`` float16."""

    pixels: Tensor
    """``(N, 3, S, S)`` uint8."""

    labels: Tensor
    """``(N, 40)`` bool."""

    def pictures(self, which: Tensor) -> Tensor:
        """Those of some faces, in [0, 1]."""
        return self.pixels[which].float() / 255


@dataclass(frozen=True, eq=False)
class Moves:
    """Some faces, each moved along one direction."""

    faces: Tensor
    """``(B,)``: which faces."""

    label: Tensor
    """``(B,)``: along the direction of which label."""

    sense: Tensor
    """``(B,)``: 1 where they are to gain it, -1 where they are to lose it."""

    strength: Tensor
    """``(B,)``: lengths that they go."""

    move: Tensor
    """``(B, D)``: by how much their latents move."""


class Refinement:
    """Directions, and the critic that they are refined against.

    Args:
        model: the flow, its weights frozen.
        classifier: one of the two networks that read labels; the other is the critic.
        means: ``(40, D)``, where directions begin.
        faces: real ones.
        seed: of all that is drawn by chance.
    """

    def __init__(
        self, model: Glow, classifier: AttributeClassifier, means: Tensor, faces: LabelledFaces, *, seed: int = 0
    ) -> None:
        torch.manual_seed(seed)
        self.model, self.classifier, self.faces, self.device = model, classifier, faces, model.device
        self.shapes = model.config.scale_shapes()
        self.vectors = means.float().to(self.device).clone()
        self.averaged = self.vectors.clone()
        self._lengths = self.vectors.norm(dim=1, keepdim=True)
        self._momentum, self._square = torch.zeros_like(self.vectors), torch.zeros_like(self._lengths)
        self._turns, self._turn = torch.zeros_like(self._lengths), 0
        self.critic = Critic().to(self.device).to(memory_format=torch.channels_last)
        self._optimiser = torch.optim.Adam(self.critic.parameters(), CRITIC_RATE, betas=(0.5, 0.99))
        self._real = RealFaces.of(faces.labels)
        self._generator = torch.Generator().manual_seed(seed)
        often = torch.ones(len(LABEL_NAMES))
        often[[LABEL_NAMES.index(name) for name in (*HEADLINE, "Mouth_Slightly_Open")]] = OFTEN
        self._often = often.to(self.device)
        self._prior = torch.logit(faces.labels.float().mean(0), eps=1e-3)
        self._costs = _costs().to(self.device)
        self._noted: dict[str, Tensor] = {}

    def decode(self, latents: Tensor) -> Tensor:
        """The pictures of latents ``(B, D)``; gradients flow through."""
        return self.model.decode(Latent.unflatten(latents, self.shapes))

    def learn_to_read(self, batch: int, rate: float) -> None:
        """One step in which the critic learns the labels of real faces alone.

        Args:
            batch: faces.
            rate: as a share of :data:`READING_RATE`.
        """
        faces = torch.randint(len(self.faces.labels), (batch,), device=self.device)
        label = torch.zeros_like(faces)
        with self._autocast():
            _, read = self.critic(shaken(self.faces.pictures(faces), self._generator), label, label > 0)
        loss = F.binary_cross_entropy_with_logits(read, self.faces.labels[faces].float())
        self._descend(loss, READING_RATE * rate)
        self._note(read=loss[None])

    def step(self, batch: int, rate: float, *, train: bool = True) -> None:
        """One step of both: of the critic, and with ``train`` of the directions.

        Args:
            batch: faces that are moved, each along one direction.
            rate: as a share of :data:`RATE`.
            train: False teaches the critic alone.
        """
        faces = torch.randint(len(self.faces.labels), (batch,), device=self.device)
        label = torch.multinomial(self._often, batch, replacement=True)
        sense = 1.0 - 2.0 * self.faces.labels[faces, label].float()
        strength = torch.empty(batch, device=self.device).uniform_(*STRENGTHS)
        moves = Moves(faces, label, sense, strength, (sense * strength)[:, None] * self.vectors[label])
        moved = (self.faces.latents[faces].float() + moves.move).requires_grad_(train)
        with torch.set_grad_enabled(train):
            pictures = self.decode(moved)
        if train:
            cost, odd = self._cost(moves, pictures)
            (gradient,) = torch.autograd.grad(cost.sum(), moved)
            # How far the latent moves is part of the oddness too, but not of the picture.
            squares = moves.move.square().sum(1, keepdim=True)
            gradient += ODD * BY_MOVE * odd[:, None] / squares * moves.move
            self._descend_along(moves, gradient, rate)
        self._teach_critic(moves, pictures.detach())

    def _cost(self, moves: Moves, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """What moved faces cost, and how odd they are: each ``(B,)``."""
        before, label, up = self.faces.pictures(moves.faces), moves.label, moves.sense > 0
        self.critic.requires_grad_(False)
        with self._autocast():
            score, read = self.critic(shaken(pictures, self._generator), label, up)
            features, seen = self.classifier.read(pictures)
            with torch.no_grad():
                _, read_before = self.critic(before, label, up)
                features_before, seen_before = self.classifier.read(before)
        rows, cost = torch.arange(len(pictures), device=self.device), REAL * F.softplus(-score)
        for after, was in ((seen, seen_before), (read - self._prior, read_before - self._prior)):
            lack = F.relu(SURE * moves.strength - moves.sense * after[rows, label]).clamp_max(MOST_LACK)
            others = (self._costs[label] * F.smooth_l1_loss(after, was, reduction="none")).sum(1)
            cost = cost + (lack + KEEP * others) / 2
        apart = (features - features_before).square().sum(1).add(1e-6).sqrt()
        odd = SCALE * moves.move.norm(dim=1) ** BY_MOVE * apart**BY_FEATURES
        change = (pictures - before).abs().mean((1, 2, 3))
        self._note(cost=cost, seen=moves.sense * seen[rows, label], odd=odd, change=change)
        return cost + ODD * odd + PIXELS * change, odd.detach()

    @torch.no_grad()
    def _descend_along(self, moves: Moves, gradient: Tensor, rate: float) -> None:
        """One step of the directions, along the gradient by the moved latents."""
        sizes = gradient.norm(dim=1)
        fine = sizes.isfinite()
        share = torch.where(fine, (OUTLIER * sizes[fine].median() / sizes.clamp_min(1e-12)).clamp_max(1), 0.0)
        gradient = torch.where(fine[:, None], gradient, 0.0) * (share * moves.sense * moves.strength)[:, None]
        by_label = torch.zeros_like(self.vectors).index_add_(0, moves.label, gradient)
        here = torch.bincount(moves.label, minlength=len(self.vectors))[:, None]
        by_label /= here.clamp_min(1)
        drawn = here > 0
        self._momentum.copy_(torch.where(drawn, torch.lerp(by_label, self._momentum, MOMENTUM), self._momentum))
        square = torch.lerp(by_label.square().sum(1, keepdim=True), self._square, NORM_MEMORY)
        self._square.copy_(torch.where(drawn, square, self._square))
        self._turns += drawn
        size = (self._square / (1 - NORM_MEMORY**self._turns).clamp_min(1e-3)).sqrt().clamp_min(1e-12)
        self.vectors -= RATE * rate * self._lengths * self._momentum / size
        self.averaged.lerp_(self.vectors, 1 - AVERAGED)

    def _teach_critic(self, moves: Moves, pictures: Tensor) -> None:
        """The critic's step: two, each on half of the faces, and now and then one that makes it smoother."""
        faces, label, up = self._real.draw(moves.faces, moves.label, moves.sense > 0), moves.label, moves.sense > 0
        self.critic.requires_grad_(True)
        for part in torch.arange(len(faces), device=self.device).chunk(2):
            moved = pictures[part].float().nan_to_num(0.5).clamp(-0.5, 1.5)
            pairs = torch.stack([self.faces.pictures(faces[part]), moved], dim=1).flatten(0, 1)
            both = part.repeat_interleave(2)
            with self._autocast():
                score, read = self.critic(shaken(pairs, self._generator), label[both], up[both])
            reading = F.binary_cross_entropy_with_logits(read[::2], self.faces.labels[faces[part]].float())
            self._descend(F.softplus(-score[::2]).mean() + F.softplus(score[1::2]).mean() + reading, CRITIC_RATE)
            self._note(read=reading[None], told=((score[::2] > 0).float() + (score[1::2] < 0).float()) / 2)
        self._turn += 1
        if self._turn % SMOOTHED == 0:
            some = self.faces.pictures(faces[:SMOOTHED_ON]).requires_grad_()
            score, _ = self.critic(some, label[:SMOOTHED_ON], up[:SMOOTHED_ON])
            (slope,) = torch.autograd.grad(score.sum(), some, create_graph=True)
            self._descend(0.5 * SMOOTH * SMOOTHED * slope.square().sum((1, 2, 3)).mean(), CRITIC_RATE)

    def _descend(self, loss: Tensor, rate: float) -> None:
        """One step of the critic."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def _note(self, **values: Tensor) -> None:
        for name, value in values.items():
            found = value.detach().float().nan_to_num(0).mean()
            self._noted[name] = torch.lerp(found, self._noted.get(name, found), 0.95)

    def told(self) -> dict[str, float]:
        """How it has stood over the last steps: mean costs, log odds of what was to come, how much the critic tells."""
        return {name: round(float(value), 3) for name, value in self._noted.items()}


def _costs() -> Tensor:
    """What a change of each label costs along each direction, ``(40, 40)``."""
    count = len(LABEL_NAMES)
    costs = torch.ones(count, count)
    for family in FAMILIES:
        places = [LABEL_NAMES.index(name) for name in family]
        costs[np.ix_(places, places)] = FAMILY
    costs.fill_diagonal_(0)
    return costs / (count - 1)


def course(share: float) -> float:
    """The rate after a share of the way: from full to nothing, as half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, share)))


def refine(
    checkpoint: Checkpoint,
    basis: Basis,
    faces: FaceSet,
    classifier: AttributeClassifier,
    *,
    steps: int = STEPS,
    batch: int = BATCH,
    seed: int = 0,
) -> Basis:
    """A basis with refined directions beside its mean directions; not calibrated yet.

    Args:
        checkpoint: the model.
        basis: its mean directions.
        faces: labelled training faces.
        classifier: one of the two networks that read labels; the other is the critic.
        steps: in which directions change; before them the critic has some of its own.
        batch: faces in each.
        seed: of all that is drawn by chance.

    Raises:
        DirectionsError: the faces have no labels, or a label is on all of them or on none.
    """
    known = _encoded(checkpoint.model, faces)
    with_label = known.labels.sum(0)
    if bool(((with_label == 0) | (with_label == len(known.labels))).any()):
        raise DirectionsError("each label must be on some of the faces and not on all; use more faces.")
    work = Refinement(checkpoint.model, classifier, basis.means.flatten(), known, seed=seed)
    with tqdm(total=READING + WARM_UP + steps, desc="refining", disable=None) as bar:
        for turn in range(READING + WARM_UP + steps):
            if turn < READING:
                work.learn_to_read(batch, course(turn / READING))
            else:
                done = turn - READING - WARM_UP
                work.step(batch, course(max(0, done) / steps), train=done >= 0)
            bar.set_postfix(work.told(), refresh=False)
            bar.update()
    return refined_basis(basis, work.averaged, known.latents)


@torch.inference_mode()
def _encoded(model: Glow, faces: FaceSet) -> LabelledFaces:
    if faces.labels is None:
        raise DirectionsError("refining directions needs labels; give a folder in CelebA-HQ's or CelebA's layout.")
    size, device = model.config.image_size, model.device
    pixels, latents, read = [], [], []
    with tqdm(total=len(faces), desc="encoding faces", unit="img", disable=None) as bar:
        for chosen, batch in faces.batches(size, ENCODED):  # without those that cannot be read
            x = torch.from_numpy(batch).to(device)
            pixels.append(x)
            latents.append(model.encode(x.float() / 255).flatten().half())
            read.append(chosen)
            bar.update(len(chosen))
    labels = torch.from_numpy(np.ascontiguousarray(faces.labels[np.concatenate(read)])).to(device)
    with torch.inference_mode(False):  # gradients flow from these later
        return LabelledFaces(torch.cat(latents).clone(), torch.cat(pixels).clone(), labels.clone())


def refined_basis(basis: Basis, vectors: Tensor, latents: Tensor) -> Basis:
    """A basis with these refined directions, ``(40, D)``.

    Args:
        basis: with the mean directions.
        vectors: the refined ones.
        latents: of real faces, ``(N, D)``, to see where faces lie along all of them.
    """
    shapes = [(scale.shape[1], scale.shape[2], scale.shape[3]) for scale in basis.means.scales]
    # As the file will hold them, so that what is measured here is true of them.
    refined = Latent.unflatten(vectors.half().float(), shapes).to(basis.means.device)
    basis = replace(basis, refined=refined, mix=None, sliders=LABEL_SLIDERS)
    some = latents[torch.linspace(0, len(latents) - 1, SPREAD).round().long().unique()]
    mean, covariance = spread(Latent.unflatten(some.cpu(), shapes), basis.all.to("cpu"))
    return replace(basis, spread_mean=mean, spread_covariance=covariance)
