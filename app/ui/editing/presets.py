"""What recipes make of the user's own face, as small pictures: a click applies one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from app.editor import Editor
from app.portraits.portrait import Portrait
from app.series.frames import small
from app.ui.editing.slider_values import Updates
from app.ui.visits.visit import Visit
from app.ui.words import say, t
from attributes import DirectionsError, Recipe, shipped_recipes

SIDE = 128
"""Side of a small picture, in pixels."""


@dataclass(frozen=True)
class Presets:
    """The components."""

    part: gr.Column
    gallery: gr.Gallery
    subject: gr.State
    """A text that changes whenever the small pictures must be made anew: with the face, the model and the recipes."""


def build_presets() -> Presets:
    """Lay them out."""
    with gr.Column(visible=False, elem_id="presets-part", min_width=0) as part:
        gr.Markdown(t("One click on your face:"), elem_classes="heading")
        gallery = gr.Gallery(
            label=t("Recipes on your face"), show_label=False, columns=3, height="auto", allow_preview=False,
            buttons=[], interactive=False, elem_id="presets",
        )  # fmt: skip
    return Presets(part, gallery, gr.State(None))


def recipes(visit: Visit) -> dict[str, Recipe]:
    """Those that the visit can choose from, by the names that people see."""
    return {recipe.name: recipe for recipe in shipped_recipes().values()} | visit.recipes


def titles(visit: Visit) -> dict[str, str]:
    """What the visit's reader calls each of :func:`recipes`: those of Glowface have names in the reader's language."""
    shipped = {recipe.name for recipe in shipped_recipes().values()} - set(visit.recipes)
    return {name: say(visit.language, name) if name in shipped else name for name in recipes(visit)}


def thumbnail(editor: Editor, portrait: Portrait, recipe: Recipe) -> np.ndarray:
    """What a recipe makes of a face, small."""
    moved = editor.moved(portrait, recipe.moves, recipe.keep)
    picture = editor.put_back(small(portrait, face=True, long_side=SIDE), moved).image.convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def subject(panel: Presets, visit: Visit) -> Updates:
    """Updates that let the small pictures be made anew, if the face or the choice of recipes has changed."""
    session = visit.session
    opened, chosen, model = session.edits.opened, session.edits.chosen, session.editor.checkpoint.hash
    # The photo is held, so that no other gets its number; the encoded face need not be.
    visit.subject = (opened, chosen, model) if session.ready else None
    mark = f"{id(opened)} {chosen} {model} {len(visit.recipes)}" if visit.subject else None
    return {panel.subject: mark, panel.part: gr.Column(visible=session.ready)}


def show_presets(panel: Presets, visit: Visit) -> Iterator[Any]:
    """Make the small pictures one by one, until all are there or the face is another one."""
    with visit.lock:
        subject, editor, known, called = visit.subject, visit.session.editor, recipes(visit), titles(visit)
        portrait = visit.session.portrait if visit.session.ready else None
        visit.preset_names = []
        visit.show_all("presets", ())
    if portrait is None:
        yield {panel.gallery: None}
        return
    shown: list[tuple[str, str]] = []
    for recipe in known.values():
        try:
            picture = thumbnail(editor, portrait, recipe)
        except DirectionsError:  # of another model's sliders
            continue
        with visit.lock:
            if visit.ended or visit.subject != subject:
                return
            shown.append((visit.show_more("presets", picture), called[recipe.name]))
            visit.preset_names.append(recipe.name)
        yield {panel.gallery: gr.Gallery(value=shown, selected_index=None)}
