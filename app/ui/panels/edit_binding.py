"""Connects the tab "Edit" to the visit: which event calls what of :mod:`app.ui.panels.edit_events`."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from app.ui.editing import marking, tools
from app.ui.editing.jobs import on_job
from app.ui.editing.presets import show_presets
from app.ui.editing.saving import save
from app.ui.panels import edit_events as events
from app.ui.panels import slider_panel
from app.ui.panels.edit_panel import EditPanel
from app.ui.visits.handling import Handler, on_select, on_visit
from app.ui.visits.visit import Visits

MOVES_AT_ONCE = 16
"""Sliders' moves of all users that are worked on at once, a visit's one after the other: twice what is decoded
together, so that the next batch is there when one is done."""


def bind_edit_panel(panel: EditPanel, visits: Visits) -> None:
    """Connect the tab's components to the visit's session."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    sliders, everywhere = panel.sliders, panel.everything
    with_photo = [panel.photo, *everywhere]

    def does(handler: Handler) -> Handler:
        return on_visit(visits, partial(handler, panel))

    def chooses(handler: Handler) -> Handler:
        return on_select(visits, partial(handler, panel))

    # By default Gradio drops a photo that is chosen while the one before, or its clearing, is still in work.
    opening: dict[str, Any] = {"trigger_mode": "always_last", "api_visibility": "private"}
    opening["show_progress_on"] = panel.compare
    panel.photo.input(does(events.open_photo), panel.photo, with_photo, **opening)
    panel.pasted.upload(does(events.open_pasted), panel.pasted, with_photo, **opening)
    panel.examples.gallery.select(chooses(events.take_example), None, with_photo, **quiet)
    bind_faces(panel, visits, quiet)
    # One listener for all sliders; the newest values win, and setting the sliders from here changes nothing. From a
    # set of components, their values come by component.
    changes = [slider.change for slider in sliders.sliders]
    numbers = {*sliders.sliders, sliders.revision}
    moving = {"trigger_mode": "always_last", "concurrency_limit": MOVES_AT_ONCE}
    gr.on(changes, does(events.move), numbers, panel.result, **moving, **quiet)
    sliders.keep.input(does(events.keep), sliders.keep, [*panel.result, sliders.keep], **quiet)
    refresh = on_visit(visits, partial(slider_panel.refresh, sliders, visits.models))
    sliders.refresh.click(refresh, None, sliders.arrangement, **quiet)
    panel.undo.click(does(events.undo), None, with_photo, trigger_mode="multiple", **quiet)
    panel.redo.click(does(events.redo), None, with_photo, trigger_mode="multiple", **quiet)
    panel.reset.click(does(events.reset), None, everywhere, **quiet)
    panel.area.input(does(events.look), panel.area, panel.result, **quiet)
    panel.lock.input(does(events.lock_background), panel.lock, panel.result, **quiet)
    panel.details.expand(does(partial(events.unfold, on=True)), None, panel.changes_seen, **quiet)
    panel.details.collapse(does(partial(events.unfold, on=False)), None, panel.changes_seen, **quiet)
    panel.save.click(on_visit(visits, save), panel.saving.how, panel.saving.download, **quiet).then(
        None, None, None, js="() => document.querySelector('#download')?.click()", **quiet
    )
    bind_brush(panel, visits, quiet)
    bind_recipes(panel, visits, quiet)
    bind_tools(panel, visits, quiet)


def bind_faces(panel: EditPanel, visits: Visits, quiet: dict[str, Any]) -> None:
    """Connect the faces, and what marks one by hand."""
    part, everywhere = panel.marking, panel.everything
    panel.faces.gallery.select(on_select(visits, partial(events.choose_face, panel)), None, everywhere, **quiet)
    panel.faces.remove.click(on_visit(visits, partial(events.remove_face, panel)), None, everywhere, **quiet)
    part.whole.click(on_visit(visits, partial(events.use_whole, panel)), None, everywhere, **quiet)
    acts = (
        (panel.faces.add, marking.start_marking),
        (part.close, marking.stop_marking),
        (part.back, marking.take_back),
    )
    for button, act in acts:
        button.click(on_visit(visits, partial(act, part)), None, part.all, **quiet)
    part.picture.select(
        on_select(visits, partial(events.mark, panel)), None, everywhere, trigger_mode="multiple", **quiet
    )


def bind_brush(panel: EditPanel, visits: Visits, quiet: dict[str, Any]) -> None:
    """Connect the brush."""
    part, everywhere = panel.brush, panel.everything
    starting = on_visit(visits, partial(events.start_brushing, panel))
    in_sight = "() => document.querySelector('#stage')?.scrollIntoView({block: 'center'})"
    panel.limit.click(starting, None, everywhere, **quiet).then(None, None, None, js=in_sight, **quiet)
    painting = on_visit(visits, partial(events.paint, panel))
    part.stroke.change(painting, [part.stroke, part.size], everywhere, trigger_mode="multiple", **quiet)
    part.everywhere.click(on_visit(visits, partial(events.act_everywhere, panel)), None, everywhere, **quiet)
    part.done.click(on_visit(visits, partial(events.stop_brushing, panel)), None, everywhere, **quiet)


def bind_recipes(panel: EditPanel, visits: Visits, quiet: dict[str, Any]) -> None:
    """Connect the recipes, and their small pictures, to the sliders."""
    part, everywhere = panel.recipes, panel.everything
    part.upload.upload(on_visit(visits, partial(events.open_recipe, panel)), part.upload, everywhere, **quiet)
    saved = [part.download, panel.presets.part, panel.presets.subject]
    part.save.click(on_visit(visits, partial(events.save_recipe, panel)), part.name, saved, **quiet).success(
        None, None, None, js="() => document.querySelector('#download-recipe')?.click()", **quiet
    )
    gallery = panel.presets.gallery
    gallery.select(on_select(visits, partial(events.apply_preset, panel)), None, everywhere, **quiet)
    panel.presets.subject.change(
        on_job(visits, partial(show_presets, panel.presets)), None, gallery, trigger_mode="always_last",
        concurrency_limit=2, **quiet,
    )  # fmt: skip


def bind_tools(panel: EditPanel, visits: Visits, quiet: dict[str, Any]) -> None:
    """Connect surprises, variations and films."""
    part, everywhere = panel.tools, panel.everything
    panel.surprise.click(on_visit(visits, partial(events.surprise, panel)), None, everywhere, **quiet)
    part.vary.click(
        on_job(visits, partial(tools.vary, part)), [part.first, part.second], [part.note, part.variations], **quiet
    )
    part.variations.select(on_select(visits, partial(events.take_variation, panel)), None, everywhere, **quiet)
    for button, suffix in ((part.gif, ".gif"), (part.mp4, ".mp4")):
        film = on_job(visits, lambda visit, first, suffix=suffix: tools.film(part, visit, first, suffix))
        button.click(film, part.first, [part.note, part.download], **quiet).success(
            None, None, None, js="() => document.querySelector('#download-film')?.click()", **quiet
        )
