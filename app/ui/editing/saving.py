"""Downloads of the edited picture: which part of it, in which format, with its recipe inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.portraits.view import View
from app.ui.visits.visit import Visit
from app.ui.words import say, t
from attributes import Recipe
from faces import Photo, save_photo

FILE_TYPES = {"PNG": "png", "JPEG": "jpg", "WebP": "webp"}
PARTS = ("whole", "face")


@dataclass(frozen=True)
class Saving:
    """The components but for the button."""

    file_type: gr.Radio
    part: gr.Radio
    inside: gr.Checkbox
    download: gr.DownloadButton

    @property
    def how(self) -> list[Any]:
        """What tells how to save, as :func:`save` takes it."""
        return [self.file_type, self.part, self.inside]


def build_saving() -> Saving:
    """Lay them out."""
    with gr.Accordion(t("Download as"), open=False, elem_id="saving"):
        file_type = gr.Radio(
            [(t("PNG (exact)"), "PNG"), (t("JPEG (small)"), "JPEG"), (t("WebP (exact)"), "WebP")], value="PNG",
            label=t("Format"), elem_id="file-type",
        )  # fmt: skip
        part = gr.Radio(
            [(t("The whole photo"), "whole"), (t("Only the face"), "face")], value="whole", label=t("Part"),
            elem_id="saved-part",
        )  # fmt: skip
        inside = gr.Checkbox(
            label=t("With its recipe inside"), info=t("Only in a PNG: opened as a recipe, it moves the sliders again"),
            elem_id="recipe-inside",
        )  # fmt: skip
        download = gr.DownloadButton(visible="hidden", elem_id="download")
    return Saving(file_type, part, inside, download)


def save(visit: Visit, file_type: str, part: str, inside: bool) -> Any:
    """Write the picture at its own size and hand it to the browser."""
    session = visit.session
    photo = session.picture()
    if part == "face" and session.ready:
        photo = _face(visit, photo)
    suffix = FILE_TYPES.get(file_type, "png")
    path = visit.new_file(f"{photo.name.rsplit('.', 1)[0]}-edited.{suffix}")
    save_photo(photo, path)
    if inside and any(session.values.values()):
        if suffix == "png":
            Recipe.of(path.stem[:60], session.values, session.keep).put_into(path)
        else:
            gr.Info(say(visit.language, "A recipe goes only into a PNG; this picture was saved without."))
    return gr.DownloadButton(value=str(path))


def _face(visit: Visit, photo: Photo) -> Photo:
    """The face with a little around it, at the photo's own size; of a drawn one, all."""
    session = visit.session
    if session.portrait.drawn:
        return photo
    view = View.face(photo, session.portrait.alignment, max(photo.pixels.shape[:2]))
    return view.cut(photo)
