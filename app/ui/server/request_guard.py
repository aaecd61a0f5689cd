"""What may come in: every request passes here before Gradio sees it.

Gradio serves far more than this page needs, and to whom it serves a file it does not ask. So only the routes that the
page uses are open; each browser is known by a cookie, and gets nothing of another's: no file, no tab, no events.
A tab is what Gradio calls a session, by the name that it sends as ``session_hash``.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, MutableMapping
from itertools import islice
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.inference.batching import BUSY
from app.ui.languages.preferred_language import preferred_language
from app.ui.server.access import Access
from app.ui.server.events import PATIENCE, Refused, named_paths, parsed_event, read_event
from app.ui.server.folder import FolderError
from app.ui.server.streams import Streams, with_header
from app.ui.server.uploads import MAX_UPLOAD_FILES, UploadError, Uploads
from app.ui.words import explain

ANONYMOUS = "anonymous"
"""The client of all requests without a cookie: programs that keep none, which know their own files and tabs by
unguessable names."""

MAX_EVENTS = 40
"""Events of one client that may wait for their turn."""

MAX_EVENT_FILES = 2 * MAX_UPLOAD_FILES
"""Files that one event may name: the page's own name one, or those of a batch and of a folder."""

MAX_REQUESTS = 100
"""Requests of one client, streams counted, that may be open at once."""

API = "/gradio_api"
_OPEN = {
    "GET": re.compile(
        rf"/|/config/?|/theme\.css|/favicon\.ico|/manifest\.json|/icon-\d+\.png|/robots\.txt|/(assets|static|svelte)/.+"
        rf"|{API}/(info/?|app_id/?|theme\.css|startup-events|upload_progress|queue/data|queue/status|heartbeat/[^/]+|file=.+)"
    ),
    "POST": re.compile(rf"{API}/(upload|queue/join|cancel|reset)/?"),
}
_OPEN["HEAD"] = _OPEN["GET"]
_FIRST = ("/", "/config", "/config/")
"""What clients ask for first, and get a cookie with: a browser the page, Gradio's client its settings."""
VISIT = b"glowface-visit"
"""The header that names a tab's visit, and says whether its page holds it open (``scripts/connection.js``)."""

_NAME = re.compile(r"[\w-]{1,64}", re.ASCII)
_CLIENT = re.compile(r"[\w-]{43}", re.ASCII)

# A page may be shown in no frame, may load nothing from elsewhere and send nothing there, whatever is put into it.
# Gradio's own page needs scripts inside of it, workers and evaluated code.
_CONTENT_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' data: blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FROM_PROXIES = (b"forwarded", b"x-forwarded-")


class RequestGuard:
    """An ASGI application in front of Gradio's.

    Args:
        app: Gradio's application.
        uploads: takes the files that clients send, and knows whose they are.
        belongs: whether a tab, by its name, is a client's; one that nobody has is the asking client's from then on.
        waiting: how many events of a client wait, given the tab that sends another one.
        access: which requests come in.
        visit: the name of a tab's visit, by which a page sees that it is still there; empty where there is none.
        busy: whether so many events of all clients wait that no more are taken.
    """

    def __init__(
        self,
        app: ASGIApp,
        uploads: Uploads,
        belongs: Callable[[str, str], bool],
        waiting: Callable[[str, str], int],
        access: Access,
        *,
        visit: Callable[[str], str],
        busy: Callable[[], bool],
    ) -> None:
        self.app, self.uploads, self.belongs, self.waiting = app, uploads, belongs, waiting
        self.access, self.visit, self.busy = access, visit, busy
        self._requests: Counter[str] = Counter()
        self._connected: Counter[str] = Counter()
        self._streams = Streams()

    @property
    def connected(self) -> set[str]:
        """The tabs whose pages are open: each page holds a stream open for as long as it is there."""
        return set(list(self._connected))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # a WebSocket is of no use here: unanswered, it is closed
        headers = Headers(scope=scope)
        client = self._client(headers)
        known = client is not None
        client = client or (token_urlsafe(32) if scope["path"] in _FIRST else ANONYMOUS)
        plain = self._with_headers(send, scope["path"], None)
        counted = client if known else ANONYMOUS  # those who come for the first time count together
        self._requests[counted] += 1
        try:
            self.access.check(scope, headers)
            entered = self.access.entry(scope, headers)
            if self._requests[counted] > MAX_REQUESTS:
                raise Refused(429, "Too many requests are open at once; close some tabs.")
            if entered is not None:
                await entered(scope, receive, plain)
                return
            new = None if known or client == ANONYMOUS else client
            await self._let_in(scope, receive, self._with_headers(send, scope["path"], new), client)
        except Refused as refusal:
            text = explain(preferred_language(headers.get("accept-language")), refusal)
            await _answer(scope["path"], refusal.status, text)(scope, receive, plain)
        except ClientDisconnect:
            pass
        finally:
            _less(self._requests, counted)

    def _client(self, headers: Headers) -> str | None:
        """The client that a request's cookie names."""
        name = self.access.value(headers, self.access.cookie)
        return name if name is not None and _CLIENT.fullmatch(name) else None

    async def _let_in(self, scope: Scope, receive: Receive, send: Send, client: str) -> None:
        method, path = scope["method"], scope["path"]
        if method not in _OPEN or not _OPEN[method].fullmatch(path):
            raise Refused(404, "There is nothing here.")
        # Gradio would take the page's address from them.
        headers = [header for header in scope["headers"] if not header[0].lower().startswith(_FROM_PROXIES)]
        scope = {**scope, "headers": headers}
        if path.startswith(f"{API}/upload") and method == "POST":
            await self._upload(scope, receive, send, client)
            return
        try:
            query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20)
        except ValueError as error:
            raise Refused(400, "The address asks for too much; load the page again.") from error
        if path in _FIRST:
            # Gradio also knows pages, and links to states that were saved; there are none here.
            theme = query.get("__theme", [""])[0]
            scope["query_string"] = f"__theme={theme}".encode() if theme in ("light", "dark") else b""
        send = self._telling(path, query, send, client)
        for name in query.get("upload_id", []):
            if not _NAME.fullmatch(name):
                raise Refused(400, "The upload's name is none; load the page again.")
        if path.startswith(f"{API}/heartbeat/"):
            tab = path.removeprefix(f"{API}/heartbeat/")
            self._checked_tab(tab, client)
            self._connected[tab] += 1
            try:
                await self.app(scope, receive, send)
            finally:
                _less(self._connected, tab)
            return
        if path.startswith(f"{API}/file="):
            try:
                self.uploads.folder.readable(path.removeprefix(f"{API}/file="), client)
            except FolderError as error:
                raise Refused(403, str(error)) from error
        elif method == "POST":
            receive, tab = await self._checked_event(path, receive, client)
            send = self._streams.told(send, tab)
        await self.app(scope, receive, send)

    def _telling(self, path: str, query: dict[str, list[str]], send: Send, client: str) -> Send:
        """Send with what scripts of the page ask: how many streams have ended, and whether the visit is as it was."""
        if path.startswith(f"{API}/queue/data"):
            return self._streams.watched(send, self._checked_tab(query.get("session_hash", [""])[-1], client))
        if path == f"{API}/app_id" and "session_hash" in query:
            tab = self._checked_tab(query["session_hash"][-1], client)
            return with_header(send, VISIT, lambda: self.visit(tab) + (" held" if tab in self._connected else ""))
        return send

    def _checked_tab(self, tab: object, client: str) -> str:
        if not isinstance(tab, str) or not _NAME.fullmatch(tab):
            raise Refused(400, "The session's name is none; load the page again.")
        if not self.belongs(tab, client):
            raise Refused(403, "This session is another browser's; load the page again.")
        return tab

    async def _checked_event(self, path: str, receive: Receive, client: str) -> tuple[Receive, str]:
        """Read an event whole, see to it that it names nothing of others, and hand it on, with its tab."""
        body = await read_event(receive)
        event, tab = parsed_event(body), ""
        if "session_hash" in event or path.startswith(f"{API}/queue/join"):
            tab = self._checked_tab(event.get("session_hash"), client)
        if path.startswith(f"{API}/queue/join") and self.waiting(client, tab) >= MAX_EVENTS:
            raise Refused(429, "Too much at once; wait a moment.")
        if path.startswith(f"{API}/queue/join") and self.busy():
            raise Refused(429, BUSY)  # with 503, Gradio's page would say it in its own words, in English
        # What an event tells of itself names files too, but nobody looks at these: only at values.
        named = list(islice(named_paths(event.get("data")), MAX_EVENT_FILES + 1))
        if len(named) > MAX_EVENT_FILES:
            raise Refused(413, f"The event names more than {MAX_EVENT_FILES} files; choose fewer.")
        for file in named:
            try:
                self.uploads.folder.readable(file, client)
            except FolderError as error:
                # Here already: Gradio would fetch an address, and copy a file, before the page is asked.
                raise Refused(422, str(error)) from error
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def again() -> Message:
            message = next(messages, None)
            return await receive() if message is None else message

        return again, tab

    async def _upload(self, scope: Scope, receive: Receive, send: Send, client: str) -> None:
        async def impatient() -> Message:
            try:
                return await asyncio.wait_for(receive(), PATIENCE)
            except TimeoutError as error:
                raise UploadError("the upload stood still for too long; choose the file again.", 408) from error

        request = Request(scope, impatient)
        upload_id = request.query_params.get("upload_id")
        if upload_id is not None and not _NAME.fullmatch(upload_id):
            raise Refused(400, "The upload's name is none; load the page again.")
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise Refused(400, "An upload is multipart/form-data.")
        response: Response
        try:
            response = JSONResponse(await self.uploads.receive(request, client, upload_id))
        except UploadError as error:
            raise Refused(error.status, str(error)) from error
        except FolderError as error:
            raise Refused(507, str(error)) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Refused(507, f"The file cannot be kept ({reason}); make room and choose it again.") from error
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            # What the parser stumbles over in requests that no browser sends.
            raise Refused(400, "The upload cannot be read; send it again.") from error
        await response(scope, impatient, send)

    def _with_headers(self, send: Send, path: str, new_client: str | None) -> Send:
        """Send with the headers that keep the page, and what it shows, to itself."""
        extra = dict(_HEADERS)
        if path.startswith(f"{API}/file=") or path == "/":
            extra["Cache-Control"] = "no-store"  # no picture may stay in the browser's cache
        if new_client is not None:
            extra["Set-Cookie"] = f"{self.access.cookie}={new_client}; Path=/; HttpOnly; SameSite=Lax"
        names = {name.lower().encode() for name in extra}
        added = [(name.lower().encode(), value.encode()) for name, value in extra.items()]

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                kept = [header for header in message.get("headers", ()) if header[0].lower() not in names]
                message = {**message, "headers": [*kept, *added]}
            await send(message)

        return sending


def _less(counts: Counter[str], name: str) -> None:
    counts[name] -= 1
    if not counts[name]:
        del counts[name]


def _answer(path: str, status: int, text: str) -> Response:
    if path == "/" or path.startswith(f"{API}/upload"):  # these are shown to a person as they are
        return PlainTextResponse(text, status)
    return JSONResponse({"detail": text}, status)
