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
"""Oddness up to which a face counts as natural, where nothing else is known of a slider."""


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
