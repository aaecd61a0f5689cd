"""A connection that drops, and a server that is started anew."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, Request, expect

from tests.app.ui.browsing import WAIT, slide, status, upload
from tests.app.ui.cable import Cable
from tests.app.ui.serving import free_port, serving, until

GONE = "What was open here before is gone"
REMEMBER = f"""new MutationObserver(() => {{
    if (document.body?.textContent.includes("{GONE}")) localStorage.setItem("told", "yes");
}}).observe(document, {{ subtree: true, childList: true }});"""
"""A note fades, and Gradio's page may load itself again before it does: what was told once is remembered."""


def told(page: Page) -> bool:
    """Whether the page has said so, here or before it was loaded again."""
    with suppress(Error):  # it is being loaded
        return bool(page.evaluate("localStorage.getItem('told')"))
    return False


def load_after_an_error(page: Page, address: str) -> None:
    """As a person does where Gradio's page has loaded itself again while there was no server."""
    if page.url.startswith("chrome-error"):
        with suppress(Error):
            page.goto(address)


@pytest.mark.slow
def test_a_drop_costs_nothing_and_a_server_started_anew_is_told(
    browser: Browser, tmp_path: Path, astronaut_file: Path
) -> None:
    port = free_port()
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    context.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    context.add_init_script(REMEMBER)
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
        until(lambda: page.wait_for_timeout(100) or not streams)  # with one of these, Gradio's page loads itself again
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
        until(
            lambda: (
                page.wait_for_timeout(100)
                or load_after_an_error(page, cable.address)
                or gone.is_visible()
                or told(page)
            )
        )
        if not told(page):  # else Gradio's own page has loaded itself again
            page.click("#load-anew")
            until(lambda: page.wait_for_timeout(100) or told(page))
        expect(lost).to_be_hidden()
        expect(gone).to_be_hidden()
        upload(page, astronaut_file)
        slide(page, "Smiling", 0.5)
        status(page, "Smiling +0.5")
    context.close()
