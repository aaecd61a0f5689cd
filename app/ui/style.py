"""Colours and sizes of the page."""

from __future__ import annotations

import gradio as gr

from app.ui.editing.style import EDIT_CSS
from app.ui.parts.style import TABS_CSS

THEME = gr.themes.Soft(
    primary_hue=gr.themes.colors.amber,
    secondary_hue=gr.themes.colors.orange,
    neutral_hue=gr.themes.colors.stone,
    # System fonts: the page must not ask the network for any.
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(
    block_title_background_fill="transparent",
    block_title_padding="0",
    block_title_text_color="*body_text_color",
    block_title_text_weight="500",
    block_label_background_fill="*background_fill_primary",
    block_label_text_color="*body_text_color",
    # Sliders go both ways from 0: a bar filled from the left end would say something else.
    slider_color="*neutral_200",
    slider_color_dark="*neutral_700",
)

CSS = """
.gradio-container { max-width: 1500px !important; margin: 0 auto !important; }
#title h1 { margin: 0; font-size: 1.5rem; }
#title p { margin: .1rem 0 .4rem; opacity: .75; }
#version p { margin: 0; font-size: .8rem; opacity: .6; }
/* However narrow the page: Gradio gives a gallery's cells a least width. */
#grid .grid-container { grid-template-columns: repeat(4, minmax(0, 1fr)) !important; }
#grid .grid-container > * { min-width: 0; width: 100%; height: auto; aspect-ratio: 1; }
"""
CSS += EDIT_CSS
CSS += TABS_CSS
