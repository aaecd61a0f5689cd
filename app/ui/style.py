"""Colours and sizes of the page, in light and dark.

Amber carries dark text and dark signs, never white ones. Texts keep a contrast of 4.5 to 1 to what is behind them, and
the edges of fields, tracks and focus rings 3 to 1 (WCAG 2.2, AA); a browser test measures it.
"""

from __future__ import annotations

import gradio as gr

from app.ui.editing.style import EDIT_CSS
from app.ui.parts.connection import CONNECTION_CSS
from app.ui.parts.marking_picture import MARKING_CSS
from app.ui.parts.style import TABS_CSS

THEME = gr.themes.Soft(
    primary_hue=gr.themes.colors.amber,
    secondary_hue=gr.themes.colors.orange,
    neutral_hue=gr.themes.colors.stone,
    # System fonts: the page must not ask the network for any.
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(
    body_background_fill="*neutral_50",
    body_text_color="*neutral_900",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    block_border_width="1px",
    block_border_color="*neutral_200",
    block_border_color_dark="*neutral_700",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    block_title_background_fill="transparent",
    block_title_background_fill_dark="transparent",
    block_title_padding="0",
    block_title_text_color="*body_text_color",
    block_title_text_color_dark="*body_text_color",
    block_title_text_weight="500",
    block_label_background_fill="*background_fill_primary",
    block_label_background_fill_dark="*background_fill_primary",
    block_label_text_color="*body_text_color",
    block_label_text_color_dark="*body_text_color",
    button_primary_background_fill="*primary_400",
    button_primary_background_fill_dark="*primary_400",
    button_primary_background_fill_hover="*primary_300",
    button_primary_background_fill_hover_dark="*primary_300",
    button_primary_text_color="*neutral_900",
    button_primary_text_color_dark="*neutral_900",
    button_secondary_background_fill_hover="*neutral_200",
    button_secondary_background_fill_hover_dark="*neutral_700",
    button_secondary_border_color="*neutral_300",
    button_secondary_border_color_dark="*neutral_600",
    checkbox_background_color_selected="*primary_700",
    checkbox_background_color_selected_dark="*primary_700",
    checkbox_border_color="*neutral_500",
    checkbox_border_color_dark="*neutral_400",
    checkbox_label_background_fill_selected="*primary_400",
    checkbox_label_background_fill_selected_dark="*primary_400",
    checkbox_label_text_color_selected="*neutral_900",
    checkbox_label_text_color_selected_dark="*neutral_900",
    color_accent="*primary_700",
    input_border_width="1px",
    input_border_color="*neutral_500",
    input_border_color_dark="*neutral_400",
    input_placeholder_color="*neutral_600",
    input_placeholder_color_dark="*neutral_300",
    link_text_color="*primary_800",
    link_text_color_hover="*primary_900",
    link_text_color_visited="*primary_800",
    link_text_color_dark="*primary_300",
    link_text_color_hover_dark="*primary_200",
    link_text_color_visited_dark="*primary_300",
)

CSS = """
.gradio-container { max-width: 1500px !important; margin: 0 auto !important; }
.gradio-container { --track: var(--neutral-300); --edge: var(--neutral-500); --ring: var(--primary-800); }
.dark .gradio-container, .gradio-container.dark {
    --track: var(--neutral-700); --edge: var(--neutral-400); --ring: var(--primary-300);
    --color-accent: var(--primary-400);
}
/* Scroll bars too. */
.dark { color-scheme: dark; }
/* Gradio draws the frame of a picture's buttons where there are none, as a dot. */
.icon-button-wrapper:not(:has(*)) { display: none; }
/* A gallery shows scroll bars where it scrolls. */
.gradio-container .grid-wrap { overflow-y: auto; }
#title h1 { margin: 0; font-size: 1.5rem; }
#title p { margin: .1rem 0 .4rem; color: var(--body-text-color-subdued); }
#version p { margin: 0; font-size: .8rem; color: var(--body-text-color-subdued); }
/* However narrow the page: Gradio gives a gallery's cells a least width. */
#grid .grid-container { grid-template-columns: repeat(4, minmax(0, 1fr)) !important; }
#grid .grid-container > * { min-width: 0; width: 100%; height: auto; aspect-ratio: 1; }

/* Sliders go both ways from 0: a bar filled from the left end would say something else. */
.gradio-container input[type=range]::-webkit-slider-runnable-track {
    background: var(--track); border: 1px solid var(--edge); border-radius: 9px;
}
.gradio-container input[type=range]::-moz-range-track {
    background: var(--track); border: 1px solid var(--edge); border-radius: 9px;
}
.gradio-container input[type=range]::-moz-range-progress { background: transparent; }
.gradio-container input[type=range]::-webkit-slider-thumb {
    background: var(--primary-400); box-shadow: 0 0 0 2px var(--ring); margin-top: -5px;
}
.gradio-container input[type=range]::-moz-range-thumb {
    background: var(--primary-400); box-shadow: 0 0 0 2px var(--ring);
}

/* Whatever has the keyboard shows it. */
.gradio-container :focus-visible, .gradio-container label:has(input:focus-visible) {
    outline: 3px solid var(--ring) !important; outline-offset: 2px;
}
.gradio-container button:disabled { opacity: .6; }
@media (prefers-reduced-motion: reduce) {
    .gradio-container *, .gradio-container *::before, .gradio-container *::after {
        animation-duration: .01ms !important; transition-duration: .01ms !important;
    }
}
"""
CSS += EDIT_CSS
CSS += TABS_CSS
CSS += CONNECTION_CSS
CSS += MARKING_CSS
