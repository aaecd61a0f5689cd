"""The web app in a real browser, as a person uses it."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Without these, Chromium calls home, and a machine without a network makes it wait.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT = 60_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's temporary folder."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def address(temporary: Path) -> Iterator[str]:
    """A server of its own process, as ``python -m app`` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "app", "--no-browser", "--port", str(port), "--device", "cpu"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"TMPDIR": str(temporary)})
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            assert process.poll() is None, "the server ended"
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)
    assert not list(temporary.iterdir()), "a server that was told to end left files behind"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(WAIT)
    outside: list[str] = []
    page.on("request", lambda r: outside.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
    page.goto(address)
    page.wait_for_selector("#photo input[type=file]", state="attached")
    yield page
    page.close()
    assert not outside, "the page asked another machine for something"


def upload(page: Page, photo: Path) -> None:
    page.set_input_files("#photo input[type=file]", str(photo))
    page.wait_for_function("document.querySelectorAll('#compare img').length >= 2")


def picture(page: Page, selector: str = "#compare img", index: int = 0) -> np.ndarray:
    """What the browser shows, pixel by pixel."""
    source = page.locator(selector).nth(index).get_attribute("src")
    assert source is not None
    return np.asarray(Image.open(io.BytesIO(page.request.get(source).body())).convert("RGB"))


def status(page: Page, text: str) -> None:
    page.wait_for_selector(f"#status:has-text('{text}')")


def slide(page: Page, name: str, value: float) -> None:
    field = page.locator(f"#slider-{name} input[type=number]")
    field.fill(str(value))
    field.press("Enter")


def test_a_slider_changes_the_photo_and_0_brings_it_back(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    status(page, "bit for bit")
    first = [picture(page, index=i) for i in (0, 1)]
    assert np.array_equal(first[0], first[1])
    slide(page, "Smiling", 1)
    status(page, "Smiling +1")
    moved = [picture(page, index=i) for i in (0, 1)]
    assert not np.array_equal(moved[0], moved[1])
    assert any(np.array_equal(shown, first[0]) for shown in moved), "the picture before must stay as it was"
    slide(page, "Smiling", 0)
    status(page, "bit for bit")
    for i in (0, 1):
        assert np.array_equal(picture(page, index=i), first[0])


def test_undo_redo_and_reset_move_the_sliders_too(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    slide(page, "Smiling", 1)
    status(page, "Smiling +1")
    slide(page, "Blond_Hair", 0.5)
    status(page, "Blond hair +0.5")
    page.click("#undo")
    page.wait_for_function("document.querySelector('#slider-Blond_Hair input[type=number]').value === '0'")
    assert "Blond" not in page.inner_text("#status")
    page.click("#redo")
    status(page, "Blond hair +0.5, Smiling +1")
    page.click("#reset")
    status(page, "bit for bit")
    assert page.input_value("#slider-Smiling input[type=number]") == "0"


def test_the_download_has_the_photos_own_size_and_exact_pixels(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    status(page, "bit for bit")
    with page.expect_download() as waiting:
        page.click("#save")
    assert waiting.value.suggested_filename == "astronaut-edited.png"
    assert np.array_equal(np.asarray(Image.open(waiting.value.path())), np.asarray(Image.open(astronaut_file)))


def test_what_is_no_photo_is_answered_in_words_and_keeps_the_work(
    page: Page, astronaut_file: Path, tmp_path: Path
) -> None:
    upload(page, astronaut_file)
    slide(page, "Smiling", 1)
    status(page, "Smiling +1")
    (tmp_path / "broken.png").write_bytes(b"this is no picture")
    page.click("#photo button[aria-label*='lear'], #photo button[title*='lear'], #photo button[aria-label*='emove']")
    page.set_input_files("#photo input[type=file]", str(tmp_path / "broken.png"))
    page.wait_for_selector("text=is not a picture that can be read")
    assert "Traceback" not in page.content()
    assert "Smiling +1" in page.inner_text("#status")
    slide(page, "Smiling", 0)
    status(page, "bit for bit")


def test_a_photo_without_a_face_offers_a_way_on(page: Page, tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), (120, 120, 120)).save(tmp_path / "blank.png")
    upload(page, tmp_path / "blank.png")
    page.wait_for_selector("text=No face was found")
    page.click("#whole")
    status(page, "bit for bit")
    page.wait_for_selector("#help", state="hidden")


def test_two_photos_blend(page: Page, astronaut_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.fromarray(np.asarray(Image.open(astronaut_file))[:, ::-1]).save(other)
    page.get_by_role("tab", name="Blend").click()
    page.set_input_files("#first input[type=file]", str(astronaut_file))
    page.set_input_files("#second input[type=file]", str(other))
    page.wait_for_selector("#blend img")
    half = picture(page, "#blend img")
    field = page.locator("#ratio input[type=number]")
    source = page.locator("#blend img").get_attribute("src")
    field.fill("0")
    field.press("Enter")
    page.wait_for_function("old => document.querySelector('#blend img').getAttribute('src') !== old", arg=source)
    assert not np.array_equal(picture(page, "#blend img"), half)


def test_a_drawn_face_can_be_edited(page: Page) -> None:
    page.get_by_role("tab", name="Random").click()
    page.click("#draw")
    page.wait_for_function("document.querySelectorAll('#grid img').length === 16")
    page.locator("#grid img").nth(2).click()
    page.wait_for_selector("#edit-drawn:enabled")
    page.click("#edit-drawn")
    status(page, "the face as drawn")
    slide(page, "Smiling", 1)
    status(page, "Smiling +1")


def test_a_closed_tab_leaves_no_photo_behind(
    browser: Browser, address: str, temporary: Path, astronaut_file: Path
) -> None:
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector("#photo input[type=file]", state="attached")
    before = set(temporary.rglob("*.png"))
    upload(page, astronaut_file)
    assert set(temporary.rglob("*.png")) - before
    page.close()
    for _ in range(200):
        left = set(temporary.rglob("*.png")) - before
        if not left:
            return
        time.sleep(0.1)
    pytest.fail(f"still there: {left}")
