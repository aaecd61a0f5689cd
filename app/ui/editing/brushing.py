"""A brush that limits where edits act."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from app.portraits.area import Stroke, weights
from app.ui.editing.slider_values import Updates
from app.ui.visits.handling import PREVIEW_SIDE
from app.ui.visits.visit import Visit
from app.ui.words import t

SIZES = {"small": 0.03, "medium": 0.08, "large": 0.18}
"""Radii of the brush, in sides of the face's square."""

MAX_POINTS = 5000
MAX_STROKES = 200
DIMMED = 0.35
"""How bright what edits leave alone is shown while painting."""


@dataclass(frozen=True)
class BrushPart:
    """The components."""

    part: gr.Column
    picture: gr.Image
    size: gr.Radio
    stroke: gr.Textbox
    everywhere: gr.Button
    done: gr.Button

    @property
    def all(self) -> list[Any]:
        """What changes with each stroke."""
        return [self.part, self.picture]


def build_brush_part() -> BrushPart:
    """Lay out what paints, in the place of the result."""
    with gr.Column(visible=False, elem_id="brush", min_width=0) as part:
        gr.Markdown(t("Paint where the sliders may act."), elem_id="brush-text")
        picture = gr.Image(
            label=t("Where the sliders may act"), show_label=False, interactive=False, buttons=[],
            elem_id="brush-picture",
        )  # fmt: skip
        with gr.Row(elem_id="brush-acts"):
            size = gr.Radio(
                [(t("Small"), "small"), (t("Medium"), "medium"), (t("Large"), "large")], value="medium",
                label=t("Brush"), show_label=False, container=False, min_width=0, elem_id="brush-size",
            )  # fmt: skip
            everywhere = gr.Button(t("Everywhere"), size="sm", min_width=0, elem_id="brush-clear")
            done = gr.Button(t("Done"), size="sm", min_width=0, variant="primary", elem_id="brush-done")
        # Written by app/ui/scripts/brush.js.
        stroke = gr.Textbox(visible="hidden", label="", show_label=False, elem_id="brush-stroke")
    return BrushPart(part, picture, size, stroke, everywhere, done)


def brush_shown(panel: BrushPart, visit: Visit) -> Updates:
    """Updates of :attr:`BrushPart.all`."""
    session = visit.session
    painting = visit.brushing and session.ready
    picture = None
    if painting:
        view = session.view(PREVIEW_SIDE, face=visit.close_up)
        pixels = session.before(view).pixels
        if session.edits.area:
            shown = weights(session.edits.area, (pixels.shape[0], pixels.shape[1]), view)
            pixels = (pixels * (DIMMED + (1 - DIMMED) * shown)).astype(np.uint8)
        picture = visit.show(pixels)
    return {panel.part: gr.Column(visible=painting), panel.picture: picture}


def start_brushing(visit: Visit) -> None:
    """Ask where the sliders may act."""
    visit.brushing, visit.marks, visit.marking = visit.session.ready, [], False


def paint(visit: Visit, text: str, size: str) -> bool:
    """Add a stroke: places in shares of the picture's width and height, as JSON; whether it is one."""
    session = visit.session
    places = _places(text)
    if not places or not visit.brushing or not session.ready or len(session.edits.area) >= MAX_STROKES:
        return False
    left, top, right, bottom = session.view(PREVIEW_SIDE, face=visit.close_up).box
    points = tuple((left + x * (right - left), top + y * (bottom - top)) for x, y in places)
    radius = SIZES.get(size, SIZES["medium"]) * session.portrait.alignment.size
    session.limit((*session.edits.area, Stroke(points, radius)))
    return True


def _places(text: str) -> list[tuple[float, float]]:
    """What the page has written, if it is what the page writes."""
    try:
        places = json.loads(text)
        found = [(float(x), float(y)) for x, y in places[:MAX_POINTS]]
    except (ValueError, TypeError, RecursionError, OverflowError):
        return []
    return found if all(-1 <= number <= 2 and math.isfinite(number) for place in found for number in place) else []
