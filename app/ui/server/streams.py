"""How many streams of events have ended, tab by tab: see ``app/ui/scripts/streams.js`` for why."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.types import Send

HEADER = b"glowface-streams-ended"

MAX_TABS = 10_000
"""Tabs whose streams are counted; those of the others begin at 0 again, and are not waited for."""

_LAST = b'"close_stream"'


class Streams:
    """Counts the ends, and tells them with the answers to events."""

    def __init__(self) -> None:
        self._ended: OrderedDict[str, int] = OrderedDict()

    def watched(self, send: Send, tab: str) -> Send:
        """Send a stream of a tab, and count its end: where Gradio has decided on it, nothing more comes."""
        over = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal over
            if message["type"] == "http.response.body" and not over:
                over = _LAST in message.get("body", b"") or not message.get("more_body", False)
                if over:
                    self._ended[tab] = self._ended.pop(tab, 0) + 1
                    if len(self._ended) > MAX_TABS:
                        self._ended.popitem(last=False)
            await send(message)

        return sending

    def told(self, send: Send, tab: str) -> Send:
        """Send the answer to an event with the number of the tab's streams that have ended by then."""
        return with_header(send, HEADER, lambda: str(self._ended.get(tab, 0)))


def with_header(send: Send, name: bytes, value: Callable[[], str]) -> Send:
    """Send an answer with a header more, whose value is asked for when the answer begins."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (name, value().encode())]}
        await send(message)

    return sending
