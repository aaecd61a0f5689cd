"""Work that takes its time beside a visit: it holds up no slider, and shows what it has as it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from app.inference.asker import on_behalf_of
from app.ui.visits.handling import tell
from app.ui.visits.visit import Visit, Visits

Job = Callable[..., Iterator[Any]]
"""A generator of a :class:`Visit` and the event's values, which yields what the page shall show. It takes the visit's
lock only where it reads or changes the visit, and never while it computes."""


def on_job(visits: Visits, job: Job) -> Callable[..., Iterator[Any]]:
    """A Gradio listener that runs ``job(visit, *values)`` for the visit of the tab that asks."""

    def listener(request: gr.Request, *values: Any) -> Iterator[Any]:
        try:
            visit: Visit = visits.of(request.session_hash)
            steps = iter(()) if visit.ended else job(visit, *values)
            while True:
                with on_behalf_of(visit.key):  # not over a yield: the next step may be another thread's
                    step = next(steps, None)
                if step is None:
                    break
                yield step
            return
        except Exception as error:
            tell(error)
        yield gr.skip()

    return listener
