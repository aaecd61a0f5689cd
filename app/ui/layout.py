"""The page: a title, the choice of the model, and the three tabs."""

from __future__ import annotations

from functools import partial

import gradio as gr

from app.ui.model_choice import bind_model_choice, build_model_choice
from app.ui.panels.blend_panel import bind_blend_panel, build_blend_panel
from app.ui.panels.edit_events import bind_edit_panel
from app.ui.panels.edit_panel import build_edit_panel
from app.ui.panels.random_panel import bind_random_panel, build_random_panel
from app.ui.panels.slider_panel import refresh
from app.ui.visits.handling import on_visit
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
            with gr.Tab(t("Blend"), id="blend"):
                blend = build_blend_panel()
            with gr.Tab(t("Random"), id="random"):
                random = build_random_panel()
        gr.Markdown(f"Glowface {__version__}", elem_id="version")
        bind_edit_panel(edit, visits)
        bind_blend_panel(blend, visits)
        bind_random_panel(random, visits, edit, tabs)
        bind_model_choice(choice, visits, edit, blend)

        # A page that is loaded again shows the sliders that were made meanwhile.
        page.load(
            on_visit(visits, partial(refresh, edit.sliders, visits.models)), None, edit.sliders.arrangement,
            show_progress="hidden", api_visibility="private",
        )  # fmt: skip

        def leave(request: gr.Request) -> None:
            visits.end(request.session_hash)

        page.unload(leave)
    return page
