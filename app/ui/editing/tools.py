"""Surprises, grids of variations, and films of one slider."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from app.editor import Editor
from app.series.animation import save_animation, there_and_back
from app.series.frames import STRIP_PICTURES, grid, linspace, small, sweep
from app.ui.editing.slider_values import STEP, ends, kept_choices, shown
from app.ui.visits.visit import Visit
from app.ui.words import say, t
from attributes import Recipe, Slider

SIDE = 160
"""Of a variation on the page, in pixels."""

GRID = 5
FILM_SIDE = 512
FRAMES = 24
"""Of a film's way from one end to the other."""

SURPRISING = (
    "Smiling", "Young", "Blond_Hair", "Black_Hair", "Brown_Hair", "Gray_Hair", "Bangs", "Wavy_Hair", "Pale_Skin",
    "Rosy_Cheeks", "Heavy_Makeup", "Wearing_Lipstick", "Bushy_Eyebrows", "Mouth_Slightly_Open",
)  # fmt: skip
"""What a surprise may move; those among them that are rough in a model are left alone."""


@dataclass(frozen=True)
class Tools:
    """The components."""

    first: gr.Dropdown
    second: gr.Dropdown
    vary: gr.Button
    variations: gr.Gallery
    gif: gr.Button
    mp4: gr.Button
    note: gr.Markdown
    download: gr.DownloadButton


def build_tools(editor: Editor) -> Tools:
    """Lay them out."""
    with gr.Accordion(t("Variations and films"), open=False, elem_id="tools"):
        with gr.Row():
            choices = kept_choices(editor)
            first = gr.Dropdown(
                choices, value="Smiling", label=t("Slider"), min_width=120, elem_id="vary-first",
                info=t("In seven steps"),
            )  # fmt: skip
            second = gr.Dropdown(
                [(t("None"), ""), *choices], value="", label=t("With a second slider"), min_width=120,
                elem_id="vary-second", info=t("Five by five"),
            )  # fmt: skip
        with gr.Row():
            vary = gr.Button(t("Show variations"), size="sm", min_width=80, elem_id="vary")
            gif = gr.Button(t("Film as GIF"), size="sm", min_width=80, elem_id="film-gif")
            mp4 = gr.Button(t("Film as MP4"), size="sm", min_width=80, elem_id="film-mp4")
        note = gr.Markdown(t("A click on a variation takes it over."), elem_id="tools-note")
        variations = gr.Gallery(
            label=t("Variations"), show_label=False, columns=STRIP_PICTURES, height="auto", allow_preview=False,
            buttons=[], interactive=False, elem_id="variations",
        )  # fmt: skip
        download = gr.DownloadButton(visible="hidden", elem_id="download-film")
    return Tools(first, second, vary, variations, gif, mp4, note, download)


def surprising(visit: Visit) -> None:
    """Set three sliders to what they may be, the others to 0."""
    sliders = [visit.session.editor.directions.slider(name) for name in SURPRISING]
    chosen = random.sample([slider for slider in sliders if not slider.rough], 3)
    moves = {slider.name: random.choice((-1, 1)) * random.randrange(8, 19) * STEP for slider in chosen}
    visit.session.apply(Recipe("Surprise", moves))


def amounts(slider: Slider, count: int) -> list[float]:
    """Values of a slider as people see it, from the left to the right, in whole steps and no further than 1."""
    low, high = ends(slider)
    shown_values = (round(value / STEP) * STEP for value in linspace(max(low, -1), min(high, 1), count))
    return [shown(slider, round(value, 2)) for value in shown_values]


def vary(panel: Tools, visit: Visit, first: str, second: str) -> Iterator[Any]:
    """Show one slider in seven steps, or two in five by five, of the face as it is otherwise."""
    with visit.lock:
        session = visit.session
        if not session.ready:
            yield {panel.note: say(visit.language, "Open a photo first.")}
            return
        editor, portrait, lock = session.editor, session.portrait, session.edits.lock_background
        values, keep = session.values, session.keep
    across = editor.directions.slider(first)
    seen = small(portrait, face=True, long_side=2 * SIDE)
    if second and second != first:
        down = editor.directions.slider(second)
        on, under = amounts(across, GRID), amounts(down, GRID)
        taken = [{first: x, second: y} for y in under for x in on]
        pictures = grid(editor, seen, (first, on), (second, under), values=values, keep=keep, lock_background=lock)
        columns = GRID
    else:
        on, columns = amounts(across, STRIP_PICTURES), STRIP_PICTURES
        taken = [{first: x} for x in on]
        pictures = sweep(editor, seen, first, on, values=values, keep=keep, lock_background=lock)
    made: list[np.ndarray] = []
    for number, photo in enumerate(pictures):
        yield {panel.note: say(visit.language, "Picture {number} of {count} …", number=number + 1, count=len(taken))}
        picture = photo.image.convert("RGB")
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        made.append(np.asarray(picture))
        if visit.ended:
            return
    with visit.lock:
        visit.variations = taken
        shown_pictures = visit.show_all("variations", made)
    yield {
        panel.note: say(visit.language, "A click on a variation takes it over."),
        panel.variations: gr.Gallery(value=shown_pictures, columns=columns, selected_index=None),
    }


def take_variation(visit: Visit, index: int) -> bool:
    """Set the sliders to what a variation shows; whether that changes anything."""
    if index >= len(visit.variations):
        return False
    return visit.session.set(visit.variations[index])


def film(panel: Tools, visit: Visit, first: str, suffix: str) -> Iterator[Any]:
    """Film a slider from end to end and back, and hand the file to the browser."""
    with visit.lock:
        session = visit.session
        if not session.ready:
            yield {panel.note: say(visit.language, "Open a photo first."), panel.download: _nothing()}
            return
        editor, portrait, lock = session.editor, session.portrait, session.edits.lock_background
        values, keep, close_up = session.values, session.keep, visit.close_up
    slider = editor.directions.slider(first)
    low, high = ends(slider)
    places = [shown(slider, value) for value in linspace(max(low, -1), min(high, 1), FRAMES)]
    seen = small(portrait, face=close_up, long_side=FILM_SIDE)
    frames: list[np.ndarray] = []
    pictures = sweep(editor, seen, first, places, values=values, keep=keep, lock_background=lock)
    for number, photo in enumerate(pictures):
        frames.append(np.asarray(photo.image.convert("RGB")))
        note = say(visit.language, "Picture {number} of {count} …", number=number + 1, count=FRAMES)
        yield {panel.note: note, panel.download: gr.skip()}
        if visit.ended:
            return
    with visit.lock:
        path: Path = visit.new_file(f"{portrait.photo.name.rsplit('.', 1)[0]}-{slider.title}{suffix}")
    save_animation(there_and_back(frames), path)
    done = say(visit.language, "The film is in your downloads.")
    yield {panel.note: done, panel.download: gr.DownloadButton(value=str(path))}


def _nothing() -> Any:
    return gr.DownloadButton(value=None)  # or the click that follows would fetch the last film again
