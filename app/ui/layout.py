"""The page: a title, the choice of the model, and the tabs."""

from __future__ import annotations

import gradio as gr

from app.ui.api.endpoints import build_api
from app.ui.model_choice import bind_model_choice, build_model_choice
from app.ui.panels.about_panel import bind_about_panel, build_about_panel
from app.ui.panels.batch_panel import bind_batch_panel, build_batch_panel
from app.ui.panels.blend_panel import bind_blend_panel, build_blend_panel
from app.ui.panels.edit_arrival import bind_arrival
from app.ui.panels.edit_binding import bind_edit_panel
from app.ui.panels.edit_panel import build_edit_panel
from app.ui.panels.random_panel import bind_random_panel, build_random_panel
from app.ui.parts.connection import build_connection_notes, build_note_titles
from app.ui.visits.visit import Visits
from app.ui.words import t
from glowface import __version__


def build_page(visits: Visits) -> gr.Blocks:
    """The whole page, connected to ``visits``."""
    with gr.Blocks(title="Glowface", analytics_enabled=False) as page:
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                gr.Markdown(
                    t(
                        "# Glowface\nFaces edited by an exact, invertible model, in your own photo. "
                        "Nothing leaves this machine."
                    ),
                    elem_id="title",
                )
            choice = build_model_choice(visits.models)
        with gr.Tabs(selected="edit") as tabs:
            with gr.Tab(t("Edit"), id="edit"):
                edit = build_edit_panel(visits.models.first)
            with gr.Tab(t("Blend"), id="blend") as blend_tab:
                blend = build_blend_panel()
            with gr.Tab(t("Random"), id="random") as random_tab:
                random = build_random_panel()
            with gr.Tab(t("Batch"), id="batch") as batch_tab:
                batch = build_batch_panel()
            with gr.Tab(t("About"), id="about") as about_tab:
                about = build_about_panel()
        gr.Markdown(f"Glowface {__version__}", elem_id="version")
        build_connection_notes()
        build_note_titles()
        bind_edit_panel(edit, visits)
        bind_blend_panel(blend, visits, blend_tab)
        bind_random_panel(random, visits, edit, blend, tabs=tabs, tab=random_tab)
        bind_batch_panel(batch, visits, batch_tab)
        chosen = bind_model_choice(choice, visits, edit, blend)
        bind_about_panel(about, visits, about_tab, chosen)

        bind_arrival(page, visits, edit, choice)

        def leave(request: gr.Request) -> None:
            visits.schedule_end(request.session_hash)

        page.unload(leave)
        build_api(visits)
    return page
