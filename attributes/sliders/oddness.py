"""How natural a moved face looks, by what was found to agree best with a look at 200 edits (docs/natural.md).

Whether somebody would keep an edit is told, better than by a network that was trained to find moved faces, by two
numbers that cost nothing: how far the latent has moved, and how far the face has moved in the attribute classifier's
features. Both small: the change looks like another photo. The first alone is large where the flow is asked for what it
never saw; the second, where the face becomes another one or breaks.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class OddnessConfig:
    """The powers of both numbers in the oddness of an edit.

    A logistic regression of the grades in docs/natural/graded.csv on the logarithms of both numbers gives the powers
    (``python -m benchmarks.natural score`` fits it); the scale is so that, over all of those edits, 1 is where they
    begin to be rejected.
    """

    scale: float = 0.198
    move_power: float = 0.66
    feature_power: float = 0.34


ODDNESS = OddnessConfig()

NATURAL = 0.8
"""Oddness up to which a face counts as natural, where nothing else was found for an edit."""

LIMITS: dict[tuple[str, int], tuple[float, float]] = {
    ("Smiling", 1): (0.8, 1.0),
    ("Smiling", -1): (1.0, 0.65),
    ("Young", 1): (1.1, 1.1),
    ("Young", -1): (0.8, 0.8),
    ("Male", 1): (1.05, 1.2),
    ("Male", -1): (1.4, 1.7),
    ("Blond_Hair", 1): (1.05, 0.7),
    ("Black_Hair", 1): (1.1, 0.65),
    ("Eyeglasses", 1): (0.6, 0.6),
    ("Bangs", 1): (0.55, 0.65),
    ("No_Beard", -1): (0.85, 0.75),
    ("Pale_Skin", 1): (0.75, 0.6),
    ("Narrow_Eyes", 1): (0.6, 0.55),
    ("Mouth_Slightly_Open", 1): (0.6, 0.7),
    ("Mouth_Slightly_Open", -1): (1.0, 0.6),
}
"""The same, for each label and sense whose edits were looked at by themselves (``python -m benchmarks.natural kinds``
lays them out), where directions have a mapper, and where they have none: how much of a change a face bears depends on
which it is, and on how well it is made."""

UNMAPPED: frozenset[tuple[str, int]] = frozenset({("Young", 1), ("Male", -1)})
"""Labels and senses that look better along the direction that the mapper adds to, without what it adds: it paints
brows black there, and lids dark. Seen of the one that comes with Glowface; of another, look at its sheets."""


def limit(name: str, sense: int, *, mapped: bool) -> float:
    """Oddness up to which an edit counts as natural.

    Args:
        name: of the label whose slider makes it.
        sense: 1 or -1, the sign of its value.
        mapped: whether there is a mapper (:mod:`attributes.directions.mapper`).
    """
    return LIMITS.get((name, sense), (NATURAL, NATURAL))[0 if mapped else 1]


def oddness(move: Tensor, features: Tensor) -> Tensor:
    """How odd edits look, ``(B,)`` float64: 0 where nothing moves, growing about as a move does; infinite for NaN.

    Args:
        move: ``(B,)``, the length of the latent's change: where faces are unit Gaussian noise, lengths compare, of
            large pictures and small ones alike.
        features: ``(B,)``, the distance between the classifier's features of the face before and after
            (:meth:`attributes.classifier.network.AttributeClassifier.features`).
    """
    by_move, by_features = move.cpu().double() ** ODDNESS.move_power, features.cpu().double() ** ODDNESS.feature_power
    found = ODDNESS.scale * by_move * by_features
    return torch.where(found.isfinite(), found, torch.inf)
