"""Mixing directions so that a label moves and the others stay: which label's direction, how much, on which scale.

A slider's direction is a mix of the 40 mean directions, with a weight for each of them on each scale: so it can leave
a scale alone, and take another label's direction out, or put it in against what it drags along. The weights are
fitted by gradient descent through the flow and the classifier, on validation faces: the label must change, the others
must not, and the move must be short. Only these few weights are fitted, the same for all faces: a direction cannot
leave the span of what separates real faces, so it cannot fool the classifier with a pattern that no face has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from attributes.judge import Judge
from attributes.labels import FAMILIES, LABEL_NAMES
from glow.device import fastest_net_dtype
from glow.latent import Latent

STEPS = 20
"""Steps of gradient descent."""
SIDE_FACES = 8
"""Faces for each side of a slider in each step."""
RATE = 0.12
"""Adam's learning rate, for weights in units of the moves."""
TARGET_COST = 2.0
"""What log odds that the label lacks cost, beside the sum of changes of the other labels' probabilities."""
MARGIN = 0.7
"""Log odds that a face should come to beyond 0."""
LENGTH_COST = 2e-3
"""What a move's squared length costs: short moves keep the face."""
FAMILY_WEIGHT = 0.5
"""How much a change of a label of the same family counts, beside that of others."""


class Decoupler:
    """Fits mixes of moves on faces.

    Args:
        judge: decodes and reads.
        latents: faces ``(B, D)``.
        before: their log odds, ``(B, 40)``.
        moves: ``(M, D)``, of which a mix is made.
    """

    def __init__(self, judge: Judge, latents: Tensor, before: Tensor, moves: Tensor) -> None:
        self.judge, self.latents, self.before, self.moves = judge, latents, before, moves

    def fit(self, label: int, mix: Tensor) -> Tensor:
        """The mix ``(M,)`` that moves a label with the least change of the others.

        Args:
            label: which label.
            mix: ``(M,)``, the mix to begin with.
        """
        weights = _weights(label).to(self.latents)
        change = torch.zeros_like(mix, dtype=torch.float32, requires_grad=True)
        stretch = torch.zeros(2, requires_grad=True)
        optimiser = torch.optim.Adam([change, stretch], lr=RATE, betas=(0.8, 0.99))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
        sides = [torch.nonzero(sense * self.before[:, label] < 0).flatten() for sense in (1, -1)]
        averaged = torch.zeros_like(mix, dtype=torch.float32)
        with computing_gradients(self.judge):
            for step in range(STEPS):
                vector = (mix.float() + change).to(self.moves) @ self.moves
                picked = [_some(side, step) for side in sides]
                times = torch.cat([stretch[i].exp().expand(len(some)) for i, some in enumerate(picked)])
                sense = torch.cat([torch.full((len(some),), 1.0 - 2 * i) for i, some in enumerate(picked)])
                faces = torch.cat(picked)
                after = self._read(self.latents[faces] + (sense * times)[:, None].to(vector) * vector)
                before = self.before[faces].to(after)
                moved = (torch.sigmoid(after) - torch.sigmoid(before)).abs() @ weights
                missed = torch.relu(MARGIN - sense.to(after) * after[:, label])
                length = vector.square().sum() * stretch.exp().square().mean()
                loss = moved.mean() + TARGET_COST * missed.mean() + LENGTH_COST * length
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                if step >= STEPS // 2:
                    averaged += change.detach() / (STEPS - STEPS // 2)
        return mix + averaged.to(mix)

    def _read(self, latents: Tensor) -> Tensor:
        """The log odds of latents, with gradients."""
        latent = Latent.unflatten(latents, self.judge.model.config.scale_shapes())
        return self.judge.classifier.evidence(self.judge.model.decode(latent))


@contextmanager
def computing_gradients(judge: Judge) -> Iterator[None]:
    """The model in a precision that is fast for gradients, and exact again afterwards."""
    model = judge.model
    spine = model._spine
    nets = fastest_net_dtype(model.device)
    model.set_precision(nets=nets, spine=torch.float32)
    try:
        yield
    finally:
        model.set_precision(nets=nets, spine=spine)


def _some(side: Tensor, step: int) -> Tensor:
    """The faces of one step: all come by in turn."""
    count = min(SIDE_FACES, len(side))
    return side.roll(-step * count)[:count]


def _weights(label: int) -> Tensor:
    """How much a change of each label counts for the slider of one, ``(40,)``; its own does not."""
    weights = torch.ones(len(LABEL_NAMES))
    for family in FAMILIES:
        if LABEL_NAMES[label] in family:
            weights[[LABEL_NAMES.index(name) for name in family]] = FAMILY_WEIGHT
    weights[label] = 0
    return weights
