"""The HTTP API: a token, limits, and requests handed on. Holds no model, and is quickly started anew."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from hmac import compare_digest
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from ray import serve
from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.cluster.editing import ApiRequest, ApiResponse, refusal
from app.cluster.inference import PAUSES
from app.request_checks import MULTIPART_OVERHEAD_BYTES
from errors import GlowfaceError
from faces import MAX_FILE_BYTES

NAME, MODEL, EDITING = "glowface", "glowface-model", "Editing"
"""The applications on the cluster, and the deployment of the second that answers."""

TOKEN = "GLOWFACE_TOKEN"
"""The environment variable with the access token."""

PHOTOS: dict[str, tuple[str, ...]] = {
    "edit": ("photo",),
    "blend": ("first", "second"),
    "sample": (),
    "read": ("photo",),
    "labels": (),
}
"""The operations, with the photos that each takes."""

OPEN = ("/health", "/ready")
"""What needs no token: what a load balancer or Kubernetes asks."""

BUSY = "The server is busy; try again in a few seconds."
ENDED = "The machines that edit photos do not answer; try again in a minute."


class TokenError(GlowfaceError):
    """The API would be open to everybody."""


class BearerTokenMiddleware:
    """An ASGI application that asks for the token and the length of what comes, before anything of it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        token = os.environ.get(TOKEN, "")
        if len(token) < 16:
            raise TokenError(f"set {TOKEN}, of at least 16 characters, on each machine: who has it may use the API.")
        self.expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refusal(scope) if scope["type"] == "http" else None
        await (refused or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if scope["path"] in OPEN:
            return None
        headers = {name.lower(): value for name, value in scope["headers"]}
        if not compare_digest(headers.get(b"authorization", b""), self.expected):
            told = f"Send the access token: the header Authorization, with Bearer and the value of {TOKEN}."
            return JSONResponse({"detail": told}, 401, headers={"WWW-Authenticate": "Bearer"})
        if b"transfer-encoding" in headers:
            return JSONResponse({"detail": "Send the length of the request (Content-Length)."}, 411)
        length = headers.get(b"content-length", b"0")
        photos = max(1, len(PHOTOS.get(scope["path"].strip("/"), ())))
        if not length.isdigit() or int(length[:20]) > photos * MAX_FILE_BYTES + MULTIPART_OVERHEAD_BYTES:
            told = f"A photo may have {MAX_FILE_BYTES // 10**6} MB; make it smaller and send it again."
            return JSONResponse({"detail": told}, 413)
        return None


def http_api() -> FastAPI:
    """The routes, made anew in each replica. What is no picture is JSON; what went wrong has ``detail``."""
    editing = serve.get_deployment_handle(EDITING, MODEL)
    api = FastAPI(title="Glowface", docs_url=None, redoc_url=None, openapi_url=None)
    api.add_middleware(BearerTokenMiddleware)

    @api.get("/health")
    async def health() -> Response:
        return PlainTextResponse("ok")

    @api.get("/ready")
    async def ready() -> Response:
        try:
            await editing.ready.remote()
        except Exception as error:
            return PlainTextResponse(f"not ready ({type(error).__name__})", 503)
        return PlainTextResponse("ready")

    for operation, photos in PHOTOS.items():
        api.add_api_route(f"/{operation}", _handler(editing, operation, photos), methods=["POST"])
    return api


def _handler(editing: DeploymentHandle, operation: str, names: tuple[str, ...]) -> Any:
    async def handle(request: Request) -> Response:
        try:
            api_request = await _parsed(request, operation, names)
        except GlowfaceError as error:
            return _response(refusal(422, str(error)))
        return _response(await _answered(editing, api_request))

    return handle


async def _parsed(request: Request, operation: str, names: tuple[str, ...]) -> ApiRequest:
    try:
        async with request.form(max_files=2, max_fields=20) as form:
            photos: dict[str, bytes] = {}
            settings: dict[str, str] = {}
            for name, value in form.items():
                if isinstance(value, UploadFile):
                    photos[name] = await value.read()
                else:
                    settings[name] = value
    except MultiPartException as error:
        raise GlowfaceError(f"the request cannot be read ({error.message}); send it again.") from error
    if set(photos) != set(names):
        raise GlowfaceError(
            f"{operation} takes {_listed(names)}, and {_listed(photos)} came; send these and no others."
        )
    return ApiRequest(operation, settings, tuple(photos[name] for name in names))


async def _answered(editing: DeploymentHandle, api_request: ApiRequest) -> ApiResponse:
    """What a replica says. An operation changes nothing, so one whose replica has died is asked of another, and then
    waits for its place however many others do."""
    taken = False
    for pause in PAUSES:
        await asyncio.sleep(pause)
        try:
            response: ApiResponse = await editing.answer.remote(api_request)
            return response
        except BackPressureError:
            if not taken:
                return refusal(503, BUSY)
        except RayActorError:
            taken = True
    return refusal(503, ENDED)


def _response(response: ApiResponse) -> Response:
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "5"} if response.status == 503 else {})
    return Response(response.content, response.status, headers, response.media_type)


def _listed(names: Collection[str]) -> str:
    return f"the files {', '.join(names)}" if names else "no files"
