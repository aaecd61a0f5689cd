"""A choice of format and a button that hands a picture to the browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from app.ui.visits.handling import on_visit
from app.ui.visits.visit import Visit, Visits
from app.ui.words import t
from faces import Photo, save_photo

FORMATS = (("PNG (exact)", ".png"), ("JPEG (small)", ".jpg"), ("WebP (exact)", ".webp"))
"""What pictures can be downloaded as, with the endings of their files."""


@dataclass(frozen=True)
class Download:
    """The row's components."""

    file_type: gr.Dropdown
    button: gr.Button
    file: gr.DownloadButton
    """It is not seen: the file is made when the button is clicked, and then fetched by a click on this."""


def build_download(name: str, label: str, *, ready: bool = True) -> Download:
    """Lay the row out; ``name`` is part of its elements' ids."""
    with gr.Row():
        file_type = format_choice(f"file-type-{name}")
        button = gr.Button(
            label, variant="primary", size="md", min_width=120, interactive=ready, elem_id=f"save-{name}"
        )
        file = hidden_file(name)
    return Download(file_type, button, file)


def format_choice(elem_id: str) -> gr.Dropdown:
    """The choice of a format."""
    return gr.Dropdown(
        [(t(text), suffix) for text, suffix in FORMATS], value=".png", label=t("Format"), show_label=False,
        container=False, min_width=120, elem_id=elem_id,
    )  # fmt: skip


def hidden_file(name: str) -> gr.DownloadButton:
    """What a file is fetched by that has just been made."""
    return gr.DownloadButton(visible="hidden", elem_id=f"download-{name}")


def fetched(event: Any, name: str) -> None:
    """After an event that has put a file into :func:`hidden_file`, let the browser fetch it."""
    event.then(
        None, None, None, js=f"() => document.querySelector('#download-{name}')?.click()", show_progress="hidden",
        api_visibility="private",
    )  # fmt: skip


def bind_download(
    row: Download, name: str, visits: Visits, picture: Callable[..., tuple[str, Photo] | None], *inputs: Component
) -> None:
    """Connect the row: ``picture(visit, *values of inputs)`` gives a name without ending and what to write, or None
    where there is nothing yet."""

    def save(visit: Visit, suffix: str, *values: Any) -> Any:
        found = picture(visit, *values)
        return gr.DownloadButton(value=None if found is None else str(written(visit, *found, suffix)))

    event = row.button.click(
        on_visit(visits, save), [row.file_type, *inputs], row.file, show_progress_on=row.button,
        api_visibility="private",
    )  # fmt: skip
    fetched(event, name)


def written(visit: Visit, name: str, photo: Photo, suffix: str) -> Path:
    """A photo in a new file of the visit."""
    path = visit.new_file(f"{name}{suffix}")
    save_photo(photo, path)
    return path
