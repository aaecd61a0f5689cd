"""The page, and what becomes of its events, in the language that a browser asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, MutableMapping
from functools import lru_cache
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.ui.languages.preferred_language import preferred_language
from app.ui.words import localised, marked, page_in

API = "/gradio_api"
_EVENT = "data: "


class ResponseTranslator:
    """An ASGI application between the guard and Gradio's, which puts texts where :func:`app.ui.words.t` left marks."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"].rstrip("/")
            language = preferred_language(Headers(scope=scope).get("accept-language"))
            if path in ("", "/config", f"{API}/info"):
                # What is packed cannot be read here, and need not be on its way to this machine.
                headers = [header for header in scope["headers"] if header[0].lower() != b"accept-encoding"]
                scope = {**scope, "headers": headers}
                send = _whole(send, lambda text: (page_in if path == "" else _config_in)(language, text))
            elif path == f"{API}/queue/data":
                send = _by_event(send, language)
        await self.app(scope, receive, send)


def _json_in(language: str, text: str) -> str:
    return json.dumps(localised(language, json.loads(text)), ensure_ascii=False) if marked(text) else text


_config_in = lru_cache(maxsize=8)(_json_in)  # the page's own, the same for all who come; events are not kept


def _whole(send: Send, change: Callable[[str], str]) -> Send:
    """Send an answer that is changed when it is there as a whole."""
    body = bytearray()
    start: MutableMapping[str, Any] = {}

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body", False):
            return
        changed = change(body.decode()).encode() if start["status"] == 200 and body else bytes(body)
        kept = [header for header in start["headers"] if header[0].lower() != b"content-length" or not body]
        length = [(b"content-length", str(len(changed)).encode())] if body else []
        await send({**start, "headers": [*kept, *length]})
        await send({**message, "body": changed})

    return sending


def _by_event(send: Send, language: str) -> Send:
    """Send a stream of events, each of which comes in one piece."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        text = message.get("body", b"").decode()
        if marked(text):
            events = (
                _EVENT + _json_in(language, event.removeprefix(_EVENT)) if event.startswith(_EVENT) else event
                for event in text.split("\n\n")
            )
            message = {**message, "body": "\n\n".join(events).encode()}
        await send(message)

    return sending
