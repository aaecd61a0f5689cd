"""What makes the page an app that a browser can install: a manifest, and icons, which ``pictures/icon.py`` draws."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.ui.languages import LANGUAGES
from app.ui.languages.preferred_language import preferred_language
from app.ui.words import say

SIDES = (192, 512)
"""Sizes of the icons, in pixels; a browser asks for both."""

BACKGROUND, COLOUR = "#fafaf9", "#fbbf24"
HEAD = (
    f'<meta name="theme-color" content="{COLOUR}">'
    f'<link rel="icon" type="image/png" href="icon-{SIDES[0]}.png">'
    f'<link rel="apple-touch-icon" href="icon-{SIDES[0]}.png">'
)
"""HTML for the page's head."""


def routes() -> list[BaseRoute]:
    """What the server answers besides Gradio's page."""
    icons: list[BaseRoute] = [Route(f"/icon-{side}.png", _icon(side)) for side in SIDES]
    return [Route("/manifest.json", _manifest), Route("/favicon.ico", _icon(SIDES[0])), *icons]


def icon(side: int) -> bytes:
    """The icon as a PNG."""
    return files(__name__).joinpath(f"icon-{side}.png").read_bytes()


def _icon(side: int) -> Callable[[Request], Response]:
    def answer(_: Request) -> Response:
        return Response(icon(side), media_type="image/png")

    return answer


def _manifest(request: Request) -> Response:
    language = preferred_language(request.headers.get("accept-language"))
    manifest = {
        "id": "/",
        "name": "Glowface",
        "short_name": "Glowface",
        "description": say(language, "Edit faces in photos, privately, on this computer."),
        "lang": LANGUAGES[language],
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": BACKGROUND,
        "theme_color": COLOUR,
        "icons": [
            {"src": f"/icon-{side}.png", "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
            for side in SIDES
            for purpose in ("any", "maskable")
        ],
    }
    return JSONResponse(manifest, media_type="application/manifest+json")
