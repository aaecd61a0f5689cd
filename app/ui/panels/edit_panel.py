"""The tab "Edit": a photo, its faces, the sliders, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.editor import Editor
from app.ui.editing.brushing import BrushPart, build_brush_part
from app.ui.editing.examples import Examples, build_examples
from app.ui.editing.marking import FacesPart, MarkingPart, build_faces_part, build_marking_part
from app.ui.editing.presets import Presets, build_presets
from app.ui.editing.saving import Saving, build_saving
from app.ui.editing.tools import Tools, build_tools
from app.ui.panels.recipe_panel import RecipePanel, build_recipe_panel
from app.ui.panels.slider_panel import SliderPanel, build_slider_panel
from app.ui.visits.handling import photo_input
from app.ui.words import t

AREAS = ("Face", "Whole photo")
PHOTO_TYPES = ["image", ".tif", ".tiff"]


@dataclass(frozen=True)
class EditPanel:
    """The tab's components."""

    photo: gr.Image
    pasted: gr.UploadButton
    examples: Examples
    faces: FacesPart
    marking: MarkingPart
    brush: BrushPart
    limit: gr.Button
    surprise: gr.Button
    presets: Presets
    compare: gr.ImageSlider
    status: gr.Markdown
    undo: gr.Button
    redo: gr.Button
    reset: gr.Button
    save: gr.Button
    area: gr.Radio
    lock: gr.Checkbox
    details: gr.Accordion
    changes_seen: gr.Markdown
    saving: Saving
    tools: Tools
    sliders: SliderPanel
    recipes: RecipePanel

    @property
    def result(self) -> list[gr.components.Component]:
        """What changes with every slider."""
        return [self.compare, self.status, self.changes_seen, self.undo, self.redo]

    @property
    def everything(self) -> list[Any]:
        """What changes with another photo or face."""
        parts = [
            self.faces.part,
            self.faces.gallery,
            self.faces.remove,
            *self.marking.all,
            *self.brush.all,
            self.presets.part,
            self.presets.subject,
        ]
        return [*self.result, *self.sliders.values, self.lock, *parts]


def build_edit_panel(editor: Editor) -> EditPanel:
    """Lay the tab out."""
    with gr.Row(elem_id="edit-row"):
        with gr.Column(elem_id="intake", min_width=0):
            photo = photo_input(
                t("Your photo"), sources=["upload", "clipboard", "webcam"], show_label=False, height=190,
                elem_id="photo",
            )  # fmt: skip
            examples = build_examples()
            faces = build_faces_part()
            presets = build_presets()
        with gr.Column(elem_id="middle", min_width=0):
            with gr.Column(elem_id="stage", min_width=0):
                compare = gr.ImageSlider(
                    label=t("Before and after"), show_label=False, type="filepath", buttons=["fullscreen"],
                    interactive=False, slider_position=4, elem_id="compare",
                )  # fmt: skip
                marking = build_marking_part()
                brush = build_brush_part()
                with gr.Row(elem_id="acts"):
                    undo = gr.Button(t("↶ Undo"), interactive=False, size="sm", min_width=0, elem_id="undo")
                    redo = gr.Button(t("↷ Redo"), interactive=False, size="sm", min_width=0, elem_id="redo")
                    gr.Button(t("Hold: before"), size="sm", min_width=0, elem_id="hold")
                    reset = gr.Button(t("Reset all"), size="sm", min_width=0, elem_id="reset")
                    save = gr.Button(t("Download"), variant="primary", size="sm", min_width=0, elem_id="save")
                status = gr.Markdown(t("Upload a photo, or choose a face."), elem_id="status")
            with gr.Column(elem_id="another", min_width=0):
                # Shown where the photo's own field is out of sight; pasted pictures come in by it too.
                pasted = gr.UploadButton(
                    t("Open another photo"), size="sm", file_types=PHOTO_TYPES, elem_id="open-photo"
                )
            with gr.Column(elem_id="more", min_width=0):
                with gr.Row():
                    area = gr.Radio(
                        [(t(area), area) for area in AREAS], value=AREAS[0], label=t("Shown"), show_label=False,
                        container=False, min_width=220, elem_id="area",
                    )  # fmt: skip
                    lock = gr.Checkbox(
                        True, label=t("Lock background"), info=t("What is not the person stays as it is"),
                        container=False, elem_id="lock-background",
                    )  # fmt: skip
                with gr.Row():
                    surprise = gr.Button(t("Surprise me"), size="sm", min_width=80, elem_id="surprise")
                    limit = gr.Button(t("Limit to a painted area"), size="sm", min_width=80, elem_id="limit")
                tools = build_tools(editor)
                saving = build_saving()
                with gr.Accordion(t("Details"), open=False, elem_id="details") as details:
                    changes_seen = gr.Markdown(elem_id="changes-seen")
        with gr.Column(elem_id="sliders", min_width=0):
            sliders = build_slider_panel(editor)
            recipe_accordion = build_recipe_panel()
    return EditPanel(
        photo, pasted, examples, faces, marking, brush, limit, surprise, presets, compare, status, undo, redo,
        reset, save, area, lock, details, changes_seen, saving, tools, sliders, recipe_accordion,
    )  # fmt: skip
