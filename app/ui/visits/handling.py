"""What all panels share: listeners that work on a visit, with errors that a person can read."""

from __future__ import annotations

import logging
import math
from abc import ABCMeta
from collections.abc import Callable
from typing import Any

import gradio as gr

from app.ui.visits.text import as_text
from app.ui.visits.visit import Visits
from app.ui.words import asking_language, explain, t
from errors import GlowfaceError

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
        with visit.lock:
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
    else:
        logging.getLogger("glowface").error("a handler failed", exc_info=error)
        gr.Warning(t("That did not work. Your photo and sliders are as they were."))


def warn(text: str) -> None:
    """A note on the page of an error's message; names of files and sliders in it show as they are."""
    gr.Warning(as_text(explain(asking_language(), text)))


def _variant(base: type, **members: Any) -> Any:
    """A subclass of a component, and not a changed object: Gradio makes components anew whenever it updates them.

    Made past Gradio's metaclass, which would write a file into this folder.
    """
    named = {"__module__": __name__, "is_template": True}  # the page knows it as its base
    return ABCMeta.__new__(type(base), f"Glowface{base.__name__}", (base,), named | members)


def _path_of(_: gr.Image, payload: Any) -> str | None:
    return None if payload is None else payload.path


def _within_ends(slider: gr.Slider, payload: float | None) -> float:
    return min(max(payload or 0.0, slider.minimum), slider.maximum)


_PhotoInput = _variant(gr.Image, preprocess=_path_of)
_NumberSlider = _variant(gr.Slider, preprocess=_within_ends)


def photo_input(label: str, **options: Any) -> gr.Image:
    """An upload field that hands on the file as it came; opening it, with all that may be wrong, is ours."""
    return _PhotoInput(label=label, type="filepath", **options)


def number_slider(minimum: float, maximum: float, **options: Any) -> gr.Slider:
    """A slider that takes a number typed beyond its ends for the end; Gradio would stop every slider's listener."""
    return _NumberSlider(minimum, maximum, **options)
