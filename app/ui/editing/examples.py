"""Faces of the model's own to begin with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.editor import Editor
from app.portraits.portrait import Portrait
from app.ui.visits.visit import Visit
from app.ui.words import t

SEEDS = (0, 19, 8)
TEMPERATURE = 0.6

_drawn: dict[str, tuple[Portrait, ...]] = {}  # by the hash of the model, for all who ask
_drawing = threading.Lock()


@dataclass(frozen=True)
class Examples:
    """The components."""

    part: gr.Column
    gallery: gr.Gallery


def build_examples() -> Examples:
    """Lay them out."""
    with gr.Column(elem_id="examples-part", min_width=0) as part:
        gr.Markdown(t("Or begin with a face that the model has drawn:"), elem_classes="heading")
        gallery = gr.Gallery(
            label=t("Faces to begin with"), show_label=False, columns=3, height="auto", allow_preview=False, buttons=[],
            interactive=False, elem_id="examples",
        )  # fmt: skip
    return Examples(part, gallery)


def examples(editor: Editor) -> tuple[Portrait, ...]:
    """The faces, the same for all; drawn when they are first asked for."""
    with _drawing:
        if editor.checkpoint.hash not in _drawn:
            _drawn[editor.checkpoint.hash] = tuple(editor.sample(1, TEMPERATURE, seed)[0] for seed in SEEDS)
        return _drawn[editor.checkpoint.hash]


def show_examples(panel: Examples, visit: Visit) -> Iterator[Any]:
    """Draw them, for a page that has just been opened."""
    faces = examples(visit.session.editor)
    with visit.lock:
        if not visit.ended:
            visit.examples = faces
            yield {panel.gallery: visit.show_all("examples", (face.photo.pixels for face in faces))}
