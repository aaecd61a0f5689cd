"""The numbers of sliders as the page shows them."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from app.editor import Editor
from app.ui.words import t
from attributes import Slider

STEP = 0.05

HEROES = (
    "Smiling", "Young", "Eyeglasses", "No_Beard", "Blond_Hair", "Black_Hair", "Brown_Hair", "Gray_Hair", "Bangs",
    "Male", "Mouth_Slightly_Open", "Pale_Skin",
)  # fmt: skip
"""What people come for, and what most faces come to show in a natural way: these stand first, always open."""

Updates: TypeAlias = dict[Any, Any]
"""What components of the page are to show, by component."""


def ends(slider: Slider) -> tuple[float, float]:
    """The least and the greatest shown value, as whole steps."""
    low, high = sorted((slider.sign * slider.low, slider.sign * slider.high))
    # The tiny shift is for ends that are whole steps but for rounding.
    return round(math.ceil(low / STEP - 1e-6) * STEP, 2), round(math.floor(high / STEP + 1e-6) * STEP, 2)


def shown(slider: Slider, value: float) -> float:
    """A slider's value as people see it: of "Age", to the right is older. The same way back."""
    return slider.sign * value + 0.0  # never -0


def kept_choices(editor: Editor) -> list[tuple[str, str]]:
    """The sliders to choose from, titles with names: in the order of :data:`HEROES`, then the others."""
    place = {name: number for number, name in enumerate(HEROES)}
    ordered = sorted(editor.directions.sliders, key=lambda slider: place.get(slider.name, len(place)))
    return [(t(slider.title), slider.name) for slider in ordered]
