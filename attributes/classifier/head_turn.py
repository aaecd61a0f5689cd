"""How far a head is turned to a side: what looks like a smile from the front tears where half of the mouth is hidden.

A linear probe on the classifier's features tells it of all faces, drawn ones and those marked by hand among them. It
learns from the detector's five points (:mod:`attributes.classifier.fit_head_turn`): the nose's distance from the line
between the middle of the eyes and the middle of the mouth, in distances between the eyes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from attributes.classifier.network import WIDTHS
from storage.values import InvalidValueError

SHAPE = (WIDTHS[-1] + 1,)
"""Of the probe's numbers: one for each of the classifier's features, then a constant."""

STRAIGHT = 0.12
"""Up to which a head counts as looking straight ahead,"""
FAR = 0.26
"""and from which as turned far. Of CelebA-HQ's faces about two thirds are the former, a tenth the latter."""


@dataclass(frozen=True, eq=False)
class HeadTurn:
    """The probe."""

    numbers: Tensor
    """Of the shape :data:`SHAPE`, float32, on the CPU; they belong to the classifier that they were fitted on."""

    def __post_init__(self) -> None:
        if self.numbers.shape != SHAPE:
            raise InvalidValueError(
                f"turned heads are told by {self.numbers.shape[0] - 1} features; they must be {SHAPE[0] - 1}, as "
                "Glowface's own classifier has them."
            )

    def turn(self, features: Tensor) -> Tensor:
        """How far heads are turned, whichever way, ``(B,)`` float64, in distances between the eyes: 0 straight ahead.

        Args:
            features: ``(B, F)``, what the classifier's last layer sees.
        """
        numbers = self.numbers.double()
        return (features.double() @ numbers[:-1] + numbers[-1]).clamp_min(0.0)

    def share_borne(self, features: Tensor, turned_far: float) -> Tensor:
        """The share of a change that heads bear, ``(B,)`` float64: 1 straight ahead, ``turned_far`` turned far."""
        far = ((self.turn(features) - STRAIGHT) / (FAR - STRAIGHT)).nan_to_num(nan=1.0).clamp(0.0, 1.0)
        return torch.lerp(torch.ones_like(far), torch.full_like(far, turned_far), far)
