"""The body of an event that a page sends: read whole, within limits, and the files that it names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterator
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Receive

MAX_EVENT_BYTES = 1024**2
"""Bytes of the largest event that a page may send; pictures come as uploads."""

PATIENCE = 60.0
"""Seconds that a client may let an upload, or an event, stand still."""


class Refused(Exception):  # noqa: N818 (no error of ours: an answer)
    """A request that gets no other answer than this."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


async def read_event(receive: Receive) -> bytes:
    """The bytes of an event, whole.

    Raises:
        Refused: it is too large, or does not come to its end.
        ClientDisconnect: the client has gone.
    """
    body = bytearray()
    while True:
        try:
            message = await asyncio.wait_for(receive(), PATIENCE)
        except TimeoutError as error:
            raise Refused(408, "The event stood still for too long; load the page again.") from error
        if message["type"] != "http.request":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MAX_EVENT_BYTES:
            raise Refused(413, f"The event is larger than {MAX_EVENT_BYTES // 1024**2} MB; upload pictures instead.")
        if not message.get("more_body", False):
            return bytes(body)


def parsed_event(body: bytes) -> dict[str, Any]:
    """What the bytes of an event say.

    Raises:
        Refused: nothing of the kind.
    """
    try:
        event = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The event is not JSON; load the page again.") from error
    if not isinstance(event, dict):
        raise Refused(400, "The event is none; load the page again.")
    return event


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON's")


def named_paths(event: Any) -> Iterator[Any]:
    """The path of everything in an event that Gradio, or a component, could take for a file."""
    waiting: list[Any] = [event]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get("path") is not None:
                yield value["path"]
            waiting.extend(value.values())
        elif isinstance(value, Collection) and not isinstance(value, str):
            waiting.extend(value)
