"""What the tab "Edit" does: each event's answer, as updates of the components that change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from app.messages import REDUCED
from app.ui.editing import brushing, marking, presets, tools
from app.ui.editing.marking import faces_shown, marks_shown
from app.ui.editing.slider_values import Updates
from app.ui.panels import recipe_panel
from app.ui.panels.edit_panel import AREAS, EditPanel
from app.ui.panels.edit_words import changes_seen, status
from app.ui.panels.slider_panel import kept, values_set, values_shown
from app.ui.visits.handling import PREVIEW_SIDE, warn
from app.ui.visits.visit import Visit
from app.ui.words import explain, say
from attributes import Recipe, RecipeError
from faces import FaceError, NoFaceError, PhotoError

RECIPE_INSIDE = (
    "This picture holds the recipe it was made with. To move the sliders of the original as they were, open the "
    "original, then click the recipe below “One click on your face”."
)


def open_photo(panel: EditPanel, visit: Visit, path: str | None) -> Any:
    """Open an uploaded photo; where it has no face, offer ways on. A cleared field closes the photo.

    A file that is no photo goes from the field again, which then shows what is still being edited. Undo brings the
    photo before back, with its edits.
    """
    problem = ""
    if path is None:
        visit.session.clear()
        visit.drop_upload("photo")
    else:
        try:
            with visit.upload("photo", path) as file:
                try:
                    visit.session.open(file)
                except NoFaceError as error:
                    problem = explain(visit.language, error)
                _take_recipe(visit, file)
        except PhotoError as error:
            warn(str(error))
            return {panel.photo: photo_now(visit)}
    visit.marks, visit.marking, visit.brushing, visit.photo = [], False, False, path
    if path is not None and visit.session.before().reduced:
        gr.Info(say(visit.language, "This photo: {reduced}.", reduced=say(visit.language, REDUCED)))
    return everything(panel, visit, problem)


def open_pasted(panel: EditPanel, visit: Visit, path: str | None) -> Any:
    """Open a photo that came in beside the upload field, and show it there."""
    return gr.skip() if path is None else {panel.photo: path, **open_photo(panel, visit, path)}


def _take_recipe(visit: Visit, file: Path) -> None:
    """Offer the recipe that a photo has inside: its picture has been moved already, and is not moved once more."""
    if file.suffix.lower() != ".png":
        return
    try:
        recipe = Recipe.load(file)
        recipe.check(visit.session.editor.directions.names)
    except RecipeError:
        return
    visit.recipes[recipe.name] = recipe
    gr.Info(say(visit.language, RECIPE_INSIDE))


def photo_now(visit: Visit) -> str | None:
    """The file of what is being edited, for the upload field."""
    if visit.session.photo is None:
        visit.photo = None
    elif visit.photo is None or not Path(visit.photo).is_file():  # of a drawn face or a former photo
        view = visit.session.view(PREVIEW_SIDE, face=False)
        visit.photo = visit.show_all("photo", [visit.session.before(view).pixels])[0]
    return visit.photo


def take_example(panel: EditPanel, visit: Visit, index: int) -> Any:
    """Edit one of the faces to begin with."""
    if index >= len(visit.examples):
        return gr.skip()
    visit.session.take(visit.session.editor.reencoded(visit.examples[index]))
    visit.photo = None
    return {panel.photo: photo_now(visit), **everything(panel, visit)}


def choose_face(panel: EditPanel, visit: Visit, index: int) -> Any:
    """Edit another face of the photo."""
    visit.session.choose(index)
    return everything(panel, visit)


def remove_face(panel: EditPanel, visit: Visit) -> Any:
    """Leave the chosen face out; where it was the only one, its right place is asked for."""
    visit.session.leave_out()
    visit.marks, visit.marking = [], False
    return everything(panel, visit)


def use_whole(panel: EditPanel, visit: Visit) -> Any:
    """Take the middle of the photo for the face."""
    visit.session.use_whole()
    visit.marks, visit.marking = [], False
    return everything(panel, visit)


def mark(panel: EditPanel, visit: Visit, point: tuple[int, int]) -> Any:
    """Take a click on the photo as the next of a face's three points."""
    try:
        if marking.add_mark(visit, point):
            return everything(panel, visit)
    except FaceError as error:
        return marks_shown(panel.marking, visit, explain(visit.language, error))
    return marks_shown(panel.marking, visit)


def start_brushing(panel: EditPanel, visit: Visit) -> Any:
    """Ask where the sliders may act."""
    brushing.start_brushing(visit)
    return everything(panel, visit)


def paint(panel: EditPanel, visit: Visit, text: str, size: str) -> Any:
    """Let the sliders act where a stroke of the brush went, too."""
    return everything(panel, visit) if brushing.paint(visit, text, size) else gr.skip()


def act_everywhere(panel: EditPanel, visit: Visit) -> Any:
    """Let the sliders act everywhere again."""
    visit.session.limit(())
    return everything(panel, visit)


def stop_brushing(panel: EditPanel, visit: Visit) -> Any:
    """Show the result again."""
    visit.brushing = False
    return everything(panel, visit)


def move(panel: EditPanel, visit: Visit, numbers: dict[Any, float]) -> Any:
    """Take the values of all sliders, unless the page has since been told others."""
    if numbers[panel.sliders.revision] != visit.revision:
        return gr.skip()
    changed = visit.session.set(values_set(panel.sliders, visit, numbers))
    return result(panel, visit) if changed or visit.undrawn else gr.skip()


def keep(panel: EditPanel, visit: Visit, names: list[str] | None) -> Any:
    """Keep the attributes of some sliders fixed."""
    changed = visit.session.set_keep(kept(names or ()))
    return {**result(panel, visit), panel.sliders.keep: list(visit.session.keep)} if changed else gr.skip()


def apply_preset(panel: EditPanel, visit: Visit, index: int) -> Any:
    """Set the sliders to what a recipe says that was clicked on."""
    known = presets.recipes(visit)
    if index >= len(visit.preset_names) or visit.preset_names[index] not in known:
        return gr.skip()
    visit.session.apply(known[visit.preset_names[index]])
    return everything(panel, visit)


def open_recipe(panel: EditPanel, visit: Visit, path: str | None) -> Any:
    """Set the sliders to a recipe from a file."""
    if path is None:
        return gr.skip()
    recipe_panel.open_file(visit, path)
    return everything(panel, visit)


def save_recipe(panel: EditPanel, visit: Visit, name: str) -> Any:
    """Hand the present moves to the browser as a recipe, and offer it."""
    saved = {panel.recipes.download: recipe_panel.save(visit, name)}
    return {**saved, **presets.subject(panel.presets, visit)}


def surprise(panel: EditPanel, visit: Visit) -> Any:
    """Set a few sliders by chance."""
    if not visit.session.ready:
        gr.Info(say(visit.language, "Open a photo first."))
        return gr.skip()
    tools.surprising(visit)
    return everything(panel, visit)


def take_variation(panel: EditPanel, visit: Visit, index: int) -> Any:
    """Go on with what a variation shows."""
    return everything(panel, visit) if tools.take_variation(visit, index) else gr.skip()


def look(panel: EditPanel, visit: Visit, area: str) -> Any:
    """Show the face, or the whole photo."""
    visit.close_up = area == AREAS[0]
    return result(panel, visit) if visit.session.photo else gr.skip()


def unfold(panel: EditPanel, visit: Visit, on: bool) -> Any:
    """Tell what the classifier sees, from now on, or no longer."""
    visit.details = on
    return {panel.changes_seen: changes_seen(visit.session, visit.language)} if on else gr.skip()


def lock_background(panel: EditPanel, visit: Visit, on: bool) -> Any:
    """Leave what is not the person as it is, or not."""
    return result(panel, visit) if visit.session.lock_background(on) else gr.skip()


def reset(panel: EditPanel, visit: Visit) -> Any:
    """All sliders of the face to 0."""
    visit.session.reset()
    return everything(panel, visit)


def undo(panel: EditPanel, visit: Visit) -> Any:
    """One step back, to the photo before where it is that."""
    return _stepped(panel, visit, forward=False)


def redo(panel: EditPanel, visit: Visit) -> Any:
    """One step forward again."""
    return _stepped(panel, visit, forward=True)


def _stepped(panel: EditPanel, visit: Visit, *, forward: bool) -> Any:
    session = visit.session
    before = session.edits.opened
    if not (session.redo() if forward else session.undo()):
        return gr.skip()
    if session.edits.opened is before:
        return everything(panel, visit)
    visit.photo, visit.marks, visit.marking = None, [], False
    return {panel.photo: photo_now(visit), **everything(panel, visit)}


def result(panel: EditPanel, visit: Visit) -> Updates:
    """Updates of :attr:`EditPanel.result`."""
    session = visit.session
    pictures, visit.undrawn = None, True
    if session.photo is not None:
        view = session.view(PREVIEW_SIDE, face=visit.close_up)
        before = visit.show_same("before", (session.edits.opened, view), session.before(view).pixels)
        pictures = (before, visit.show(session.picture(view).pixels))
    updates = {
        panel.compare: pictures,
        panel.status: status(session, visit.language),
        panel.changes_seen: changes_seen(session, visit.language) if visit.details else "",
        panel.undo: gr.Button(interactive=session.history.can_undo),
        panel.redo: gr.Button(interactive=session.history.can_redo),
    }
    visit.undrawn = False
    return updates


def everything(panel: EditPanel, visit: Visit, problem: str = "") -> Updates:
    """Updates of :attr:`EditPanel.everything`."""
    return {
        **result(panel, visit),
        **values_shown(panel.sliders, visit),
        panel.lock: visit.session.edits.lock_background,
        **faces_shown(panel.faces, visit),
        **marks_shown(panel.marking, visit, problem),
        **brushing.brush_shown(panel.brush, visit),
        **presets.subject(panel.presets, visit),
    }
