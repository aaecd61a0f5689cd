"""A connection that drops, and a server that is started anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.app.ui.browsing import WAIT, slide, status, upload
from tests.app.ui.cable import Cable
from tests.app.ui.serving import free_port, serving, until


@pytest.mark.slow
def test_a_drop_costs_nothing_and_a_server_started_anew_is_told(
    browser: Browser, tmp_path: Path, astronaut_file: Path
) -> None:
    port = free_port()
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    context.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    page = context.new_page()
    lost, gone = page.locator("#connection-lost"), page.locator("#visit-gone")
    streams: set[Request] = set()
    page.on("request", lambda each: streams.add(each) if "/queue/data" in each.url else None)

    def ended(request: Request) -> None:
        streams.discard(request)

    page.on("requestfinished", ended)
    page.on("requestfailed", ended)
    with serving(tmp_path, port=port) as server:
        cable = Cable(server.address)
        page.goto(cable.address)
        upload(page, astronaut_file)
        slide(page, "Smiling", 0.5)
        status(page, "Smiling +0.5")
        page.wait_for_function("document.querySelectorAll('#presets img').length >= 6")
        until(lambda: page.wait_for_timeout(100) or not streams)  # with one of these Gradio's page loads itself again
        expect(lost).to_be_hidden()
        cable.cut()
        expect(lost).to_be_visible()
        cable.mend()
        expect(lost).to_be_hidden()
        slide(page, "Smiling", 1)  # the very page, not one that was loaded again: its sliders still go to its visit
        status(page, "Smiling +1")
        page.click("#undo")
        status(page, "Smiling +0.5")
        server.process.kill()
        expect(lost).to_be_visible()
    with serving(tmp_path, port=port):
        page.set_viewport_size({"width": 390, "height": 844})
        told = page.get_by_text("What was open here before is gone")
        until(lambda: page.wait_for_timeout(100) or gone.is_visible() or told.is_visible())
        if gone.is_visible():  # else Gradio's own page has loaded itself again
            page.click("#load-anew")
        expect(told).to_be_visible()
        expect(lost).to_be_hidden()
        expect(gone).to_be_hidden()
        upload(page, astronaut_file)
        slide(page, "Smiling", 0.5)
        status(page, "Smiling +0.5")
    context.close()
