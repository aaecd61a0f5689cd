"""What Gradio remembers of each open page, and when that goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gradio.queueing import Queue
from gradio.state_holder import SessionState, StateHolder

RETRY_SECONDS = 1.0
"""Between two looks at whether the last event of a page that has gone is done."""


class PageState(SessionState):
    """A page's components, without the copy of their configurations that Gradio keeps besides.

    It is for links to a state of the page, of which this app has none, and most of what Gradio keeps of a page.
    """

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


class PageStates(StateHolder):
    """The states of all pages, by their tabs.

    Args:
        queue: Gradio's, of events.
        connected: tells which tabs' pages are open.
    """

    def __init__(self, queue: Queue, connected: Callable[[], set[str]]) -> None:
        super().__init__()
        self._queue, self._connected = queue, connected
        self.loop: asyncio.AbstractEventLoop | None = None
        """The server's, once it runs."""

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            state = self.session_data[session_id] = PageState(self.blocks)
            state.config_values.clear()
        return super().__getitem__(session_id)

    def running(self, tab: str) -> int:
        """How many events of a tab wait or run."""
        # One that ran while its page went away stays in the first for ever, but not in the second.
        numbers = list(self._queue.pending_event_ids_session.get(tab, ()))
        return sum(number in self._queue.event_ids_to_events for number in numbers)

    def forget(self, tab: str) -> None:
        """Drop what is kept of a tab's page, once nothing of it runs and unless it is back; from any thread."""
        if self.loop is not None:
            with suppress(RuntimeError):  # the server has ended
                self.loop.call_soon_threadsafe(self._forget, self.loop, tab)

    def _forget(self, loop: asyncio.AbstractEventLoop, tab: str) -> None:
        # In the loop, where Gradio takes events in: between its steps, none finds half of what it needs.
        if tab in self._connected():
            return
        if self.running(tab):  # it has yet to tell that it is done
            loop.call_later(RETRY_SECONDS, self._forget, loop, tab)
            return
        with self.lock:
            self.session_data.pop(tab, None)
            self.time_last_used.pop(tab, None)
        # Else Gradio keeps both of all pages that ever were; small as they are, they hold Python's memory in pieces.
        self._queue.pending_messages_per_session.pop(tab, None)
        self._queue.pending_event_ids_session.pop(tab, None)
