"""The choice of the model: another one goes on with all that is open."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import gradio as gr

from app.models import Models
from app.ui.panels import blend_panel, slider_panel
from app.ui.panels.blend_panel import BlendPanel
from app.ui.panels.edit_events import everything
from app.ui.panels.edit_panel import EditPanel
from app.ui.panels.slider_panel import Updates
from app.ui.visits.handling import on_visit, tell
from app.ui.visits.visit import Visit, Visits
from app.ui.words import t


def build_model_choice(models: Models) -> gr.Dropdown:
    """The field; it is not shown where there is nothing to choose."""
    choices = models.choices()
    return gr.Dropdown(
        choices,
        value=str(models.first.path),
        label=t("Model"),
        interactive=True,
        filterable=False,
        visible=len(choices) > 1,
        scale=1,
        min_width=240,
        elem_id="model",
    )


def bind_model_choice(choice: gr.Dropdown, visits: Visits, edit: EditPanel, blend: BlendPanel) -> Any:
    """Connect the field to the visit, and let all tabs show what the other model makes of what is open.

    Returns:
        The event after which the other model is used.
    """

    def load(path: str) -> None:
        """Load the model, without keeping the visit waiting for it."""
        with suppress(Exception):  # told when it is used
            visits.models.editor(path)

    def use(visit: Visit, path: str) -> Any:
        before = visit.session.editor
        if path == str(before.path):  # the field says so too when it is left as it was
            return gr.skip()
        try:
            visit.use(visits.models.editor(path))
            return shown(visit)
        except Exception as error:  # all goes on with the model that there was
            visit.use(before)
            tell(error)
            return {choice: str(before.path)}

    def shown(visit: Visit) -> Updates:
        # Of the sliders also where their ends are: these updates take the place of what everything says of them.
        arrangement = slider_panel.refresh(edit.sliders, visits.models, visit)
        updates = everything(edit, visit) if visit.session.photo is not None else {}
        updates |= arrangement | slider_panel.labels_placed(edit.sliders, visit)
        return updates | blend_panel.shown(blend, visit)

    changed = [choice, *edit.everything, *edit.sliders.arrangement, *blend.shown]
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress_on": choice}
    return choice.input(load, choice, None, trigger_mode="always_last", **quiet).then(
        on_visit(visits, use), choice, list(dict.fromkeys(changed)), **quiet
    )
