"""The numbers of sliders as the page shows them."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from app.editor import Editor
from app.ui.words import t
from attributes import Slider

STEP = 0.05

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
    """What can be kept fixed: titles with names."""
    return [(t(slider.title), slider.name) for slider in editor.directions.sliders]
