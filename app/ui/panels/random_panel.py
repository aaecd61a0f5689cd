"""The tab "Random": faces that the model draws."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from app.ui.panels.edit_events import everything
from app.ui.panels.edit_panel import EditPanel
from app.ui.panels.slider_panel import Updates
from app.ui.visits.handling import on_select, on_visit
from app.ui.visits.visit import Visit, Visits

COUNT = 16
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class RandomPanel:
    """The tab's components."""

    temperature: gr.Slider
    seed: gr.Number
    draw: gr.Button
    again: gr.Button
    grid: gr.Gallery
    chosen: gr.State
    edit: gr.Button


def build_random_panel() -> RandomPanel:
    """Lay the tab out."""
    with gr.Row():
        with gr.Column(scale=1, min_width=240):
            temperature = gr.Slider(
                0, 1.2, value=0.7, step=0.05, label="Temperature", info="Higher is more varied and less likely",
                elem_id="temperature",
            )  # fmt: skip
            seed = gr.Number(value=0, precision=0, minimum=0, maximum=MAX_SEED, label="Seed", elem_id="seed")
            draw = gr.Button("Draw faces", variant="primary", elem_id="draw")
            again = gr.Button("Other faces", elem_id="again")
            edit = gr.Button("Edit this one", interactive=False, elem_id="edit-drawn")
        with gr.Column(scale=3, min_width=320):
            grid = gr.Gallery(
                label="Click a face to choose it", columns=4, height="auto", buttons=[], allow_preview=False,
                object_fit="contain", interactive=False, elem_id="grid",
            )  # fmt: skip
    return RandomPanel(temperature, seed, draw, again, grid, gr.State(None), edit)


def bind_random_panel(panel: RandomPanel, visits: Visits, edit_panel: EditPanel, tabs: gr.Tabs) -> None:
    """Connect the tab's components to the visit; "Edit this one" goes to the tab "Edit"."""
    settings = [panel.temperature, panel.seed]
    drawn = [panel.grid, panel.chosen, panel.edit]
    private: dict[str, Any] = {"api_visibility": "private"}
    panel.draw.click(on_visit(visits, partial(draw, panel)), settings, drawn, **private)
    panel.temperature.release(on_visit(visits, partial(redraw, panel)), settings, drawn, **private)
    panel.again.click(lambda: random.randrange(MAX_SEED), None, panel.seed, show_progress="hidden", **private).then(
        on_visit(visits, partial(draw, panel)), settings, drawn, **private
    )
    panel.grid.select(
        on_select(visits, partial(choose, panel)), None, [panel.chosen, panel.edit], show_progress="hidden", **private
    )
    panel.edit.click(
        on_visit(visits, partial(take, edit_panel, tabs)), panel.chosen,
        [tabs, edit_panel.photo, *edit_panel.everything], **private,
    )  # fmt: skip


def draw(panel: RandomPanel, visit: Visit, temperature: float, seed: float | None) -> Updates:
    """Draw a grid of faces."""
    visit.drawn = visit.session.editor.sample(COUNT, temperature, int(seed or 0))
    pictures = visit.show_all("drawn", (face.photo.pixels for face in visit.drawn))
    return {
        panel.grid: gr.Gallery(value=pictures, selected_index=None),
        panel.chosen: None,
        panel.edit: gr.Button(interactive=False),
    }


def redraw(panel: RandomPanel, visit: Visit, temperature: float, seed: float | None) -> Any:
    """Draw the same faces at another temperature, if any are there."""
    return draw(panel, visit, temperature, seed) if visit.drawn else gr.skip()


def choose(panel: RandomPanel, visit: Visit, index: int) -> Updates:
    """Remember the face that was clicked."""
    return {panel.chosen: index, panel.edit: gr.Button(interactive=bool(visit.drawn))}


def take(edit_panel: EditPanel, tabs: gr.Tabs, visit: Visit, chosen: int | None) -> Any:
    """Open the chosen face in the tab "Edit"."""
    if chosen is None or chosen >= len(visit.drawn):
        gr.Info("Click a face first.")
        return gr.skip()
    face = visit.drawn[chosen]
    visit.session.take(visit.session.editor.reencoded(face))
    visit.photo = visit.show(face.photo.pixels)
    return {tabs: gr.Tabs(selected="edit"), edit_panel.photo: visit.photo, **everything(edit_panel, visit)}
