"""What a slider is, and the direction in latent space that it goes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from attributes.labels import LABELS, Label
from glow.latent import Latent


@dataclass(frozen=True, kw_only=True)
class Slider:
    """One slider: its names, how far its values go, and where they end."""

    name: str
    """What the command line and Python call it: for a label, CelebA's name."""

    title: str
    """What people see."""

    group: str
    """Under what it is shown: one of :data:`attributes.GROUPS`, or a group of its own."""

    sign: int = 1
    """-1 where what is shown is the opposite of the name: the shown value is this times the value."""

    up: float = 1.0
    """How many lengths of its vector a value of 1 goes."""

    down: float = 1.0
    """How many lengths of its vector, backwards, a value of -1 goes."""

    low: float = -2.0
    """The lowest value that is of use, below 0; beyond it, faces break."""

    high: float = 2.0
    """The highest value that is of use, above 0."""

    def amount(self, value: float) -> float:
        """How many lengths of the vector a value goes."""
        return value * (self.up if value > 0 else self.down)

    def unfitted(self, value: float, strength: Tensor) -> Tensor:
        """The values ``(B,)`` that do to any face what ``value`` does to faces that the slider was fitted to.

        A value of 1 stands for the strength of each face (:func:`attributes.fitting.fit`); beyond it, it goes straight
        on to the end of the range, which stays where it is unless it is 1.

        Args:
            value: the slider's.
            strength: ``(B,)`` float64, above 0 and at most the end of the range.
        """
        size, end, sense = abs(value), self.high if value > 0 else -self.low, 1 if value > 0 else -1
        if size <= 1 or end <= 1:
            return sense * size * strength
        if size >= end:
            return torch.full_like(strength, value)
        return sense * (strength + (size - 1) / (end - 1) * (end - strength))

    @staticmethod
    def of_label(label: Label, **fields: float) -> Slider:
        """The slider of one of CelebA's labels; ``fields`` are those that differ from the defaults."""
        return Slider(name=label.name, title=label.title, group=label.group, sign=label.sign, **fields)


@dataclass(frozen=True)
class Direction:
    """A slider with its vector, and where faces lie along it."""

    slider: Slider
    """How its values are read."""

    vector: Latent
    """The direction, a batch of one."""

    mean: float
    """The mean over faces z of ``<z, d>`` for the vector d."""

    deviation: float
    """The standard deviation of the same."""


LABEL_SLIDERS: tuple[Slider, ...] = tuple(Slider.of_label(label) for label in LABELS)
"""The sliders of the 40 labels, as they are before anything was measured."""
