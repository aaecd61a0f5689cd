"""What the tab "Edit" does: each event's answer, as updates of the components that change."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from app.messages import REDUCED
from app.portraits.view import View
from app.ui.panels import recipe_panel, slider_panel
from app.ui.panels.edit_panel import AREAS, EditPanel
from app.ui.panels.edit_words import reading, status
from app.ui.panels.recipe_panel import recipes
from app.ui.panels.slider_panel import Updates, values_set, values_shown
from app.ui.visits.handling import PREVIEW_SIDE, Handler, on_select, on_visit, warn
from app.ui.visits.text import as_text
from app.ui.visits.visit import Visit, Visits
from faces import FaceError, NoFaceError, PhotoError, align, crop, save_photo

POINTS = ("the eye on the left", "the eye on the right", "the middle of the mouth")
FACE_SIDE = 128


def bind_edit_panel(panel: EditPanel, visits: Visits) -> None:
    """Connect the tab's components to the visit's session."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    sliders, everywhere = panel.sliders, panel.everything

    def does(handler: Handler) -> Handler:
        return on_visit(visits, partial(handler, panel))

    # By default Gradio drops a photo that is chosen while the one before, or its clearing, is still in work.
    panel.photo.input(
        does(open_photo), panel.photo, [panel.photo, *everywhere], trigger_mode="always_last",
        api_visibility="private", show_progress_on=panel.compare,
    )  # fmt: skip
    panel.faces.select(on_select(visits, partial(choose_face, panel)), None, everywhere, **quiet)
    panel.whole.click(does(use_whole), None, everywhere, **quiet)
    panel.mark_picture.select(
        on_select(visits, partial(mark, panel)), None, everywhere, trigger_mode="multiple", **quiet
    )
    # One listener for all sliders; the newest values win, and setting the sliders from here changes nothing. From a
    # set of components, their values come by component.
    changes = [slider.change for slider in sliders.sliders]
    gr.on(changes, does(move), set(sliders.sliders), panel.result, trigger_mode="always_last", **quiet)
    sliders.keep.input(does(keep), sliders.keep, panel.result, **quiet)
    refresh = on_visit(visits, partial(slider_panel.refresh, sliders, visits.models))
    sliders.refresh.click(refresh, None, sliders.arrangement, **quiet)
    bind_recipes(panel, visits, quiet)
    panel.undo.click(does(undo), None, everywhere, trigger_mode="multiple", **quiet)
    panel.redo.click(does(redo), None, everywhere, trigger_mode="multiple", **quiet)
    panel.area.input(does(look), panel.area, panel.result, **quiet)
    panel.lock.input(does(lock_background), panel.lock, panel.result, **quiet)
    panel.reset.click(does(reset), None, everywhere, **quiet)
    panel.save.click(on_visit(visits, save), panel.file_type, panel.download, **quiet).then(
        None, None, None, js="() => document.querySelector('#download')?.click()", **quiet
    )


def bind_recipes(panel: EditPanel, visits: Visits, quiet: dict[str, Any]) -> None:
    """Connect the recipes to the sliders."""
    part = panel.recipes
    part.apply.click(on_visit(visits, partial(apply, panel)), part.choice, panel.everything, **quiet)
    part.upload.upload(on_visit(visits, recipe_panel.open_file), part.upload, part.choice, **quiet)
    saving = on_visit(visits, partial(recipe_panel.save, part))
    part.save.click(saving, part.name, [part.choice, part.download], **quiet).success(
        None, None, None, js="() => document.querySelector('#download-recipe')?.click()", **quiet
    )


def open_photo(panel: EditPanel, visit: Visit, path: str | None) -> Any:
    """Open an uploaded photo; where it has no face, offer ways on. Nothing happens when the field is cleared.

    A file that is no photo goes from the field again, which then shows what is still being edited.
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
        return {panel.photo: _open_now(visit)}
    visit.marks, visit.photo = [], path
    if visit.session.before().reduced:
        gr.Info(f"This photo: {REDUCED}.")
    return everything(panel, visit, problem)


def _open_now(visit: Visit) -> str | None:
    """The file of what is being edited, for the upload field."""
    if visit.photo is not None and not Path(visit.photo).is_file():  # of a drawn face, and long ago
        visit.photo = visit.show(visit.session.before().pixels)
    return visit.photo


def choose_face(panel: EditPanel, visit: Visit, index: int) -> Any:
    """Edit another face of the photo."""
    visit.session.choose(index)
    return everything(panel, visit)


def use_whole(panel: EditPanel, visit: Visit) -> Any:
    """Take the middle of the photo for the face."""
    visit.session.use_whole()
    return everything(panel, visit)


def mark(panel: EditPanel, visit: Visit, point: tuple[int, int]) -> Any:
    """Take a click on the photo as the next of the face's three points."""
    photo = visit.session.before()
    factor = max(1.0, max(photo.pixels.shape[:2]) / PREVIEW_SIDE)
    visit.marks.append((point[0] * factor, point[1] * factor))
    if len(visit.marks) == len(POINTS):
        marks, visit.marks = visit.marks, []
        try:
            visit.session.mark(*marks)
        except FaceError as error:
            return everything(panel, visit, str(error))
    return everything(panel, visit)


def move(panel: EditPanel, visit: Visit, numbers: dict[gr.Slider, float]) -> Any:
    """Take the values of all sliders."""
    if not visit.session.ready or not visit.session.set(values_set(panel.sliders, visit, numbers)):
        return gr.skip()
    return result(panel, visit)


def keep(panel: EditPanel, visit: Visit, names: list[str] | None) -> Any:
    """Keep the attributes of some sliders fixed."""
    if not visit.session.ready or not visit.session.set_keep(names or ()):
        return gr.skip()
    return result(panel, visit)


def apply(panel: EditPanel, visit: Visit, name: str | None) -> Any:
    """Set the sliders to what a recipe says."""
    if not visit.session.ready:
        gr.Info("Open a photo first.")
        return gr.skip()
    known = recipes(visit)
    if name not in known:
        gr.Info("Choose a recipe first.")
        return gr.skip()
    visit.session.apply(known[name])
    return everything(panel, visit)


def look(panel: EditPanel, visit: Visit, area: str) -> Any:
    """Show the face, or the whole photo."""
    visit.close_up = area == AREAS[0]
    return result(panel, visit) if visit.session.photo else gr.skip()


def lock_background(panel: EditPanel, visit: Visit, on: bool) -> Any:
    """Leave what is not the person as it is, or not."""
    return result(panel, visit) if visit.session.lock_background(on) and visit.session.ready else gr.skip()


def reset(panel: EditPanel, visit: Visit) -> Any:
    """All sliders of the face to 0."""
    if not visit.session.ready:
        return gr.skip()
    visit.session.reset()
    return everything(panel, visit)


def undo(panel: EditPanel, visit: Visit) -> Any:
    """One step back."""
    return everything(panel, visit) if visit.session.undo() else gr.skip()


def redo(panel: EditPanel, visit: Visit) -> Any:
    """One step forward again."""
    return everything(panel, visit) if visit.session.redo() else gr.skip()


def save(visit: Visit, file_type: str) -> Any:
    """Write the picture at its own size and hand it to the browser."""
    photo = visit.session.picture()
    suffix = {"P": "png", "J": "jpg", "W": "webp"}[file_type[0]]
    path = visit.new_file(f"{photo.name.rsplit('.', 1)[0]}-edited.{suffix}")
    save_photo(photo, path)
    return gr.DownloadButton(value=str(path))


def result(panel: EditPanel, visit: Visit) -> Updates:
    """Updates of :attr:`EditPanel.result`."""
    session = visit.session
    view = session.view(PREVIEW_SIDE, face=visit.close_up)
    before, after = session.before(view).pixels, session.picture(view).pixels
    return {
        panel.compare: (visit.show(before), visit.show(after)),
        panel.status: status(session),
        panel.reading: reading(session),
        panel.undo: gr.Button(interactive=session.history.can_undo),
        panel.redo: gr.Button(interactive=session.history.can_redo),
    }


def everything(panel: EditPanel, visit: Visit, problem: str = "") -> Updates:
    """Updates of :attr:`EditPanel.everything`."""
    session = visit.session
    photo = session.before()
    crops = visit.show_all("faces", (crop(photo.pixels, align(face), FACE_SIDE) for face in session.faces))
    asking = not session.ready
    wanted = f"Or click on the picture: {POINTS[len(visit.marks)]}, then the next. ({len(visit.marks)} of 3 marked)"
    return {
        **result(panel, visit),
        **values_shown(panel.sliders, visit),
        panel.lock: session.edits.lock_background,
        panel.faces: gr.Gallery(
            value=crops, selected_index=session.edits.chosen if crops else None, visible=bool(crops)
        ),
        panel.help: gr.Column(visible=asking),
        panel.help_text: f"{as_text(problem) or 'Mark the face.'}\n\n{wanted}",
        panel.mark_picture: (visit.show(session.before(View.whole(photo, PREVIEW_SIDE)).pixels) if asking else None),
    }
