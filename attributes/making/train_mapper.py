"""Training a latent mapper: ``python -m attributes mapper``.

A mapper and a critic are trained against each other (Goodfellow et al. 2014, arXiv 1406.2661). The mapper moves faces
so that two networks see the label in what the flow decodes and the critic takes it for a real face that has it, and is
charged for what else changes: other labels, pixels, how far the latent goes. Gradients pass through the decoder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from attributes.classifier.network import AttributeClassifier
from attributes.directions.basis import Basis
from attributes.directions.mapper import LatentMapper, target
from attributes.making.calibrate import label_mix
from attributes.making.compute import SPREAD, spread
from attributes.making.critic import Critic, RealFaces, shaken
from attributes.making.evaluate import HEADLINE
from attributes.sliders.errors import DirectionsError
from attributes.sliders.natural import BY_FEATURES, BY_MOVE, SCALE
from attributes.sliders.slider import LABEL_SLIDERS
from data.face_set import FaceSet
from data.labels import FAMILIES, LABEL_NAMES
from glow.checkpoint import Checkpoint
from glow.latent import Latent
from glow.model import Glow

STEPS, BATCH = 1400, 256
ENCODED = 64
"""Faces that are encoded at once."""
READING, WARM_UP = 200, 60
"""Steps in which the critic first learns to read labels off real faces, and then to tell moved ones, while the mapper
waits."""
STRENGTHS = (0.4, 1.3)
"""Lengths that faces go, by chance between both."""
SURE = 3.0
"""Log odds that a label is to have after one length,"""
MORE = 1.0
"""or so many more than before, where these are more: who has a smile can still smile more."""
PATIENCE = 6.0
"""Of what lacks of them, more than this hardly counts: a face on which a label looks impossible is left alone."""
AGAIN = 0.12
"""Share of the faces that are to show more of what they show already."""
LACK, REAL = 1.0, 1.0
"""Costs of what lacks, and of the critic's disbelief."""
KEEP, FAMILY = 2.0, 0.3
"""Cost of the mean change of other labels' log odds; a share of it for those of the same family."""
ODD, PIXELS = 0.4, 2.0
"""Costs of a face's oddness (:mod:`attributes.sliders.natural`), and of the mean change of its picture in [0, 1]."""
RATE, CRITIC_RATE, READING_RATE = 4e-4, 3e-4, 1e-3
WARMED_UP = 100
"""Steps over which the mapper's rate rises."""
LONGEST = 3.0
"""Norm that the mapper's gradient is cut off at."""
AVERAGED = 0.998
"""What remains, at each step, of the average over steps, which is the result; less in the first steps, so that a short
run's result is not its beginning."""
SMOOTH, SMOOTHED, SMOOTHED_ON = 0.002, 4, 64
"""Weight of the critic's squared slope on real faces (Mescheder et al. 2018, arXiv 1801.04406); every how many steps
it is looked at, and on how many faces."""
OFTEN = 5.0
"""The labels that are looked at most are drawn so many times as often as others."""


@dataclass(frozen=True, eq=False)
class LabelledFaces:
    """Real faces as the training needs them, on the model's device."""

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
    """Some faces, each on its way along one slider."""

    faces: Tensor
    """``(B,)``: which faces."""

    label: Tensor
    """``(B,)``: the label."""

    up: Tensor
    """``(B,)`` bool: whether they are to gain it, or to lose it."""

    strength: Tensor
    """``(B,)``: lengths that they go."""

    @property
    def sense(self) -> Tensor:
        """``(B,)``: 1 or -1, as they go."""
        return 2.0 * self.up.float() - 1.0


class MapperTraining:
    """A mapper, and the critic that it is trained against.

    Args:
        model: the flow, its weights frozen.
        classifier: one of the two networks that read labels; the other is the critic.
        base: ``(40, D)``, the directions that the mapper adds to.
        faces: real ones.
        seed: of all that is drawn by chance.
    """

    def __init__(
        self, model: Glow, classifier: AttributeClassifier, base: Tensor, faces: LabelledFaces, *, seed: int = 0
    ) -> None:
        torch.manual_seed(seed)
        self.model, self.classifier, self.faces, self.device = model, classifier, faces, model.device
        self.shapes = model.config.scale_shapes()
        self.base = base.float().to(self.device)
        self.mapper, self.averaged, self.critic = LatentMapper(self.shapes), LatentMapper(self.shapes), Critic()
        self.averaged.load_state_dict(self.mapper.state_dict())
        for net in (self.mapper, self.averaged, self.critic):
            net.to(self.device).to(memory_format=torch.channels_last)
        self.averaged.requires_grad_(False)
        self._optimiser = torch.optim.Adam(self.mapper.parameters(), RATE, betas=(0.5, 0.99))
        self._critics = torch.optim.Adam(self.critic.parameters(), CRITIC_RATE, betas=(0.5, 0.99))
        self._real, self._turn, self._steps = RealFaces.of(faces.labels), 0, 0
        self._generator = torch.Generator().manual_seed(seed)
        often = torch.ones(len(LABEL_NAMES))
        often[[LABEL_NAMES.index(name) for name in (*HEADLINE, "Mouth_Slightly_Open")]] = OFTEN
        self._often = often.to(self.device)
        self._prior = torch.logit(faces.labels.float().mean(0), eps=1e-3)
        self._costs = _costs().to(self.device)
        self._noted: dict[str, Tensor] = {}

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
        self._teach(loss, READING_RATE * rate)
        self._note(read=loss[None])

    def step(self, batch: int, rate: float, *, train: bool = True) -> None:
        """One step of both: of the critic, and with ``train`` of the mapper.

        Args:
            batch: faces that are moved, each along one slider.
            rate: as a share of the full rates.
            train: False teaches the critic alone.
        """
        moves = self._drawn(batch)
        with torch.set_grad_enabled(train):
            move = moves.strength[:, None] * self._directions(moves)
            moved = self.faces.latents[moves.faces].float() + move
            pictures = self.model.decode(Latent.unflatten(moved, self.shapes))
        if train:  # where the flow has lost a face, there is no gradient to follow
            moved.register_hook(lambda by: torch.where(by.isfinite().all(1, keepdim=True), by, 0.0))
        fine = pictures.detach().isfinite().flatten(1).all(1)
        pictures = torch.where(fine[:, None, None, None], pictures, 0.5).clamp(-0.5, 1.5)
        if train:
            self._descend((self._cost(moves, move, pictures) * fine).mean(), rate)
        self._teach_critic(moves, pictures.detach(), rate)

    def _drawn(self, batch: int) -> Moves:
        faces = torch.randint(len(self.faces.labels), (batch,), device=self.device)
        label = torch.multinomial(self._often, batch, replacement=True)
        again = torch.rand(batch, device=self.device) < AGAIN
        strength = torch.empty(batch, device=self.device).uniform_(*STRENGTHS)
        return Moves(faces, label, self.faces.labels[faces, label] == again, strength)

    def _directions(self, moves: Moves) -> Tensor:
        """The way that brings (or takes) each face's label, ``(B, D)``."""
        latent = Latent.unflatten(self.faces.latents[moves.faces].float(), self.shapes)
        with self._autocast():
            added = self.mapper(latent, target(moves.label, moves.up))
        return moves.sense[:, None] * self.base[moves.label] + added.flatten()

    def _cost(self, moves: Moves, move: Tensor, pictures: Tensor) -> Tensor:
        """What moved faces cost, ``(B,)``."""
        before, label, sense = self.faces.pictures(moves.faces), moves.label, moves.sense
        self.critic.requires_grad_(False)
        with self._autocast():
            score, read = self.critic(shaken(pictures, self._generator), label, moves.up)
            features, seen = self.classifier.read(shaken(pictures, self._generator))
            with torch.no_grad():
                _, read_before = self.critic(before, label, moves.up)
                features_before, seen_before = self.classifier.read(before)
        self.critic.requires_grad_(True)
        rows, cost = torch.arange(len(pictures), device=self.device), REAL * F.softplus(-score)
        for after, was in ((seen, seen_before), (read - self._prior, read_before - self._prior)):
            wanted = (SURE * moves.strength).maximum(sense * was[rows, label] + MORE * moves.strength)
            lack = F.relu(wanted - sense * after[rows, label])
            others = (self._costs[label] * F.smooth_l1_loss(after, was, reduction="none")).sum(1)
            cost = cost + LACK * PATIENCE * -torch.expm1(-lack / PATIENCE) + KEEP * others / 2
        apart = (features - features_before).square().sum(1).add(1e-6).sqrt()
        odd = SCALE * (move.square().sum(1) + 1e-6).sqrt() ** BY_MOVE * apart**BY_FEATURES
        change = (pictures - before).abs().mean((1, 2, 3))
        self._note(cost=cost, seen=sense * seen[rows, label], odd=odd, change=change)
        return cost + ODD * odd + PIXELS * change

    def _descend(self, cost: Tensor, rate: float) -> None:
        """One step of the mapper."""
        for group in self._optimiser.param_groups:
            group["lr"] = RATE * rate
        self._optimiser.zero_grad()
        cost.backward()
        if bool(torch.nn.utils.clip_grad_norm_(self.mapper.parameters(), LONGEST).isfinite()):
            self._optimiser.step()
        self._steps += 1
        kept = min(AVERAGED, (1 + self._steps) / (10 + self._steps))
        with torch.no_grad():
            for average, value in zip(self.averaged.parameters(), self.mapper.parameters(), strict=True):
                average.lerp_(value, 1 - kept)

    def _teach_critic(self, moves: Moves, pictures: Tensor, rate: float) -> None:
        """The critic's step, and now and then one that makes it smoother."""
        label, up, rate = moves.label, moves.up, CRITIC_RATE * max(rate, 0.1)
        faces = self._real.draw(moves.faces, label, up)
        both = torch.arange(len(faces), device=self.device).repeat_interleave(2)
        pairs = torch.stack([self.faces.pictures(faces), pictures], dim=1).flatten(0, 1)
        with self._autocast():
            score, read = self.critic(shaken(pairs, self._generator), label[both], up[both])
        reading = F.binary_cross_entropy_with_logits(read[::2], self.faces.labels[faces].float())
        self._teach(F.softplus(-score[::2]).mean() + F.softplus(score[1::2]).mean() + reading, rate)
        self._note(read=reading[None], told=((score[::2] > 0).float() + (score[1::2] < 0).float()) / 2)
        self._turn += 1
        if self._turn % SMOOTHED == 0:
            some = self.faces.pictures(faces[:SMOOTHED_ON]).requires_grad_()
            score, _ = self.critic(some, label[:SMOOTHED_ON], up[:SMOOTHED_ON])
            (slope,) = torch.autograd.grad(score.sum(), some, create_graph=True)
            self._teach(0.5 * SMOOTH * SMOOTHED * slope.square().sum((1, 2, 3)).mean(), rate)

    def _teach(self, loss: Tensor, rate: float) -> None:
        """One step of the critic."""
        for group in self._critics.param_groups:
            group["lr"] = rate
        self._critics.zero_grad()
        loss.backward()
        self._critics.step()

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


def train_mapper(
    checkpoint: Checkpoint,
    basis: Basis,
    faces: FaceSet,
    classifier: AttributeClassifier,
    *,
    steps: int = STEPS,
    batch: int = BATCH,
    seed: int = 0,
) -> Basis:
    """A basis with a mapper; not calibrated yet.

    A basis that has one already keeps the directions that it adds to, and gets a new one.

    Args:
        checkpoint: the model.
        basis: its directions.
        faces: labelled training faces.
        classifier: one of the two networks that read labels; the other is the critic.
        steps: of the mapper; before them the critic has some of its own.
        batch: faces in each.
        seed: of all that is drawn by chance.

    Raises:
        DirectionsError: the faces have no labels, or a label is on all of them or on none.
    """
    known = _encoded(checkpoint.model, faces)
    with_label = known.labels.sum(0)
    if bool(((with_label == 0) | (with_label == len(known.labels))).any()):
        raise DirectionsError("each label must be on some of the faces and not on all; use more faces.")
    # As the file will hold them, so that what is measured here is true of them.
    base = basis.vectors(torch.stack([label_mix(basis, place) for place in range(len(LABEL_NAMES))]))
    base = Latent(tuple(scale.half().float() for scale in base.scales))
    work = MapperTraining(checkpoint.model, classifier, base.flatten(), known, seed=seed)
    with tqdm(total=READING + WARM_UP + steps, desc="training the mapper", disable=None) as bar:
        for turn in range(READING + WARM_UP + steps):
            if turn < READING:
                work.learn_to_read(batch, course(turn / READING))
            elif turn < READING + WARM_UP:
                work.step(batch, 1.0, train=False)
            else:
                done = turn - READING - WARM_UP
                work.step(batch, min(1.0, (done + 1) / WARMED_UP) * course(done / steps))
            bar.set_postfix(work.told(), refresh=False)
            bar.update()
    return mapped_basis(basis, base, work.averaged.eval(), known.latents)


@torch.inference_mode()
def _encoded(model: Glow, faces: FaceSet) -> LabelledFaces:
    if faces.labels is None:
        raise DirectionsError("training a mapper needs labels; give a folder in CelebA-HQ's or CelebA's layout.")
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


def mapped_basis(basis: Basis, base: Latent, mapper: LatentMapper, latents: Tensor) -> Basis:
    """A basis with a mapper.

    Args:
        basis: with the mean directions.
        base: the directions that the mapper adds to, a batch of 40.
        mapper: trained.
        latents: of real faces, ``(N, D)``, to see where faces lie along all of them.
    """
    basis = replace(basis, base=base, mapper=mapper, mix=None, sliders=LABEL_SLIDERS)
    some = latents[torch.linspace(0, len(latents) - 1, SPREAD).round().long().unique()]
    shapes = [(scale.shape[1], scale.shape[2], scale.shape[3]) for scale in base.scales]
    mean, covariance = spread(Latent.unflatten(some.cpu(), shapes), basis.all.to("cpu"))
    return replace(basis, spread_mean=mean, spread_covariance=covariance)
