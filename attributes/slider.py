"""What a slider is, and the direction in latent space that it goes."""

from __future__ import annotations

from dataclasses import dataclass

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
