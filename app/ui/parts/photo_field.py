"""A photo with the faces in it: one is chosen by a click, and one that was not found is marked by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.messages import REDUCED
from app.portraits.portrait import Portrait
from app.session import Session
from app.ui.parts import marking_picture
from app.ui.visits.blending import Side
from app.ui.visits.handling import on_select, on_visit, photo_input, warn
from app.ui.visits.text import as_text
from app.ui.visits.visit import Visit, Visits
from app.ui.words import explain, say, t
from faces import FaceError, NoFaceError, PhotoError, align, crop

WANTED = (
    "Click the eye on the left in this picture: the first of three points.",
    "Now click the eye on the right.",
    "Now click the middle of the mouth.",
)
FACE_SIDE = 128


@dataclass(frozen=True)
class PhotoField:
    """The components of one photo."""

    name: str
    photo: gr.Image
    faces: gr.Gallery
    marking: gr.Accordion
    wanted: gr.Markdown
    picture: gr.Image
    back: gr.Button
    whole: gr.Button

    @property
    def everything(self) -> list[Any]:
        """What changes with another photo, face or point."""
        return [self.photo, self.faces, self.marking, self.wanted, self.picture, self.back]


def build_photo_field(name: str, label: str) -> PhotoField:
    """Lay a photo out; ``name`` is the id of its field, and part of the others'."""
    with gr.Column(min_width=150, elem_classes="photo-field"):
        photo = photo_input(label, sources=["upload", "clipboard"], height=190, elem_id=name)
        faces = gr.Gallery(
            label=t("Faces"), show_label=False, columns=4, height="auto", allow_preview=False, fit_columns=False,
            buttons=[], visible=False, interactive=False, object_fit="contain", elem_id=f"faces-{name}",
            elem_classes="crops",
        )  # fmt: skip
        with gr.Accordion(t("Add or correct a face"), open=False, visible=False, elem_id=f"marking-{name}") as marking:
            wanted = gr.Markdown(t(WANTED[0]), elem_id=f"wanted-{name}")
            picture = marking_picture.build_marking_picture(
                label=t("Mark the face"), height=260, elem_id=f"mark-{name}"
            )
            back = gr.Button(t("Take the last point back"), size="sm", interactive=False, elem_id=f"back-{name}")
            whole = gr.Button(t("The picture is a face already: use its middle"), size="sm", elem_id=f"whole-{name}")
    return PhotoField(name, photo, faces, marking, wanted, picture, back, whole)


def bind_photo_field(
    field: PhotoField,
    visits: Visits,
    side_of: Callable[[Visit], Side],
    show: Callable[[Visit], dict[Any, Any]],
    shown: list[Any],
) -> list[Any]:
    """Connect a photo to the side that ``side_of`` gives of a visit.

    Args:
        field: the components.
        visits: all visits.
        side_of: whose photo it is.
        show: what else is to be shown with another face.
        shown: the components of that.

    Returns:
        The events after which there may be another face.
    """
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    outputs = [*field.everything, *shown]

    def opened(visit: Visit, path: str | None) -> Any:
        side = side_of(visit)
        if path is None or path in (side.photo, side.cleared):
            # Gradio sends what a handler has put into the field when that is cleared.
            return gr.skip() if path is not None else cleared(visit)
        try:
            problem = open_photo(visit, field, side, path)
        except PhotoError as error:
            warn(str(error))
            return {field.photo: side.photo}  # what is still blended
        return {**field_shown(visit, field, side, problem), **show(visit)}

    def cleared(visit: Visit) -> Any:
        if side_of(visit).session.photo is None:
            return gr.skip()
        visit.drop_upload(f"blend-{field.name}")
        side_of(visit).clear()
        return {**field_shown(visit, field, side_of(visit)), **show(visit)}

    def changed(change: Callable[..., None]) -> Callable[..., dict[Any, Any]]:
        def handler(visit: Visit, *values: Any) -> dict[Any, Any]:
            problem = ""
            try:
                change(side_of(visit), *values)
            except FaceError as error:
                problem = explain(visit.language, error)
            return {**field_shown(visit, field, side_of(visit), problem), **show(visit)}

        return handler

    return [
        field.photo.input(
            on_visit(visits, opened), field.photo, outputs, trigger_mode="always_last", api_visibility="private",
            show_progress_on=field.photo,
        ),
        field.photo.clear(on_visit(visits, cleared), None, outputs, **quiet),
        field.faces.select(on_select(visits, changed(_choose)), None, outputs, **quiet),
        field.picture.select(on_select(visits, changed(_mark)), None, outputs, trigger_mode="multiple", **quiet),
        field.back.click(on_visit(visits, changed(_take_back)), None, outputs, trigger_mode="multiple", **quiet),
        field.whole.click(on_visit(visits, changed(_use_whole)), None, outputs, **quiet),
    ]  # fmt: skip


def open_photo(visit: Visit, field: PhotoField, side: Side, path: str) -> str:
    """Open an uploaded photo.

    Returns:
        Why there is no face, if there is none.

    Raises:
        PhotoError: it is no photo; what was there stays.
    """
    problem, session = "", Session(side.session.editor)  # a new one, which remembers none of the photos before
    with visit.upload(f"blend-{field.name}", path) as file:
        try:
            session.open(file)
        except NoFaceError as error:
            problem = explain(visit.language, error)
    side.session, side.marks, side.photo = session, [], path
    if side.session.before().reduced:
        gr.Info(say(visit.language, "This photo: {reduced}.", reduced=say(visit.language, REDUCED)))
    return problem


def take(visit: Visit, field: PhotoField, side: Side, portrait: Portrait) -> dict[Any, Any]:
    """Go on with a face that is encoded already, such as a drawn one."""
    visit.drop_upload(f"blend-{field.name}")
    editor = side.session.editor
    side.session = Session(editor)
    side.session.take(editor.reencoded(portrait))
    side.marks, side.photo = [], visit.show_all(f"{field.name}-drawn", [portrait.photo.pixels])[0]
    return {**field_shown(visit, field, side), field.photo: side.photo}


def _choose(side: Side, index: int) -> None:
    side.session.choose(index)


def _use_whole(side: Side) -> None:
    side.marks = []
    side.session.use_whole()


def _take_back(side: Side) -> None:
    side.marks = side.marks[:-1]


def _mark(side: Side, point: tuple[int, int]) -> None:
    side.marks = [*side.marks, marking_picture.place(side.session, point)]
    if len(side.marks) == len(WANTED):
        marks, side.marks = side.marks, []
        side.session.mark(*marks)


def field_shown(visit: Visit, field: PhotoField, side: Side, problem: str = "") -> dict[Any, Any]:
    """dict[Any, Any] of :attr:`PhotoField.everything`, but for the photo itself."""
    session = side.session
    photo = session.photo
    crops = [] if photo is None else [crop(photo.pixels, align(face), FACE_SIDE) for face in session.faces]
    drawn = session.ready and session.portrait.drawn
    offered = photo is not None and not drawn
    wanted, path = say(visit.language, WANTED[len(side.marks)]), None
    if offered:
        path = visit.show_all(f"{field.name}-mark", [marking_picture.drawn(session, side.marks)])[0]
        wanted = f"{wanted} {marking_picture.hint(session, visit.language)}"
    marking: dict[str, Any] = {} if session.ready and not side.marks and not problem else {"open": True}
    return {
        field.faces: gr.Gallery(
            value=visit.show_all(f"{field.name}-faces", crops),
            selected_index=session.edits.chosen if crops else None,
            visible=len(crops) > 1,
        ),
        field.marking: gr.Accordion(visible=offered, **marking),
        field.wanted: f"{as_text(problem)}\n\n{wanted}",
        field.picture: marking_picture.updated(session, path),
        field.back: gr.Button(interactive=bool(side.marks)),
    }
