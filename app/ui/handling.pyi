"""What all panels share: handlers on a visit, with errors that a person can read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import gradio as gr

from app.ui.visit import Visit, Visits
from attributes import DirectionsError
from faces import FaceError

P = ParamSpec("P")
PREVIEW_SIDE = 1024
"""Longest side of the pictures on screen, in pixels; downloads have the photo's own size."""

def on_visit(visits: Visits, handler: Callable[Concatenate[Visit, P], Any]) -> Callable[..., Any]:
    """A Gradio listener that calls ``handler`` with the visit of the tab that asks, one call at a time.

    A known error becomes a note on the page; the page and the user's work stay as they are.
    """

    @wraps(handler)
    def listener(request: gr.Request, *args: Any) -> Any:
        visit = visits.of(request.session_hash)
        with visit.lock:
            try:
                return handler(visit, *args)  # type: ignore[call-arg]
            except (FaceError, DirectionsError) as error:
                gr.Warning(_sentence(str(error)))
            except Exception:
                logging.getLogger("glowface").exception("a handler failed")
                gr.Warning("That did not work. Your photo and sliders are as they were; the terminal tells more.")
        return gr.skip()

    # Gradio reads the signature to find the request.
    listener.__signature__ = _signature()  # type: ignore[attr-defined]
    listener.__annotations__ = {"request": gr.Request}
    return listener

def _signature() -> Any:
    import inspect

    request = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    rest = inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)
    return inspect.Signature([request, rest])

def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]

class PhotoInput(gr.Image):
    """An upload field that hands on the file as it came; opening it, with all that may be wrong, is ours."""

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        """The uploaded file's path, or None."""
        return None if payload is None else payload.path
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component
