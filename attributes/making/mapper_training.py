"""The two networks that train each other: a latent mapper, and a critic that tells what it moves from real faces.

The mapper moves faces so that two networks see the label in what the flow decodes and the critic takes it for a real
face that has it (Goodfellow et al. 2014, arXiv 1406.2661), and is charged for what else changes: other labels, pixels,
how far the latent goes. Gradients pass through the decoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from attributes.classifier.network import AttributeClassifier
from attributes.directions.mapper import LatentMapper, target
from attributes.making.critic import Critic, RealFaces, shaken
from attributes.making.mapper_config import CONFIG
from attributes.sliders.oddness import ODDNESS
from data.labels import FAMILIES, LABEL_NAMES
from glow.latent import Latent
from glow.model import Glow


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
class TrainingMoves:
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
    def side(self) -> Tensor:
        """``(B,)``: 1 or -1, as they go."""
        return 2.0 * self.up.float() - 1.0


class MapperTraining:
    """A mapper, and the critic that it is trained against.

    Args:
        model: the flow, its weights frozen.
        classifier: one of the two networks that read labels; the other is the critic.
        base: ``(40, D)``, the directions that the mapper adds to.
        faces: real ones.
        start: the mapper to begin with; a new one that adds nothing if left out.
        seed: of all that is drawn by chance.
        often: how often faces are moved along labels, for one time along each of the others; the config's if left out.
    """

    def __init__(
        self,
        model: Glow,
        classifier: AttributeClassifier,
        base: Tensor,
        faces: LabelledFaces,
        *,
        start: LatentMapper | None = None,
        seed: int = 0,
        often: Mapping[str, float] | None = None,
    ) -> None:
        torch.manual_seed(seed)
        self.model, self.classifier, self.faces, self.device = model, classifier, faces, model.device
        self.shapes = model.config.scale_shapes()
        self.base = base.float().to(self.device)
        self.mapper, self.averaged, self.critic = LatentMapper(self.shapes), LatentMapper(self.shapes), Critic()
        if start is not None:
            self.mapper.load_state_dict(start.state_dict())
        self.averaged.load_state_dict(self.mapper.state_dict())
        for net in (self.mapper, self.averaged, self.critic):
            net.to(self.device).to(memory_format=torch.channels_last)
        self.averaged.requires_grad_(False)
        self._optimiser = torch.optim.Adam(self.mapper.parameters(), CONFIG.learning_rate, betas=(0.5, 0.99))
        self._critics = torch.optim.Adam(self.critic.parameters(), CONFIG.critic_learning_rate, betas=(0.5, 0.99))
        self._real, self._turn, self._steps = RealFaces.of(faces.labels), 0, 0
        self._generator = torch.Generator().manual_seed(seed)
        often = dict(CONFIG.more_often) if often is None else often
        self._often = torch.tensor([often.get(name, 1.0) for name in LABEL_NAMES], device=self.device)
        self._prior = torch.logit(faces.labels.float().mean(0), eps=1e-3)
        self._costs = _costs().to(self.device)
        self._noted: dict[str, Tensor] = {}

    def learn_to_read(self, batch: int, rate: float) -> None:
        """One step in which the critic learns the labels of real faces alone.

        Args:
            batch: faces.
            rate: as a share of :attr:`MapperConfig.label_learning_rate`.
        """
        faces = torch.randint(len(self.faces.labels), (batch,), device=self.device)
        label = torch.zeros_like(faces)
        with self._autocast():
            _, read = self.critic(shaken(self.faces.pictures(faces), self._generator), label, label > 0)
        loss = F.binary_cross_entropy_with_logits(read, self.faces.labels[faces].float())
        self._teach(loss, CONFIG.label_learning_rate * rate)
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

    def _drawn(self, batch: int) -> TrainingMoves:
        faces = torch.randint(len(self.faces.labels), (batch,), device=self.device)
        label = torch.multinomial(self._often, batch, replacement=True)
        already = torch.rand(batch, device=self.device) < CONFIG.already_share
        strength = torch.empty(batch, device=self.device).uniform_(*CONFIG.strengths)
        return TrainingMoves(faces, label, self.faces.labels[faces, label] == already, strength)

    def _directions(self, moves: TrainingMoves) -> Tensor:
        """The way that brings (or takes) each face's label, ``(B, D)``."""
        latent = Latent.unflatten(self.faces.latents[moves.faces].float(), self.shapes)
        with self._autocast():
            added = self.mapper(latent, target(moves.label, moves.up))
        return moves.side[:, None] * self.base[moves.label] + added.flatten()

    def _cost(self, moves: TrainingMoves, move: Tensor, pictures: Tensor) -> Tensor:
        """What moved faces cost, ``(B,)``."""
        before, label, side = self.faces.pictures(moves.faces), moves.label, moves.side
        self.critic.requires_grad_(False)
        with self._autocast():
            score, read = self.critic(shaken(pictures, self._generator), label, moves.up)
            features, seen = self.classifier.read(shaken(pictures, self._generator))
            with torch.no_grad():
                _, read_before = self.critic(before, label, moves.up)
                features_before, seen_before = self.classifier.read(before)
        self.critic.requires_grad_(True)
        rows, cost = torch.arange(len(pictures), device=self.device), CONFIG.realism_cost * F.softplus(-score)
        for after, was in ((seen, seen_before), (read - self._prior, read_before - self._prior)):
            more = side * was[rows, label] + CONFIG.more_log_odds * moves.strength
            wanted = (CONFIG.target_log_odds * moves.strength).maximum(more)
            lack = F.relu(wanted - side * after[rows, label])
            others = (self._costs[label] * F.smooth_l1_loss(after, was, reduction="none")).sum(1)
            lacking = CONFIG.patience * -torch.expm1(-lack / CONFIG.patience)
            cost = cost + CONFIG.lack_cost * lacking + CONFIG.other_labels_cost * others / 2
        apart = (features - features_before).square().sum(1).add(1e-6).sqrt()
        length = (move.square().sum(1) + 1e-6).sqrt()
        odd = ODDNESS.scale * length**ODDNESS.move_power * apart**ODDNESS.feature_power
        change = (pictures - before).abs().mean((1, 2, 3))
        self._note(cost=cost, seen=side * seen[rows, label], odd=odd, change=change)
        return cost + CONFIG.oddness_cost * odd + CONFIG.pixel_cost * change

    def _descend(self, cost: Tensor, rate: float) -> None:
        """One step of the mapper."""
        for group in self._optimiser.param_groups:
            group["lr"] = CONFIG.learning_rate * rate
        self._optimiser.zero_grad()
        cost.backward()
        if bool(torch.nn.utils.clip_grad_norm_(self.mapper.parameters(), CONFIG.clip_norm).isfinite()):
            self._optimiser.step()
        self._steps += 1
        kept = min(CONFIG.ema_decay, (1 + self._steps) / (10 + self._steps))
        with torch.no_grad():
            for average, value in zip(self.averaged.parameters(), self.mapper.parameters(), strict=True):
                average.lerp_(value, 1 - kept)

    def _teach_critic(self, moves: TrainingMoves, pictures: Tensor, rate: float) -> None:
        """The critic's step, and now and then one that makes it smoother."""
        label, up, rate = moves.label, moves.up, CONFIG.critic_learning_rate * max(rate, 0.1)
        faces = self._real.draw(moves.faces, label, up)
        both = torch.arange(len(faces), device=self.device).repeat_interleave(2)
        pairs = torch.stack([self.faces.pictures(faces), pictures], dim=1).flatten(0, 1)
        with self._autocast():
            score, read = self.critic(shaken(pairs, self._generator), label[both], up[both])
        label_cost = F.binary_cross_entropy_with_logits(read[::2], self.faces.labels[faces].float())
        self._teach(F.softplus(-score[::2]).mean() + F.softplus(score[1::2]).mean() + label_cost, rate)
        self._note(read=label_cost[None], told=((score[::2] > 0).float() + (score[1::2] < 0).float()) / 2)
        self._turn += 1
        if self._turn % CONFIG.penalty_every == 0:
            some = self.faces.pictures(faces[: CONFIG.penalty_faces]).requires_grad_()
            score, _ = self.critic(some, label[: CONFIG.penalty_faces], up[: CONFIG.penalty_faces])
            (slope,) = torch.autograd.grad(score.sum(), some, create_graph=True)
            weight = 0.5 * CONFIG.gradient_penalty * CONFIG.penalty_every
            self._teach(weight * slope.square().sum((1, 2, 3)).mean(), rate)

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
        costs[np.ix_(places, places)] = CONFIG.family_share
    costs.fill_diagonal_(0)
    return costs / (count - 1)
