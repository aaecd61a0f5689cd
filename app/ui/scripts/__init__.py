"""What the page runs in the browser, beside Gradio's own scripts."""

from __future__ import annotations

from importlib.resources import files

SCRIPTS = (
    "streams.js",
    "uploads.js",
    "returning.js",
    "connection.js",
    "sliders.js",
    "accordions.js",
    "keys.js",
    "brush.js",
    "access.js",
)
"""In the order in which they run, before Gradio's."""


def head() -> str:
    """HTML for the page's head."""
    texts = (files(__name__).joinpath(name).read_text("utf-8") for name in SCRIPTS)
    return "".join(f"<script>{text}</script>" for text in texts)
