"""The tab "Edit": a photo, its faces, the sliders, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from app.editor import DOES_LITTLE, REDUCED, Editor
from app.session import Session
from app.ui.handling import PREVIEW_SIDE, on_select, on_visit, photo_input, warn
from app.ui.panels import recipe_panel, slider_panel
from app.ui.panels.recipe_panel import RecipePanel, build_recipe_panel, recipes
from app.ui.panels.slider_panel import SliderPanel, build_slider_panel, shown, values_set, values_shown
from app.ui.text import as_text
from app.ui.visit import Visit, Visits
from app.view import View
from attributes import LABELS
from faces import FaceError, NoFaceError, PhotoError, align, crop, save_photo

POINTS = ("the eye on the left", "the eye on the right", "the middle of the mouth")
FACE_SIDE = 128
AREAS = ("Face", "Whole photo")
SEEN = 0.5
"""Probability from which a label is said to be seen in the face."""

UNSAID = ("Attractive", "Blurry")
"""Labels that are not said of a face: a matter of the labellers' taste, and one of the photo."""


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


def bind_edit_panel(panel: EditPanel, visits: Visits) -> None:
    """Connect the tab's components to the visit's session."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    # By default Gradio drops a photo that is chosen while the one before, or its clearing, is still in work.
    panel.photo.input(
        on_visit(visits, partial(open_photo, field=panel.photo)), panel.photo, [panel.photo, *panel.everything],
        trigger_mode="always_last",
        api_visibility="private", show_progress_on=panel.compare,
    )  # fmt: skip
    panel.faces.select(on_select(visits, choose_face), None, panel.everything, **quiet)
    panel.whole.click(on_visit(visits, use_whole), None, panel.everything, **quiet)
    panel.mark_picture.select(on_select(visits, mark), None, panel.everything, trigger_mode="multiple", **quiet)
    # One listener for all sliders; the newest values win, and setting the sliders from here changes nothing.
    gr.on(
        [slider.change for slider in panel.sliders.sliders], on_visit(visits, move), panel.sliders.sliders,
        panel.result, trigger_mode="always_last", **quiet,
    )  # fmt: skip
    panel.sliders.keep.input(on_visit(visits, keep), panel.sliders.keep, panel.result, **quiet)
    panel.sliders.refresh.click(on_visit(visits, slider_panel.refresh), None, panel.sliders.arrangement, **quiet)
    bind_recipes(panel, visits, quiet)
    panel.undo.click(on_visit(visits, undo), None, panel.everything, trigger_mode="multiple", **quiet)
    panel.redo.click(on_visit(visits, redo), None, panel.everything, trigger_mode="multiple", **quiet)
    panel.area.input(on_visit(visits, look), panel.area, panel.result, **quiet)
    panel.lock.input(on_visit(visits, lock_background), panel.lock, panel.result, **quiet)
    panel.reset.click(on_visit(visits, reset), None, panel.everything, **quiet)
    panel.save.click(on_visit(visits, save), panel.file_type, panel.download, **quiet).then(
        None, None, None, js="() => document.querySelector('#download')?.click()", **quiet
    )


def bind_recipes(panel: EditPanel, visits: Visits, quiet: dict[str, Any]) -> None:
    """Connect the recipes to the sliders."""
    part = panel.recipes
    part.apply.click(on_visit(visits, apply), part.choice, panel.everything, **quiet)
    part.upload.upload(on_visit(visits, recipe_panel.open_file), part.upload, part.choice, **quiet)
    part.save.click(on_visit(visits, recipe_panel.save), part.name, [part.choice, part.download], **quiet).success(
        None, None, None, js="() => document.querySelector('#download-recipe')?.click()", **quiet
    )


def open_photo(visit: Visit, path: str | None, field: gr.Image) -> Any:
    """Open an uploaded photo; where it has no face, offer ways on. Nothing happens when the field is cleared.

    A file that is no photo goes from the ``field`` again, which then shows what is still being edited.
    """
    if path is None:
        return gr.skip()
    problem = ""
    try:
        with visit.upload("photo", path) as file:
            try:
                visit.session.open(file)
            except NoFaceError as error:
                problem = str(error)
    except PhotoError as error:
        warn(str(error))
        return {field: _open_now(visit)}
    visit.marks, visit.photo = [], path
    if visit.session.before().reduced:
        gr.Info(f"This photo: {REDUCED}.")
    return [gr.skip(), *everything(visit, problem)]


def _open_now(visit: Visit) -> str | None:
    """The file of what is being edited, for the upload field."""
    if visit.photo is not None and not Path(visit.photo).is_file():  # of a drawn face, and long ago
        visit.photo = visit.show(visit.session.before().pixels)
    return visit.photo


def choose_face(visit: Visit, index: int) -> Any:
    """Edit another face of the photo."""
    visit.session.choose(index)
    return everything(visit)


def use_whole(visit: Visit) -> Any:
    """Take the middle of the photo for the face."""
    visit.session.use_whole()
    return everything(visit)


def mark(visit: Visit, point: tuple[int, int]) -> Any:
    """Take a click on the photo as the next of the face's three points."""
    photo = visit.session.before()
    factor = max(1.0, max(photo.pixels.shape[:2]) / PREVIEW_SIDE)
    visit.marks.append((point[0] * factor, point[1] * factor))
    if len(visit.marks) == len(POINTS):
        marks, visit.marks = visit.marks, []
        try:
            visit.session.mark(*marks)
        except FaceError as error:
            return everything(visit, str(error))
    return everything(visit)


def move(visit: Visit, *values: float) -> Any:
    """Take the values of all sliders."""
    if not visit.session.ready or not visit.session.set(values_set(visit, values)):
        return gr.skip()
    return result(visit)


def keep(visit: Visit, names: list[str] | None) -> Any:
    """Keep the attributes of some sliders fixed."""
    if not visit.session.ready or not visit.session.hold(names or ()):
        return gr.skip()
    return result(visit)


def apply(visit: Visit, name: str | None) -> Any:
    """Set the sliders to what a recipe says."""
    if not visit.session.ready:
        gr.Info("Open a photo first.")
        return gr.skip()
    known = recipes(visit)
    if name not in known:
        gr.Info("Choose a recipe first.")
        return gr.skip()
    visit.session.apply(known[name])
    return everything(visit)


def look(visit: Visit, area: str) -> Any:
    """Show the face, or the whole photo."""
    visit.close_up = area == AREAS[0]
    return result(visit) if visit.session.photo else gr.skip()


def lock_background(visit: Visit, on: bool) -> Any:
    """Leave what is not the person as it is, or not."""
    return result(visit) if visit.session.lock_background(on) and visit.session.ready else gr.skip()


def reset(visit: Visit) -> Any:
    """All sliders of the face to 0."""
    if not visit.session.ready:
        return gr.skip()
    visit.session.reset()
    return everything(visit)


def undo(visit: Visit) -> Any:
    """One step back."""
    return everything(visit) if visit.session.undo() else gr.skip()


def redo(visit: Visit) -> Any:
    """One step forward again."""
    return everything(visit) if visit.session.redo() else gr.skip()


def save(visit: Visit, file_type: str) -> Any:
    """Write the picture at its own size and hand it to the browser."""
    photo = visit.session.picture()
    suffix = {"P": "png", "J": "jpg", "W": "webp"}[file_type[0]]
    path = visit.new_file(f"{photo.name.rsplit('.', 1)[0]}-edited.{suffix}")
    save_photo(photo, path)
    return gr.DownloadButton(value=str(path))


def result(visit: Visit) -> list[Any]:
    """Updates of :attr:`EditPanel.result`."""
    session = visit.session
    view = session.view(PREVIEW_SIDE, face=visit.close_up)
    before, after = session.before(view).pixels, session.picture(view).pixels
    return [
        (visit.show(before), visit.show(after)),
        status(session),
        reading(session),
        gr.Button(interactive=session.can_undo),
        gr.Button(interactive=session.can_redo),
    ]


def status(session: Session) -> str:
    """What was done, in words."""
    if not session.ready:
        return "No face yet."
    values = session.values
    sliders = [slider for slider in session.editor.directions.sliders if values[slider.name]]
    little = session.doing_little()
    moved = [
        f"{as_text(slider.title)} {shown(slider, values[slider.name]):+g}"
        + (f" ({DOES_LITTLE})" if slider.name in little else "")
        for slider in sliders
    ]
    if any(session.edits.values.values()):
        return "Moved: " + (", ".join(moved) or "another face")
    return f"Nothing moved: {'the face as drawn' if session.portrait.drawn else 'this is your photo, bit for bit'}."


def reading(session: Session) -> str:
    """What the classifier sees in the face now, and what the edits have changed of it, in words."""
    if not session.ready:
        return ""
    before, now = _said(session.reading(before=True)), _said(session.reading())
    seen = sorted((word for word in now if now[word] >= SEEN), key=lambda word: -now[word])
    told = [word if before[word] >= SEEN else f"**{word}**" for word in seen]
    gone = [word for word in now if before[word] >= SEEN > now[word]]
    text = f"The classifier’s guess: {', '.join(told) or 'nothing in particular'}"
    return f"{text}; no longer: {', '.join(gone)}" if gone else text


def _said(probabilities: Mapping[str, float]) -> dict[str, float]:
    """The labels' probabilities by the words for them. A beard is said and none is not; of an age, that it is young."""
    words = {}
    for label in LABELS:
        probability = probabilities[label.name]
        if label.name.startswith("No_"):
            words[label.title.lower()] = 1 - probability
        elif label.name not in UNSAID:
            words[(label.title if label.sign > 0 else label.name).lower()] = probability
    return words


def everything(visit: Visit, problem: str = "") -> list[Any]:
    """Updates of :attr:`EditPanel.everything`."""
    session = visit.session
    photo = session.before()
    crops = visit.show_all("faces", (crop(photo.pixels, align(face), FACE_SIDE) for face in session.faces))
    gallery = gr.Gallery(value=crops, selected_index=session.edits.chosen if crops else None, visible=bool(crops))
    asking = not session.ready
    wanted = f"Or click on the picture: {POINTS[len(visit.marks)]}, then the next. ({len(visit.marks)} of 3 marked)"
    return [
        *result(visit),
        *values_shown(visit),
        list(session.keep),
        session.edits.lock_background,
        gallery,
        gr.Column(visible=asking),
        f"{as_text(problem) or 'Mark the face.'}\n\n{wanted}",
        visit.show(session.before(View.whole(photo, PREVIEW_SIDE)).pixels) if asking else None,
    ]
