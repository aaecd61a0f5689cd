"""The faces of the photo, and a face marked by hand: where none was found, or not the right one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageDraw

from app.portraits.view import View
from app.ui.editing.slider_values import Updates
from app.ui.visits.handling import PREVIEW_SIDE
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
COLOURS = ((255, 255, 255), (20, 20, 20))
"""Of a mark and of its edge: seen on whatever is behind."""


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
        picture = gr.Image(label=t("Mark the face"), show_label=False, interactive=False, buttons=[], elem_id="mark")
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
    asked = say(visit.language, ASKED[marked])
    return {
        panel.help: gr.Column(visible=asking),
        panel.text: " ".join(filter(None, [as_text(problem), asked])),
        panel.picture: visit.show(_with_marks(visit)) if asking else None,
        panel.back: gr.Button(interactive=marked > 0),
        panel.close: gr.Button(visible=session.ready),
    }


def _factor(visit: Visit) -> float:
    """How many of the photo's pixels one on the page is."""
    return max(visit.session.before().pixels.shape[:2]) / PREVIEW_SIDE


def _with_marks(visit: Visit) -> np.ndarray:
    """The photo with the points that are marked so far."""
    photo, factor = visit.session.before(), _factor(visit)
    picture = Image.fromarray(visit.session.before(View.whole(photo, PREVIEW_SIDE)).pixels)
    # A small one is enlarged here: of one that the page enlarges, Gradio tells the wrong place of a click.
    height, width = photo.pixels.shape[:2]
    picture = picture.resize((max(1, round(width / factor)), max(1, round(height / factor))))
    draw = ImageDraw.Draw(picture)
    radius = max(3.0, max(picture.size) / 80)
    for mark in visit.marks:
        x, y = mark[0] / factor, mark[1] / factor
        for size, colour in ((radius, COLOURS[0]), (radius * 0.6, COLOURS[1])):
            draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)
    return np.asarray(picture)


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
    factor = _factor(visit)
    visit.marks.append((point[0] * factor, point[1] * factor))
    if len(visit.marks) < len(ASKED):
        return False
    marks, visit.marks = visit.marks, []
    visit.session.mark(*marks)
    visit.marking = False
    return True
