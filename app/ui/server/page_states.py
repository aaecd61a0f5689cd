"""What Gradio remembers of each open page."""

from __future__ import annotations

from typing import Any

from gradio.state_holder import SessionState, StateHolder


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
    """The states of all pages, by their tabs."""

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            state = self.session_data[session_id] = PageState(self.blocks)
            state.config_values.clear()
        return super().__getitem__(session_id)

    def forget(self, tab: str) -> None:
        """Drop what is kept of a tab's page."""
        with self.lock:
            self.session_data.pop(tab, None)
            self.time_last_used.pop(tab, None)
