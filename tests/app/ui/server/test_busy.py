"""A server that has more to do than people would wait for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from starlette.responses import PlainTextResponse

from app.ui.server.access import Access
from app.ui.server.folder import ServerFolder
from app.ui.server.request_guard import RequestGuard
from app.ui.server.uploads import Uploads


def test_an_event_that_would_wait_too_long_is_refused_in_the_readers_language(tmp_path: Path) -> None:
    folder = ServerFolder(tmp_path / "server")
    busy = [True]
    guard = RequestGuard(
        PlainTextResponse("taken"), Uploads(folder, 60.0), lambda *_: True, lambda *_: 0, Access(7860),
        visit=lambda _: "name", busy=lambda: busy[0],
    )  # fmt: skip

    async def join(language: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7860") as client:
            event = {"session_hash": "a", "data": []}
            return await client.post("/gradio_api/queue/join", json=event, headers={"Accept-Language": language})

    for language, part in (
        ("en", "The server is busy; try again in a moment."),
        ("ko", "서버가 바쁩니다"),
        ("zh", "繁忙"),
    ):
        refused = asyncio.run(join(language))
        assert refused.status_code == 429
        assert part in refused.json()["detail"]
    busy[0] = False
    taken = asyncio.run(join("en"))
    assert taken.text == "taken"
    folder.close()
