"""What all panels share: listeners that work on a visit, with errors that a person can read."""

from __future__ import annotations

import logging
import math
from abc import ABCMeta
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from app.inference.asker import on_behalf_of
from app.ui.visits.text import as_text
from app.ui.visits.visit import Visits
from app.ui.words import asking_language, explain, t
from errors import GlowfaceError
from errors.command_line import FULL_DISK

PREVIEW_SIDE = 1024
"""Longest side of the pictures on screen, in pixels; downloads have the photo's own size."""

Handler = Callable[..., Any]
"""A function of a :class:`Visit` and the event's values, which returns what the page shall show."""


def on_visit(visits: Visits, handler: Handler) -> Callable[..., Any]:
    """A Gradio listener that calls ``handler(visit, *values)`` for the visit of the tab that asks."""

    # Gradio recognises the request by its annotation, and passes the components' values behind it.
    def listener(request: gr.Request, *values: Any) -> Any:
        return _answer(visits, request, handler, *values)

    return listener


def on_select(visits: Visits, handler: Handler) -> Callable[..., Any]:
    """A Gradio listener that calls ``handler(visit, index)`` with what was clicked in a picture or gallery."""

    def listener(request: gr.Request, event: gr.SelectData) -> Any:
        return _answer(visits, request, handler, _checked(event.index))

    return listener


def over_time(visits: Visits, handler: Handler, at_end: Callable[[], dict[Any, Any]]) -> Callable[..., Any]:
    """A Gradio listener for work that takes long, as ``handler(visit, *values)`` does it: a generator of what the page
    shall show meanwhile. What ``at_end()`` gives is shown last, however it ends.

    The sliders of the visit go on beside it, so the handler holds the visit's lock only while it looks at what they
    change too. If the page is closed meanwhile, the generator is left after the step that it is at.
    """

    def listener(request: gr.Request, *values: Any) -> Iterator[Any]:
        try:
            visit = visits.of(request.session_hash)
            visit.language = asking_language()
            steps = handler(visit, *values)
            while True:
                with visit.working, on_behalf_of(visit.key):
                    step = None if visit.ended else next(steps, None)
                if step is None:
                    break
                yield step
        except Exception as error:
            tell(error)
        yield at_end()

    return listener


def on_return(visits: Visits, tab: gr.Tab, restored: Handler, outputs: list[Any]) -> None:
    """When ``tab`` is first opened on a page, show what ``restored(visit)`` gives.

    That is what the visit has open there already, where the page was loaded again.
    """
    fresh = gr.State(True)

    def handler(visit: Any, first: bool) -> Any:
        return {**restored(visit), fresh: False} if first else gr.skip()

    tab.select(
        on_visit(visits, handler), fresh, [fresh, *outputs], show_progress="hidden", api_visibility="private"
    )  # fmt: skip


def progress(done: int, count: int, text: str) -> str:
    """A bar that tells how much is done, in HTML, with a text beside it."""
    shown = as_text(text)
    return (
        f'<div class="working"><progress value="{done}" max="{max(count, 1)}" aria-label="{shown}"></progress>'
        f"<span>{shown}</span></div>"
    )


def _checked(index: Any) -> Any:
    """What was clicked: a place in a gallery, or a point ``[x, y]`` of a picture; -1 is no place."""
    numbers = index if isinstance(index, list) else [index]
    if not all(type(number) in (int, float) and 0 <= number < math.inf for number in numbers):
        raise gr.Error(t("That is nothing that can be clicked."), print_exception=False)
    return index


def _answer(visits: Visits, request: gr.Request, handler: Handler, *values: Any) -> Any:
    """The handler's answer, one at a time for a visit; a note on the page where it fails, and nothing changed."""
    try:
        visit = visits.of(request.session_hash)
        visit.language = asking_language()
        with visit.lock, on_behalf_of(visit.key):
            if visit.ended:  # while this waited for its turn
                return gr.skip()
            answer = handler(visit, *values)
            if visit.lost:
                visit.lost = False
                lost = t(
                    "Glowface's temporary folder was deleted while it ran, and was made anew. Your photo and sliders "
                    "are still here; pictures that no longer show come back with the next move."
                )
                gr.Warning(lost)
        return answer
    except Exception as error:
        tell(error)
    return gr.skip()


def tell(error: Exception) -> None:
    """A note on the page of what went wrong."""
    if isinstance(error, GlowfaceError):
        warn(str(error))
    elif isinstance(error, OSError) and error.errno in FULL_DISK:
        gr.Warning(t("The disk is full. Make room and try again; your photo and sliders are as they were."))
    else:
        logging.getLogger("glowface").error("a handler failed", exc_info=error)
        gr.Warning(t("That did not work. Your photo and sliders are as they were."))


def warn(text: str) -> None:
    """A note on the page of an error's message; names of files and sliders in it show as they are."""
    gr.Warning(as_text(explain(asking_language(), text)))


def _variant(base: type, **members: Any) -> Any:
    """A subclass of a component. A changed object would not do: Gradio makes components anew whenever it updates them.

    Made past Gradio's metaclass, which would write a file into this folder.
    """
    named = {"__module__": __name__, "is_template": True}  # the page knows it as its base
    return ABCMeta.__new__(type(base), f"Glowface{base.__name__}", (base,), named | members)


def _path_of(_: gr.Image, payload: Any) -> str | None:
    return None if payload is None else payload.path


def _within_ends(slider: gr.Slider, payload: float | None) -> float:
    return min(max(payload or 0.0, slider.minimum), slider.maximum)


def _paths_of(_: gr.File, payload: Any) -> list[str]:
    files = [] if payload is None else getattr(payload, "root", [payload])
    return [file.path for file in files]


def _nearest(field: gr.Number, payload: float | None) -> int | None:
    if payload is None:
        return None
    return round(min(max(payload, field.minimum or 0), field.maximum or 0))


_PhotoInput = _variant(gr.Image, preprocess=_path_of)
_NumberSlider = _variant(gr.Slider, preprocess=_within_ends)
_NumberField = _variant(gr.Number, preprocess=_nearest)
_FilesInput = _variant(gr.File, preprocess=_paths_of)


def photo_input(label: str, **options: Any) -> gr.Image:
    """An upload field that hands on the file as it came; opening it, with all that may be wrong, is ours."""
    return _PhotoInput(label=label, type="filepath", **options)


def number_slider(minimum: float, maximum: float, **options: Any) -> gr.Slider:
    """A slider that takes a number typed beyond its ends for the end; Gradio would stop every slider's listener."""
    return _NumberSlider(minimum, maximum, **options)


def number_field(minimum: int, maximum: int, **options: Any) -> gr.Number:
    """A field for a whole number that takes one beyond its ends for the end, and hands on None where it is empty."""
    return _NumberField(minimum=minimum, maximum=maximum, precision=0, **options)


def files_input(label: str, **options: Any) -> gr.File:
    """An upload field for several files, or a folder's, that hands on the paths of the files as they came."""
    return _FilesInput(label=label, type="filepath", **options)
