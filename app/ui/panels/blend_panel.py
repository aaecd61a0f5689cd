"""The tab "Blend": two photos, and the faces between theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr

from app.portraits.view import on_screen
from app.series.animation import save_animation, there_and_back
from app.series.frames import linspace
from app.ui.panels.slider_panel import Updates
from app.ui.parts.download import Download, bind_download, build_download, fetched, hidden_file
from app.ui.parts.photo_field import PhotoField, bind_photo_field, build_photo_field, field_shown
from app.ui.visits.blending import How, Side
from app.ui.visits.handling import PREVIEW_SIDE, number_slider, on_return, on_select, on_visit, over_time, progress
from app.ui.visits.visit import Visit, Visits
from app.ui.words import say, t
from faces import Photo

STRIP = 5
"""Blends in the strip; their ratios are whole steps of the slider."""

STRIP_SIDE = 256
FILM_SIDE = 720
FRAMES = 31
"""Of an animation, one way; of these there are twenty in a second."""


@dataclass(frozen=True)
class BlendPanel:
    """The tab's components."""

    fields: tuple[PhotoField, PhotoField]
    picture: gr.Image
    ratio: gr.Slider
    apart: gr.Checkbox
    colours: gr.Slider
    strip: gr.Gallery
    frame: gr.Radio
    area: gr.Radio
    lock: gr.Checkbox
    download: Download
    film_type: gr.Dropdown
    film: gr.Button
    film_file: gr.DownloadButton
    bar: gr.HTML

    @property
    def how(self) -> list[Any]:
        """What tells how to blend, as :func:`set_how` takes it."""
        return [self.ratio, self.apart, self.colours, self.frame, self.lock, self.area]

    @property
    def everything(self) -> list[Any]:
        """All that shows what the visit has open."""
        return [*self.how, *self.shown, *(part for field in self.fields for part in field.everything)]

    @property
    def shown(self) -> list[Any]:
        """What changes with another face or another model."""
        return [self.picture, self.strip]


def build_blend_panel() -> BlendPanel:
    """Lay the tab out."""
    with gr.Row(elem_classes="labels-over"):
        with gr.Column(scale=2, min_width=300), gr.Row(elem_id="blend-photos"):
            fields = (build_photo_field("first", t("First photo")), build_photo_field("second", t("Second photo")))
        with gr.Column(scale=4, min_width=320):
            picture = gr.Image(
                label=t("Blend"), type="filepath", interactive=False, buttons=["fullscreen"], height="min(57vh, 620px)",
                elem_id="blend", elem_classes="large",
            )  # fmt: skip
            ratio = number_slider(
                0, 1, value=0.5, step=0.01, label=t("From the first face to the second"), elem_id="ratio"
            )
            gr.Markdown(t("On the way from one to the other; click one to go there."), elem_classes="hint")
            strip = gr.Gallery(
                label=t("On the way"), show_label=False, columns=STRIP, height="auto", allow_preview=False, buttons=[],
                interactive=False, object_fit="contain", fit_columns=False, elem_id="strip", elem_classes="strip",
            )  # fmt: skip
        with gr.Column(scale=2, min_width=260):
            with gr.Group():
                apart = gr.Checkbox(
                    False, label=t("Colours apart from the shape"),
                    info=t("The shape of one face with the colours of the other"), elem_id="apart",
                )  # fmt: skip
                colours = number_slider(
                    0, 1, value=0.5, step=0.01, label=t("Colours, from the first to the second"), visible=False,
                    elem_id="colours",
                )  # fmt: skip
            frame = gr.Radio(
                [(t("First photo"), 0), (t("Second photo"), 1)], value=0, label=t("What is around the face comes from"),
                elem_id="frame",
            )  # fmt: skip
            area = gr.Radio(
                [(t("Face"), True), (t("Whole photo"), False)], value=True, label=t("Show"), elem_id="blend-area"
            )
            lock = gr.Checkbox(
                True, label=t("Lock background"), info=t("What is not the person stays that photo's."),
                elem_id="lock-blend",
            )  # fmt: skip
            download = build_download("blend", t("Download"))
            with gr.Row():
                film_type = gr.Dropdown(
                    [("MP4", ".mp4"), ("GIF", ".gif")], value=".mp4", label=t("Format"), show_label=False,
                    container=False, min_width=120, elem_id="film-type",
                )  # fmt: skip
                film = gr.Button(t("Download animation"), size="md", min_width=120, elem_id="film-blend")
                film_file = hidden_file("film-blend")
            bar = gr.HTML(elem_id="blend-bar", elem_classes="bar")
    return BlendPanel(
        fields, picture, ratio, apart, colours, strip, frame, area, lock, download, film_type, film, film_file, bar
    )


def bind_blend_panel(panel: BlendPanel, visits: Visits, tab: gr.Tab) -> None:
    """Connect the tab's components to the visit."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    showing = on_visit(visits, lambda visit: {panel.strip: strip(visit)})
    events = []
    for place, field in enumerate(panel.fields):
        side = partial(_side, place)
        events += bind_photo_field(field, visits, side, lambda visit: {panel.picture: picture(visit)}, [panel.picture])
    changes: list[Any] = [panel.ratio.change, panel.colours.change]
    changes += [switch.input for switch in (panel.apart, panel.frame, panel.lock, panel.area)]
    outputs = [panel.picture, panel.colours]
    events.append(
        gr.on(
            changes, on_visit(visits, partial(set_how, panel)), panel.how, outputs, trigger_mode="always_last", **quiet
        )
    )
    for event in events:
        event.then(showing, None, panel.strip, **quiet)
    panel.strip.select(
        on_select(visits, lambda _, index: {panel.ratio: linspace(0, 1, STRIP)[min(index, STRIP - 1)]}),
        None,
        panel.ratio,
        **quiet,
    )
    bind_download(panel.download, "blend", visits, whole)
    filming = panel.film.click(
        over_time(visits, partial(film, panel), lambda: {panel.bar: ""}),
        panel.film_type,
        [panel.film_file, panel.bar],
        **quiet,
    )
    fetched(filming, "film-blend")
    on_return(visits, tab, partial(restored, panel), panel.everything)


def _side(place: int, visit: Visit) -> Side:
    return visit.blending.sides[place]


def set_how(panel: BlendPanel, visit: Visit, *values: Any) -> Any:
    """Blend as the values of :attr:`BlendPanel.how` say."""
    before, how = visit.blending.how, How(*values)
    if how == before:
        return gr.skip()
    updates: Updates = {}
    if how.apart and not before.apart:
        # To begin with, the shape of the first with the colours of the second would be a leap: they part from here.
        how = replace(how, colours=how.ratio)
        updates[panel.colours] = gr.Slider(value=how.ratio, visible=True)
    elif how.apart != before.apart:
        updates[panel.colours] = gr.Slider(visible=False)
    visit.blending.how = how
    return {panel.picture: picture(visit), **updates}


def picture(visit: Visit) -> str | None:
    """The blend on screen, once both faces are there."""
    blending = visit.blending
    if not blending.ready:
        return None
    return visit.show(on_screen(next(blending.pictures([blending.how.ratio], PREVIEW_SIDE))).pixels)


def strip(visit: Visit) -> Any:
    """The blends from one end to the other, where they have changed."""
    blending = visit.blending
    looks = blending.looks if blending.ready else None
    if looks == blending.in_strip:
        return gr.skip()
    blending.in_strip = looks
    photos = blending.pictures(linspace(0, 1, STRIP), STRIP_SIDE) if blending.ready else iter(())
    return gr.Gallery(value=visit.show_all("strip", (photo.pixels for photo in photos)), selected_index=None)


def shown(panel: BlendPanel, visit: Visit) -> Updates:
    """Updates of :attr:`BlendPanel.shown`."""
    return {panel.picture: picture(visit), panel.strip: strip(visit)}


def restored(panel: BlendPanel, visit: Visit) -> Updates:
    """All that the visit has open in this tab."""
    blending = visit.blending
    if all(side.session.photo is None for side in blending.sides):
        return {}
    blending.in_strip = None
    how, updates = blending.how, shown(panel, visit)
    values = (how.ratio, how.apart, how.colours, how.frame, how.lock_background, how.close_up)
    updates |= dict(zip(panel.how, values, strict=True))
    updates[panel.colours] = gr.Slider(value=how.colours, visible=how.apart)
    for field, side in zip(panel.fields, blending.sides, strict=True):
        updates |= {**field_shown(visit, field, side), field.photo: side.photo}
    return updates


def _missing(visit: Visit) -> bool:
    """Whether a face is missing, which is told."""
    if visit.blending.ready:
        return False
    gr.Info(say(visit.language, "Choose two photos with a face first."))
    return True


def whole(visit: Visit) -> tuple[str, Photo] | None:
    """The blend at the photo's own size, for the download."""
    if _missing(visit):
        return None
    blending = visit.blending
    return f"{blending.name}-blend", next(blending.pictures([blending.how.ratio]))


def film(panel: BlendPanel, visit: Visit, suffix: str) -> Iterator[Updates]:
    """Make an animation from one face to the other and back."""
    with visit.lock:
        missing = _missing(visit)
        photos = None if missing else visit.blending.pictures(linspace(0, 1, FRAMES), FILM_SIDE)
        name = visit.blending.name
    if photos is None:
        yield {panel.film_file: gr.DownloadButton(value=None)}  # or the click that follows would fetch the last
        return
    yield {panel.bar: progress(0, FRAMES, say(visit.language, "The animation is being made"))}
    frames = []
    for photo in photos:
        frames.append(photo.pixels)
        text = say(visit.language, "Picture {number} of {count}", number=len(frames), count=FRAMES)
        yield {panel.bar: progress(len(frames), FRAMES, text)}
    path = visit.new_folder("film") / f"{name}-blend{suffix}"
    save_animation(there_and_back(frames), path)
    yield {panel.film_file: gr.DownloadButton(value=str(path))}
