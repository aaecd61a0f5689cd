"""The server itself: Gradio's application behind the guard, run by uvicorn."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import webbrowser
from typing import Any, Literal, TypeAlias

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.routes import App
from starlette.routing import Mount

from app.ui import icons
from app.ui.desktop import Window
from app.ui.layout import build_page
from app.ui.scripts import head
from app.ui.server.access import Access
from app.ui.server.page_states import PageStates
from app.ui.server.request_guard import RequestGuard
from app.ui.server.response_translator import ResponseTranslator
from app.ui.style import CSS, THEME
from app.ui.visits.visit import Visits
from errors import GlowfaceError

MAX_WAITING = 256
"""Events of all clients that may wait: these take in the order of half a minute, as long as a person would wait. Of one
client far fewer may (:data:`app.ui.server.request_guard.MAX_EVENTS`)."""

MAX_PAGES = 200
"""Pages whose components Gradio remembers; each takes some hundred kilobytes."""

NETWORK = (
    "Everybody who has this link can use Glowface on this machine, and as nothing is encrypted on the way, others in "
    "the network can see photos and link. Keep the link to yourself, use it in a network that you trust, and end "
    "Glowface when you are done."
)
"""Said where the server listens in a network."""

NO_WINDOW = (
    "No window of its own can be shown here: that takes a screen, and pywebview, Chromium, Chrome or Edge. Glowface "
    "opens in your usual browser instead."
)

Shown: TypeAlias = Literal["nowhere", "browser", "window"]
"""Where the page is opened when the server has started."""

SHUTDOWN_SECONDS = 2
"""Seconds that open streams have when the server ends."""


def application(visits: Visits, access: Access) -> tuple[RequestGuard, gr.Blocks, PageStates]:
    """The ASGI application with all that guards it, the page that it serves, and what is kept of open ones.

    Mounted rather than launched by Gradio: what its ``launch`` can do besides, from public links to processes on
    further ports, is not even called.

    Args:
        visits: the visits that the page works on.
        access: which requests come in.
    """
    page = build_page(visits)
    page.queue(max_size=2 * MAX_WAITING, api_open=False)
    page.state_session_capacity = MAX_PAGES
    # Or Gradio would not check which files events may name; the guard does, but twice is safer.
    page.has_launched = True
    app = gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None, routes=icons.routes()), page, path="/",
        server_name="127.0.0.1", server_port=access.port, root_path="", footer_links=[], run_history=False,
        show_error=False, ssr_mode=False, enable_monitoring=False, mcp_server=False, pwa=False, theme=THEME, css=CSS,
        head=icons.HEAD + head(),
    )  # fmt: skip

    page.server_app = next(route.app for route in app.routes if isinstance(route, Mount) and isinstance(route.app, App))

    queue = page._queue

    def connected() -> set[str]:
        return guard.connected

    states = page.server_app.state_holder = PageStates(queue, connected)
    states.set_blocks(page)

    def waiting(client: str, tab: str) -> int:
        unread = queue.pending_messages_per_session.get(tab)
        return sum(map(states.running, visits.tabs(client))) + (unread.qsize() // 10 if unread else 0)

    def busy() -> bool:
        return len(queue) >= MAX_WAITING

    guard = RequestGuard(
        ResponseTranslator(app), visits.uploads, visits.belongs, waiting, access, visit=visits.name, busy=busy
    )
    visits.connected, visits.forget = connected, states.forget
    return guard, page, states


class _Server(uvicorn.Server):
    """A server that says where it is once it answers, and ends without waiting for pages that are open."""

    def __init__(self, config: uvicorn.Config, page: gr.Blocks, access: Access, shown: Shown) -> None:
        super().__init__(config)
        self.page, self.access, self.shown = page, access, shown
        self.window: Window | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        link = self.access.link
        print(f"Glowface is at {link} (Ctrl+C ends it)", flush=True)
        if self.access.token is not None:
            print(NETWORK, flush=True)
        if self.shown == "window":
            self.window = Window(link, closed=self._end, failed=self._no_window)
        elif self.shown == "browser":
            threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()

    def _end(self) -> None:
        self.should_exit = True

    def _no_window(self) -> None:
        print(NO_WINDOW, flush=True)
        webbrowser.open(self.access.link)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.window is not None:
            self.window.close()
        self.page.server_app.stop_event.set()  # ends the streams that open pages hold
        self.page._queue.close()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what is still under way is cut off, as meant
        await super().shutdown(sockets)


def serve(visits: Visits, listening: socket.socket, access: Access, shown: Shown) -> None:
    """Answer on a bound socket until the process is told to end, or its window is closed."""
    guard, page, states = application(visits, access)
    options: dict[str, Any] = {"log_level": "warning", "proxy_headers": False, "server_header": False, "ws": "none"}
    config = uvicorn.Config(guard, timeout_graceful_shutdown=SHUTDOWN_SECONDS, **options)
    ended = threading.Event()
    threading.Thread(target=_sweep, args=(visits, ended), daemon=True).start()

    async def answer() -> None:
        states.loop = asyncio.get_running_loop()
        await _Server(config, page, access, shown).serve([listening])

    try:
        asyncio.run(answer())
    finally:
        ended.set()


def _sweep(visits: Visits, ended: threading.Event) -> None:
    while not ended.wait(min(60.0, visits.idle_seconds / 4)):
        try:
            visits.sweep()
        except (GlowfaceError, OSError) as error:  # tried again the next time
            logging.getLogger("glowface").warning("%s", error)
