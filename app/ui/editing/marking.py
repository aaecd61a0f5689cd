"""The faces of the photo, and a face marked by hand: where none was found, or not the right one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.ui.editing.slider_values import Updates
from app.ui.parts import marking_picture
from app.ui.visits.text import as_text
from app.ui.visits.visit import Visit
from app.ui.words import say, t
from faces import align, crop

ASKED = (
    "Click on the eye on the left. (0 of 3 marked)",
    "Click on the eye on the right. (1 of 3 marked)",
    "Click on the middle of the mouth. (2 of 3 marked)",
)
FACE_SIDE = 128


@dataclass(frozen=True)
class FacesPart:
    """The faces of the photo."""

    part: gr.Column
    gallery: gr.Gallery
    add: gr.Button
    remove: gr.Button


@dataclass(frozen=True)
class MarkingPart:
    """What asks for the three points of a face, in the place of the result."""

    help: gr.Column
    text: gr.Markdown
    picture: gr.Image
    back: gr.Button
    whole: gr.Button
    close: gr.Button

    @property
    def all(self) -> list[Any]:
        """What changes with each point."""
        return [self.help, self.text, self.picture, self.back, self.close]


def build_faces_part() -> FacesPart:
    """Lay the faces out."""
    with gr.Column(visible=False, elem_id="faces-part", min_width=0) as part:
        gallery = gr.Gallery(
            label=t("Faces"), show_label=False, columns=3, height="auto", allow_preview=False, fit_columns=False,
            buttons=[], visible=False, elem_id="faces", interactive=False, object_fit="contain",
        )  # fmt: skip
        add = gr.Button(t("Add or correct a face"), size="sm", elem_id="add-face")
        remove = gr.Button(t("Remove this face"), size="sm", visible=False, elem_id="remove-face")
    return FacesPart(part, gallery, add, remove)


def build_marking_part() -> MarkingPart:
    """Lay out what asks for the points."""
    with gr.Column(visible=False, elem_id="help", min_width=0) as help_column:
        text = gr.Markdown(elem_id="help-text")
        picture = marking_picture.build_marking_picture(label=t("Mark the face"), show_label=False, elem_id="mark")
        with gr.Row(elem_id="help-acts"):
            back = gr.Button(t("Take back a point"), size="sm", min_width=0, elem_id="unmark")
            whole = gr.Button(t("Use the picture’s middle"), size="sm", min_width=0, elem_id="whole")
            close = gr.Button(t("Cancel"), size="sm", min_width=0, elem_id="stop-marking")
    return MarkingPart(help_column, text, picture, back, whole, close)


def faces_shown(panel: FacesPart, visit: Visit) -> Updates:
    """Updates of the faces."""
    session = visit.session
    photo = session.photo
    crops = [] if photo is None else [crop(photo.pixels, align(face), FACE_SIDE) for face in session.faces]
    return {
        panel.part: gr.Column(visible=photo is not None),
        panel.gallery: gr.Gallery(
            value=visit.show_all("faces", crops), selected_index=session.edits.chosen if crops else None,
            visible=bool(crops),
        ),
        panel.remove: gr.Button(visible=bool(crops)),
    }  # fmt: skip


def marks_shown(panel: MarkingPart, visit: Visit, problem: str = "") -> Updates:
    """Updates of :attr:`MarkingPart.all`."""
    session, marked = visit.session, len(visit.marks)
    asking = session.photo is not None and (visit.marking or not session.ready)
    texts, path = [say(visit.language, ASKED[marked])], None
    if asking:
        path = visit.show(marking_picture.drawn(session, visit.marks))
        texts.append(marking_picture.hint(session, visit.language))
    texts.append(as_text(problem))
    return {
        panel.help: gr.Column(visible=asking),
        panel.text: " ".join(filter(None, texts)),
        panel.picture: marking_picture.updated(session, path),
        panel.back: gr.Button(interactive=marked > 0),
        panel.close: gr.Button(visible=session.ready),
    }


def start_marking(panel: MarkingPart, visit: Visit) -> Any:
    """Ask for the three points of a face."""
    if visit.session.photo is None:
        return gr.skip()
    visit.marks, visit.marking, visit.brushing = [], True, False
    return marks_shown(panel, visit)


def stop_marking(panel: MarkingPart, visit: Visit) -> Any:
    """Ask no more."""
    visit.marks, visit.marking = [], False
    return marks_shown(panel, visit)


def take_back(panel: MarkingPart, visit: Visit) -> Any:
    """Take the last point back."""
    if not visit.marks:
        return gr.skip()
    visit.marks.pop()
    return marks_shown(panel, visit)


def add_mark(visit: Visit, point: tuple[int, int]) -> bool:
    """Take a click on the picture as the next of the three points; whether they are a face now.

    Raises:
        FaceError: the three points do not span a face; none of them is kept.
    """
    visit.marks.append(marking_picture.place(visit.session, point))
    if len(visit.marks) < len(ASKED):
        return False
    marks, visit.marks = visit.marks, []
    visit.session.mark(*marks)
    visit.marking = False
    return True
