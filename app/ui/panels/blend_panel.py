"""The tab "Blend": two photos and a ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from app.portraits.view import View, on_screen
from app.ui.visits.handling import PREVIEW_SIDE, number_slider, on_visit, photo_input
from app.ui.visits.visit import Visit, Visits
from faces import save_photo


@dataclass(frozen=True)
class BlendPanel:
    """The tab's components."""

    photos: tuple[gr.Image, gr.Image]
    ratio: gr.Slider
    lock: gr.Checkbox
    picture: gr.Image
    save: gr.Button
    download: gr.DownloadButton

    @property
    def how(self) -> list[Component]:
        """What tells how to blend, as :func:`show` takes it."""
        return [self.ratio, self.lock]


def build_blend_panel() -> BlendPanel:
    """Lay the tab out."""
    with gr.Row():
        with gr.Column(scale=1, min_width=240):
            first = photo_input("First photo", sources=["upload", "clipboard"], height=230, elem_id="first")
            second = photo_input("Second photo", sources=["upload", "clipboard"], height=230, elem_id="second")
        with gr.Column(scale=2, min_width=320):
            picture = gr.Image(
                label="Blend", type="filepath", interactive=False, buttons=["fullscreen"], height=480, elem_id="blend"
            )
            ratio = number_slider(
                0, 1, value=0.5, step=0.01, label="From the first face to the second", elem_id="ratio"
            )
            lock = gr.Checkbox(
                True,
                label="Lock background",
                info="What is not the person stays the first photo's.",
                elem_id="lock-blend",
            )
            save = gr.Button("Download", variant="primary", elem_id="save-blend")
            download = gr.DownloadButton(visible="hidden", elem_id="download-blend")
    return BlendPanel((first, second), ratio, lock, picture, save, download)


def bind_blend_panel(panel: BlendPanel, visits: Visits) -> None:
    """Connect the tab's components to the visit."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    for place, photo in enumerate(panel.photos):
        photo.input(
            on_visit(visits, lambda visit, path, *how, place=place: open_photo(visit, place, path, *how)),
            [photo, *panel.how], panel.picture, trigger_mode="always_last", api_visibility="private",
        )  # fmt: skip
    changes: list[Any] = [panel.ratio.change, panel.lock.change]
    gr.on(changes, on_visit(visits, show), panel.how, panel.picture, trigger_mode="always_last", **quiet)
    panel.save.click(on_visit(visits, save), panel.how, panel.download, **quiet).then(
        None, None, None, js="() => document.querySelector('#download-blend')?.click()", **quiet
    )


def open_photo(visit: Visit, place: int, path: str | None, ratio: float, locked: bool) -> Any:
    """Open the first (0) or second (1) photo; a cleared field forgets it."""
    field = f"blend-{place}"
    if path is None:
        visit.blended[place] = None
        visit.drop_upload(field)
    else:
        with visit.upload(field, path) as file:
            visit.blended[place] = visit.session.editor.open(file)
    return show(visit, ratio, locked)


def show(visit: Visit, ratio: float, locked: bool) -> Any:
    """The blend, once both photos are there."""
    first, second = visit.blended
    if first is None or second is None:
        return None
    seen = first.seen(View.face(first.photo, first.alignment, PREVIEW_SIDE))
    return visit.show(on_screen(visit.session.editor.blend(seen, second, ratio, lock_background=locked)).pixels)


def save(visit: Visit, ratio: float, locked: bool) -> Any:
    """Write the blend at the first photo's own size and hand it to the browser."""
    first, second = visit.blended
    if first is None or second is None:
        gr.Info("Upload two photos first.")
        return gr.DownloadButton(value=None)  # or the click that follows would fetch the last blend again
    path = visit.new_file("blend.png")
    save_photo(visit.session.editor.blend(first, second, ratio, lock_background=locked), path)
    return gr.DownloadButton(value=str(path))
