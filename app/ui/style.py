"""Colours and sizes of the page."""

from __future__ import annotations

import gradio as gr

THEME = gr.themes.Soft(
    primary_hue=gr.themes.colors.amber,
    secondary_hue=gr.themes.colors.orange,
    neutral_hue=gr.themes.colors.stone,
    # System fonts: the page must not ask the network for any.
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
)

CSS = """
.gradio-container { max-width: 1400px !important; margin: 0 auto !important; }
#title h1 { margin: 0; font-size: 1.5rem; }
#title p { margin: .1rem 0 .4rem; opacity: .75; }
#sliders { max-height: 76vh; overflow-y: auto; }
#status { min-height: 1.6rem; font-size: .92rem; opacity: .85; }
@media (max-width: 900px) { #sliders { max-height: none; } }
"""
