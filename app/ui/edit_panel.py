"""The tab "Edit": a photo, its faces, the 40 sliders, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.session import SLIDER_RANGE, Session
from app.ui.handling import PREVIEW_SIDE, number_slider, on_select, on_visit, photo_input
from app.ui.visit import Visit, Visits
from app.view import View
from attributes import GROUPS, LABEL_NAMES, LABELS, labels_in_group
from faces import FaceError, NoFaceError, align, crop, save_photo

OPEN_GROUPS = ("Expression", "Hair")
POINTS = ("the eye on the left", "the eye on the right", "the middle of the mouth")
FACE_SIDE = 128
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
    status: gr.Markdown
    undo: gr.Button
    redo: gr.Button
    reset: gr.Button
    file_type: gr.Dropdown
    save: gr.Button
    download: gr.DownloadButton
    sliders: list[gr.Slider]
    """In the order of :data:`attributes.LABELS`."""

    @property
    def result(self) -> list[gr.components.Component]:
        """What changes with every slider."""
        return [self.compare, self.status, self.undo, self.redo]

    @property
    def everything(self) -> list[Any]:
        """What changes with another photo or face."""
        return [*self.result, *self.sliders, self.faces, self.help, self.help_text, self.mark_picture]


def build_edit_panel() -> EditPanel:
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
            by_name: dict[str, gr.Slider] = {}
            for group in GROUPS:
                with gr.Accordion(group, open=group in OPEN_GROUPS):
                    for label in labels_in_group(group):
                        by_name[label.name] = number_slider(
                            -SLIDER_RANGE, SLIDER_RANGE, value=0, step=0.05, label=label.title,
                            elem_id=f"slider-{label.name}",
                        )  # fmt: skip
    return EditPanel(
        photo, faces, help_column, help_text, whole, mark_picture, compare, area, status, undo, redo, reset,
        file_type, save, download, [by_name[name] for name in LABEL_NAMES],
    )  # fmt: skip


def bind_edit_panel(panel: EditPanel, visits: Visits) -> None:
    """Connect the tab's components to the visit's session."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    # By default Gradio drops a photo that is chosen while the one before, or its clearing, is still in work.
    panel.photo.input(
        on_visit(visits, open_photo), panel.photo, panel.everything, trigger_mode="always_last",
        api_visibility="private", show_progress_on=panel.compare,
    )  # fmt: skip
    panel.faces.select(on_select(visits, choose_face), None, panel.everything, **quiet)
    panel.whole.click(on_visit(visits, use_whole), None, panel.everything, **quiet)
    panel.mark_picture.select(on_select(visits, mark), None, panel.everything, trigger_mode="multiple", **quiet)
    # One listener for all sliders; the newest values win, and setting the sliders from here changes nothing.
    gr.on(
        [slider.change for slider in panel.sliders], on_visit(visits, move), panel.sliders, panel.result,
        trigger_mode="always_last", **quiet,
    )  # fmt: skip
    panel.undo.click(on_visit(visits, undo), None, panel.everything, trigger_mode="multiple", **quiet)
    panel.redo.click(on_visit(visits, redo), None, panel.everything, trigger_mode="multiple", **quiet)
    panel.area.input(on_visit(visits, look), panel.area, panel.result, **quiet)
    panel.reset.click(on_visit(visits, reset), None, panel.everything, **quiet)
    panel.save.click(on_visit(visits, save), panel.file_type, panel.download, **quiet).then(
        None, None, None, js="() => document.querySelector('#download')?.click()", **quiet
    )


def open_photo(visit: Visit, path: str | None) -> Any:
    """Open an uploaded photo; where it has no face, offer ways on. Nothing happens when the field is cleared."""
    if path is None:
        return gr.skip()
    visit.marks = []
    try:
        visit.session.open(visit.uploaded(path))
    except NoFaceError as error:
        return everything(visit, str(error))
    return everything(visit)


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
    if not visit.session.ready or not visit.session.set(dict(zip(LABEL_NAMES, values, strict=True))):
        return gr.skip()
    return result(visit)


def look(visit: Visit, area: str) -> Any:
    """Show the face, or the whole photo."""
    visit.close_up = area == AREAS[0]
    return result(visit) if visit.session.photo else gr.skip()


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
        gr.Button(interactive=session.can_undo),
        gr.Button(interactive=session.can_redo),
    ]


def status(session: Session) -> str:
    """What was done, in words."""
    if not session.ready:
        return "No face yet."
    moved = [f"{label.title} {session.values[label.name]:+g}" for label in LABELS if session.values[label.name]]
    if any(session.edits.values.values()):
        return "Moved: " + (", ".join(moved) or "another face")
    return f"Nothing moved: {'the face as drawn' if session.portrait.drawn else 'this is your photo, bit for bit'}."


def everything(visit: Visit, problem: str = "") -> list[Any]:
    """Updates of :attr:`EditPanel.everything`."""
    session = visit.session
    photo = session.before()
    crops = visit.show_all(crop(photo.pixels, align(face), FACE_SIDE) for face in session.faces)
    gallery = gr.Gallery(value=crops, selected_index=session.edits.chosen if crops else None, visible=bool(crops))
    asking = not session.ready
    wanted = f"Or click on the picture: {POINTS[len(visit.marks)]}, then the next. ({len(visit.marks)} of 3 marked)"
    return [
        *result(visit),
        *(session.values[name] for name in LABEL_NAMES),
        gallery,
        gr.Column(visible=asking),
        f"{problem or 'Mark the face.'}\n\n{wanted}",
        visit.show(session.before(View.whole(photo, PREVIEW_SIDE)).pixels) if asking else None,
    ]
