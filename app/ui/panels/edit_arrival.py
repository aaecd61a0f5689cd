"""What a page shows when it is opened: where it was loaded again, the work that it had."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from app.ui.editing.examples import show_examples
from app.ui.editing.jobs import on_job
from app.ui.panels import slider_panel
from app.ui.panels.edit_events import everything, photo_now
from app.ui.panels.edit_panel import AREAS, EditPanel
from app.ui.visits.handling import tell
from app.ui.visits.visit import Visit, Visits
from app.ui.words import asking_language, say

GONE = "What was open here before is gone: Glowface was started anew, or the page was away for too long."

TAKE_KEY = "() => [window.glowface.takeKey()]"
KEEP_KEY = "(key) => { window.glowface.keepKey(key); }"


def bind_arrival(page: gr.Blocks, visits: Visits, edit: EditPanel, choice: gr.Dropdown) -> None:
    """Connect the page's loading to the visit: see ``app/ui/scripts/returning.js``."""
    key = gr.Textbox(visible="hidden", elem_id="visit-key", label="", show_label=False)
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    changed = [key, choice, edit.photo, edit.area, *edit.everything, *edit.sliders.arrangement]

    def arrive(request: gr.Request, former: str | None) -> Any:
        try:
            visit = visits.resume(request.session_hash, former)
            if former and visit.key != former:
                gr.Info(say(asking_language(), GONE))
            with visit.lock:
                return {key: visit.key, **shown(visit, edit, choice, visits)}
        except Exception as error:
            tell(error)
        return gr.skip()

    arrived = page.load(arrive, key, list(dict.fromkeys(changed)), js=TAKE_KEY, **quiet)
    arrived.then(None, key, None, js=KEEP_KEY, **quiet).then(
        on_job(visits, partial(show_examples, edit.examples)), None, edit.examples.gallery, **quiet
    )


def shown(visit: Visit, edit: EditPanel, choice: gr.Dropdown, visits: Visits) -> dict[Any, Any]:
    """All that a visit has open, and the sliders that were made meanwhile."""
    visit.marks, visit.marking, visit.brushing, visit.details = [], False, False, False
    arrangement = slider_panel.refresh(edit.sliders, visits.models, visit)
    updates: dict[Any, Any] = {edit.area: AREAS[0] if visit.close_up else AREAS[1]}
    updates[edit.sliders.revision] = visit.revision
    session = visit.session
    session.history.end_drag()
    if session.photo is not None or session.history.can_undo or session.edits.values:
        updates |= {edit.photo: photo_now(visit), **everything(edit, visit)}
        updates |= slider_panel.labels_placed(edit.sliders, visit)
        updates[choice] = str(session.editor.path)
    return updates | arrangement
