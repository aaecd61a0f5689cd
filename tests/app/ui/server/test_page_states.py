"""What is kept of an open page, and when it goes."""

from __future__ import annotations

import asyncio

import gradio as gr
from gradio.queueing import Event

from app.ui.server.page_states import RETRY_SECONDS, PageStates


def made() -> tuple[gr.Blocks, gr.Dropdown, PageStates, set[str]]:
    """A page with a choice, what is kept of it, and the tabs that hold it open."""
    with gr.Blocks() as page:
        choice = gr.Dropdown(["first"])
    page.queue()
    connected: set[str] = set()
    states = PageStates(page._queue, lambda: connected)
    states.set_blocks(page)
    return page, choice, states, connected


def test_a_page_keeps_its_own_components_and_nothing_besides() -> None:
    """What an event changed of a component holds for its page alone; no component's configuration is copied besides."""
    _, choice, states, _ = made()
    states["tab"][choice._id] = gr.Dropdown(["second"])
    assert states["tab"][choice._id].choices == [("second", "second")]
    assert states["other"][choice._id].choices == [("first", "first")]
    assert not states["tab"].config_values
    assert not states["other"].config_values


def test_what_is_kept_of_a_page_goes_when_its_last_event_is_done() -> None:
    """Not before: whoever runs it has yet to tell the page."""
    page, _, states, connected = made()
    queue = page._queue

    def kept(tab: str) -> list[bool]:
        return [tab in part for part in (states, queue.pending_messages_per_session, queue.pending_event_ids_session)]

    async def run() -> None:
        states.loop = asyncio.get_running_loop()
        for tab in ("busy", "open"):
            assert not states[tab].is_closed
            queue.pending_messages_per_session[tab] = asyncio.Queue()  # type: ignore[assignment]
            queue.pending_event_ids_session[tab] = {f"of {tab}"}
        queue.event_ids_to_events["of busy"] = Event.__new__(Event)
        connected.add("open")
        for tab in ("busy", "open"):
            await asyncio.to_thread(states.forget, tab)  # as a visit's end does
        await asyncio.sleep(0.05)
        assert kept("busy") == kept("open") == [True] * 3
        del queue.event_ids_to_events["of busy"]
        await asyncio.sleep(2 * RETRY_SECONDS)
        assert kept("busy") == [False] * 3
        assert kept("open") == [True] * 3

    asyncio.run(run())
    states.forget("open")  # after the server has ended, nothing is to be done
