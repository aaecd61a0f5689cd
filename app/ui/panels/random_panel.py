"""The tab "Random": faces that the model draws."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.ui.handling import on_select, on_visit
from app.ui.panels.edit_panel import EditPanel, everything
from app.ui.visit import Visit, Visits

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
    panel.draw.click(on_visit(visits, draw), settings, drawn, **private)
    panel.temperature.release(on_visit(visits, redraw), settings, drawn, **private)
    panel.again.click(lambda: random.randrange(MAX_SEED), None, panel.seed, show_progress="hidden", **private).then(
        on_visit(visits, draw), settings, drawn, **private
    )
    panel.grid.select(on_select(visits, choose), None, [panel.chosen, panel.edit], show_progress="hidden", **private)
    panel.edit.click(on_visit(visits, take), panel.chosen, [tabs, edit_panel.photo, *edit_panel.everything], **private)


def draw(visit: Visit, temperature: float, seed: float | None) -> Any:
    """Draw a grid of faces."""
    visit.drawn_by = visit.session.editor
    visit.drawn = visit.drawn_by.sample(COUNT, temperature, int(seed or 0))
    pictures = visit.show_all("drawn", (face.photo.pixels for face in visit.drawn))
    return gr.Gallery(value=pictures, selected_index=None), None, gr.Button(interactive=False)


def redraw(visit: Visit, temperature: float, seed: float | None) -> Any:
    """Draw the same faces at another temperature, if any are there."""
    return draw(visit, temperature, seed) if visit.drawn else gr.skip()


def choose(visit: Visit, index: int) -> Any:
    """Remember the face that was clicked."""
    return index, gr.Button(interactive=bool(visit.drawn))


def take(visit: Visit, chosen: int | None) -> Any:
    """Open the chosen face in the tab "Edit"."""
    if chosen is None or chosen >= len(visit.drawn):
        gr.Info("Click a face first.")
        return gr.skip()
    face = visit.drawn[chosen]
    editor = visit.session.editor
    visit.session.take(face if editor is visit.drawn_by else editor.again(face))
    visit.photo = visit.show(face.photo.pixels)
    return [gr.Tabs(selected="edit"), visit.photo, *everything(visit)]
