"""The tab "Random": faces that the model draws, and others like one of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from app.series.contact_sheet import contact_sheet
from app.series.drawing import Drawing
from app.ui.panels import blend_panel
from app.ui.panels.blend_panel import BlendPanel
from app.ui.panels.edit_events import everything
from app.ui.panels.edit_panel import EditPanel
from app.ui.panels.slider_panel import Updates
from app.ui.parts import photo_field
from app.ui.parts.download import Download, bind_download, build_download
from app.ui.visits.handling import number_field, number_slider, on_return, on_select, on_visit
from app.ui.visits.visit import Visit, Visits
from app.ui.words import say, t
from faces import Photo

MAX_SEED = 2**31 - 1
COLUMNS = 4
SHEET_SIDE = 256
"""Side of each face on a sheet that is downloaded, in pixels: that of a drawn face's picture."""

KEPT = (
    ("A little of everything", ""),
    ("Shape and colours (coarse scale)", "coarse"),
    ("Detail (fine scales)", "fine"),
)
"""What faces that are like another have of it."""


@dataclass(frozen=True)
class RandomPanel:
    """The tab's components."""

    temperature: gr.Slider
    seed: gr.Number
    draw: gr.Button
    again: gr.Button
    back: gr.Button
    note: gr.Markdown
    grid: gr.Gallery
    edit: gr.Button
    blend: tuple[gr.Button, gr.Button]
    more: gr.Button
    change: gr.Slider
    keep: gr.Radio
    face: Download
    sheet: Download

    @property
    def settings(self) -> list[Any]:
        """How to draw, as :func:`asked` takes it."""
        return [self.temperature, self.seed, self.change, self.keep]

    @property
    def drawn(self) -> list[Any]:
        """What changes with another sheet."""
        return [*self.settings, self.grid, self.note, self.back, self.sheet.button, *self.actions]

    @property
    def actions(self) -> list[gr.Button]:
        """What can be done with a face that was clicked."""
        return [self.edit, *self.blend, self.more, self.face.button]


def build_random_panel() -> RandomPanel:
    """Lay the tab out."""
    with gr.Row():
        with gr.Column(scale=2, min_width=240):
            temperature = number_slider(
                0, 1.2, value=0.7, step=0.05, label=t("Temperature"), info=t("Higher is more varied and less likely"),
                elem_id="temperature",
            )  # fmt: skip
            seed = number_field(
                0, MAX_SEED, value=0, label=t("Seed"), info=t("The same number draws the same faces"), elem_id="seed"
            )
            with gr.Row():
                draw = gr.Button(t("Draw faces"), variant="primary", size="md", min_width=110, elem_id="draw")
                again = gr.Button(t("Other faces"), size="md", min_width=110, elem_id="again")
            back = gr.Button(t("Back to the faces before"), size="md", interactive=False, elem_id="drawn-back")
            sheet = build_download("sheet", t("Download all"), ready=False)
        with gr.Column(scale=4, min_width=320):
            note = gr.Markdown(t("Draw faces, and click one to go on with it."), elem_id="drawn-note")
            grid = gr.Gallery(
                label=t("Drawn faces"), show_label=False, columns=COLUMNS, height="auto", buttons=[],
                allow_preview=False, object_fit="contain", interactive=False, elem_id="grid",
            )  # fmt: skip
        with gr.Column(scale=2, min_width=240):
            edit = _action(t("Edit this one"), "edit-drawn", variant="primary")
            with gr.Row():
                first = _action(t("Blend: as first"), "blend-first")
                second = _action(t("Blend: as second"), "blend-second")
            face = build_download("face", t("Download"), ready=False)
            more = _action(t("More like this"), "more-like")
            change = number_slider(0, 1, value=0.4, step=0.05, label=t("How different they are"), elem_id="change")
            keep = gr.Radio(
                [(t(text), value) for text, value in KEPT], value="", label=t("What they have of this face"),
                elem_id="kept-scales",
            )  # fmt: skip
    return RandomPanel(
        temperature, seed, draw, again, back, note, grid, edit, (first, second), more, change, keep, face, sheet
    )


def _action(label: str, elem_id: str, **options: Any) -> gr.Button:
    return gr.Button(label, size="md", min_width=110, interactive=False, elem_id=elem_id, **options)


def bind_random_panel(
    panel: RandomPanel, visits: Visits, edit_panel: EditPanel, blend: BlendPanel, *, tabs: gr.Tabs, tab: gr.Tab
) -> None:
    """Connect the tab's components to the visit; a face goes from here to the tabs "Edit" and "Blend"."""
    private: dict[str, Any] = {"api_visibility": "private"}
    drawing: dict[str, Any] = {"show_progress_on": panel.grid, **private}

    def does(handler: Callable[..., Any]) -> Callable[..., Any]:
        return on_visit(visits, partial(handler, panel))

    for event in (panel.draw.click, panel.seed.submit):
        event(does(draw), panel.settings, panel.drawn, **drawing)
    panel.again.click(does(other_faces), panel.settings, panel.drawn, **drawing)
    panel.more.click(does(more), panel.settings, panel.drawn, **drawing)
    panel.back.click(does(back), None, panel.drawn, **drawing)
    changes: list[Any] = [panel.temperature.change, panel.change.change, panel.keep.input]
    gr.on(changes, does(redraw), panel.settings, panel.drawn, trigger_mode="always_last", **drawing)
    panel.grid.select(on_select(visits, partial(choose, panel)), None, panel.actions, show_progress="hidden", **private)
    taken = [panel.edit.click(
        on_visit(visits, partial(take, edit_panel, tabs)), None, [tabs, edit_panel.photo, *edit_panel.everything],
        **private,
    )]  # fmt: skip
    for place, button in enumerate(panel.blend):
        outputs = [tabs, *blend.fields[place].everything, *blend.shown]
        taken.append(
            button.click(on_visit(visits, partial(take_to_blend, blend, place, tabs)), None, outputs, **private)
        )
    for event in taken:  # on a phone these buttons are far down
        event.then(None, None, None, js="() => { scrollTo(0, 0); }", **private)
    bind_download(panel.face, "face", visits, chosen_picture)
    bind_download(panel.sheet, "sheet", visits, sheet_picture)
    on_return(visits, tab, partial(restored, panel), panel.drawn)


def asked(visit: Visit, values: tuple[Any, ...]) -> Drawing:
    """What the values of :attr:`RandomPanel.settings` ask for, without any face that the others are like."""
    temperature, seed, change, keep = values
    if seed is None:
        gr.Info(say(visit.language, "The seed is a whole number; it was empty, and 0 was taken."))
    return Drawing(temperature, seed or 0, None, change, keep if keep in ("coarse", "fine") else "")


def draw(panel: RandomPanel, visit: Visit, *values: Any) -> Updates:
    """Draw faces anew."""
    visit.sheet.draw(visit.session.editor, asked(visit, values))
    return sheet(panel, visit)


def other_faces(panel: RandomPanel, visit: Visit, *values: Any) -> Updates:
    """Draw with another seed: of the same kind, if they are like a face."""
    temperature, _, *others = values
    return _draw(panel, visit, asked(visit, (temperature, random.randrange(MAX_SEED), *others)))


def redraw(panel: RandomPanel, visit: Visit, *values: Any) -> Any:
    """Draw the same faces in another way, if any are there."""
    return _draw(panel, visit, asked(visit, values)) if visit.sheet.drawing else gr.skip()


def _draw(panel: RandomPanel, visit: Visit, drawing: Drawing) -> Any:
    """Draw faces that are like the one that those before were like, if any."""
    before = visit.sheet.drawing
    like = None if before is None else before.like
    if like is None and before is not None:  # how they are like a face changes nothing yet
        drawing = replace(drawing, change=before.change, keep=before.keep)
    drawing = replace(drawing, like=like)
    if drawing == before:
        return gr.skip()
    visit.sheet.draw(visit.session.editor, drawing)
    return sheet(panel, visit)


def more(panel: RandomPanel, visit: Visit, *values: Any) -> Any:
    """Draw faces that are like the chosen one."""
    face = _chosen(visit)
    if face is None:
        return gr.skip()
    visit.sheet.draw(visit.session.editor, replace(asked(visit, values), like=face))
    return sheet(panel, visit)


def back(panel: RandomPanel, visit: Visit) -> Any:
    """The faces before."""
    if not visit.sheet.earlier:
        return gr.skip()
    visit.sheet.back(visit.session.editor)
    return {**sheet(panel, visit), **_settings(panel, visit.sheet.drawing)}


def restored(panel: RandomPanel, visit: Visit) -> Updates:
    """The faces that the visit has drawn."""
    if visit.sheet.drawing is None:
        return {}
    return {**sheet(panel, visit), **_settings(panel, visit.sheet.drawing)}


def _settings(panel: RandomPanel, drawing: Drawing | None) -> Updates:
    assert drawing is not None
    return {panel.temperature: drawing.temperature, panel.change: drawing.change, panel.keep: drawing.keep}


def sheet(panel: RandomPanel, visit: Visit) -> Updates:
    """Updates of :attr:`RandomPanel.drawn`, but for the sliders."""
    now, drawing = visit.sheet, visit.sheet.drawing
    assert drawing is not None
    if drawing.like is None:
        note = say(visit.language, "Click a face to go on with it.")
    else:
        note = say(visit.language, "The first is the face that you chose; the others are like it.")
    return {
        panel.grid: gr.Gallery(
            value=visit.show_all("drawn", (face.photo.pixels for face in now.faces)), selected_index=now.chosen
        ),
        panel.seed: drawing.seed,
        panel.note: note,
        panel.back: gr.Button(interactive=bool(now.earlier)),
        panel.sheet.button: gr.Button(interactive=True),
        **{button: gr.Button(interactive=now.chosen is not None) for button in panel.actions},
    }


def choose(panel: RandomPanel, visit: Visit, index: int) -> Updates:
    """Remember the face that was clicked."""
    visit.sheet.chosen = index if index < len(visit.sheet.faces) else None
    return {button: gr.Button(interactive=visit.sheet.chosen is not None) for button in panel.actions}


def _chosen(visit: Visit) -> Any:
    if visit.sheet.face is None:
        gr.Info(say(visit.language, "Click a face first."))
    return visit.sheet.face


def take(edit_panel: EditPanel, tabs: gr.Tabs, visit: Visit) -> Any:
    """Open the chosen face in the tab "Edit"."""
    face = _chosen(visit)
    if face is None:
        return gr.skip()
    visit.session.take(visit.session.editor.reencoded(face))
    visit.photo = visit.show(face.photo.pixels)
    return {tabs: gr.Tabs(selected="edit"), edit_panel.photo: visit.photo, **everything(edit_panel, visit)}


def take_to_blend(panel: BlendPanel, place: int, tabs: gr.Tabs, visit: Visit) -> Any:
    """Make the chosen face the first (0) or second (1) of the tab "Blend"."""
    face = _chosen(visit)
    if face is None:
        return gr.skip()
    updates = photo_field.take(visit, panel.fields[place], visit.blending.sides[place], face)
    return {tabs: gr.Tabs(selected="blend"), **updates, **blend_panel.shown(panel, visit)}


def chosen_picture(visit: Visit) -> tuple[str, Photo] | None:
    """The chosen face's picture, for the download."""
    face, now = _chosen(visit), visit.sheet
    if face is None or now.drawing is None or now.chosen is None:
        return None
    return f"face-{now.drawing.seed}-{now.chosen + 1}", face.photo


def sheet_picture(visit: Visit) -> tuple[str, Photo] | None:
    """All faces on one sheet, for the download."""
    drawing = visit.sheet.drawing
    if drawing is None:
        gr.Info(say(visit.language, "Draw faces first."))
        return None
    pictures = [face.photo.pixels for face in visit.sheet.faces]
    return f"faces-{drawing.seed}", Photo(np.asarray(contact_sheet(pictures, SHEET_SIDE, columns=COLUMNS)))
