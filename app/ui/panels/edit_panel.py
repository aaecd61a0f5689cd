"""The tab "Edit": a photo, its faces, the sliders, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.editor import Editor
from app.ui.panels.recipe_panel import RecipePanel, build_recipe_panel
from app.ui.panels.slider_panel import SliderPanel, build_slider_panel
from app.ui.visits.handling import photo_input

AREAS = ("Face", "Whole photo")


@dataclass(frozen=True)
class EditPanel:
    """The tab's components."""

    photo: gr.Image
    faces: gr.Gallery
    help: gr.Column
    help_text: gr.Markdown
    whole: gr.Button
    mark_picture: gr.Image
    compare: gr.ImageSlider
    area: gr.Radio
    lock: gr.Checkbox
    status: gr.Markdown
    reading: gr.Markdown
    undo: gr.Button
    redo: gr.Button
    reset: gr.Button
    file_type: gr.Dropdown
    save: gr.Button
    download: gr.DownloadButton
    sliders: SliderPanel
    recipes: RecipePanel

    @property
    def result(self) -> list[gr.components.Component]:
        """What changes with every slider."""
        return [self.compare, self.status, self.reading, self.undo, self.redo]

    @property
    def everything(self) -> list[Any]:
        """What changes with another photo or face."""
        return [*self.result, *self.sliders.values, self.lock, self.faces, self.help, self.help_text, self.mark_picture]


def build_edit_panel(editor: Editor) -> EditPanel:
    """Lay the tab out."""
    with gr.Row():
        with gr.Column(scale=2, min_width=260):
            photo = photo_input(
                "Your photo",
                sources=["upload", "clipboard", "webcam"],
                height=240,
                elem_id="photo",
            )
            faces = gr.Gallery(
                label="Faces", columns=3, height="auto", allow_preview=False, fit_columns=False, buttons=[],
                visible=False, elem_id="faces", interactive=False, object_fit="contain",
            )  # fmt: skip
            with gr.Column(visible=False, elem_id="help") as help_column:
                help_text = gr.Markdown()
                mark_picture = gr.Image(
                    label="Mark the face", interactive=False, height=300, buttons=[], elem_id="mark"
                )
                whole = gr.Button("The picture is a face already: use its middle", elem_id="whole")
        with gr.Column(scale=4, min_width=320):
            compare = gr.ImageSlider(
                label="Before and after", type="filepath", max_height=620, buttons=["fullscreen"],
                interactive=False, slider_position=4, elem_id="compare",
            )  # fmt: skip
            with gr.Row(equal_height=True):
                area = gr.Radio(AREAS, value=AREAS[0], show_label=False, container=False, min_width=220, elem_id="area")
                status = gr.Markdown("Upload a photo, or draw a face in the tab “Random”.", elem_id="status")
            reading = gr.Markdown(elem_id="reading")
            with gr.Row():
                undo = gr.Button("↶ Undo", interactive=False, size="sm", min_width=80, elem_id="undo")
                redo = gr.Button("↷ Redo", interactive=False, size="sm", min_width=80, elem_id="redo")
                reset = gr.Button("Reset all", size="sm", min_width=80, elem_id="reset")
            with gr.Row():
                file_type = gr.Dropdown(
                    ["PNG (exact)", "JPEG (small)", "WebP (exact)"], value="PNG (exact)", show_label=False,
                    container=False, min_width=120, elem_id="file-type",
                )  # fmt: skip
                save = gr.Button("Download", variant="primary", size="sm", min_width=120, elem_id="save")
                download = gr.DownloadButton(visible="hidden", elem_id="download")
        with gr.Column(scale=3, min_width=280, elem_id="sliders"):
            recipe_accordion = build_recipe_panel()
            lock = gr.Checkbox(
                True,
                label="Lock background",
                info="What is not the person stays as it is",
                container=False,
                elem_id="lock-background",
            )
            sliders = build_slider_panel(editor)
    return EditPanel(
        photo, faces, help_column, help_text, whole, mark_picture, compare, area, lock, status, reading, undo, redo,
        reset, file_type, save, download, sliders, recipe_accordion,
    )  # fmt: skip
