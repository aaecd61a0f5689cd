"""The README's picture of the app, taken of the app: ``python -m pictures.screenshot OUT.png``. Needs Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import skimage.data
from PIL import Image
from playwright.sync_api import Page, sync_playwright

PORT = 7872
MOVES = {"Smiling": 0.8, "Blond_Hair": 0.8}
PATIENCE = 120_000
"""Milliseconds that anything on the page may take."""


@contextmanager
def opened_page(width: int, height: int) -> Iterator[Page]:
    """The page of an app that runs meanwhile, in a browser's window of that many pixels."""
    command = [sys.executable, "-m", "app", "--no-browser", "--port", str(PORT), "--device", "cpu"]
    with subprocess.Popen(command) as server:
        try:
            for _ in range(1000):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{PORT}", timeout=30).close()
                    break
                except OSError:
                    time.sleep(0.2)
            with sync_playwright() as playwright:
                flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
                page = browser.new_page(viewport={"width": width, "height": height})
                page.set_default_timeout(PATIENCE)
                page.goto(f"http://127.0.0.1:{PORT}")
                page.wait_for_selector("#photo input[type=file]", state="attached")
                yield page
                browser.close()
        finally:
            server.terminate()


def save_astronaut(folder: Path) -> Path:
    """The astronaut as a file."""
    photo = folder / "astronaut.png"
    Image.fromarray(skimage.data.astronaut()).save(photo)
    return photo


def edit_astronaut(page: Page, photo: Path) -> None:
    """Upload the astronaut and move two sliders."""
    page.set_input_files("#photo input[type=file]", str(photo))
    page.wait_for_selector("#status:has-text('bit for bit')")
    for name, value in MOVES.items():
        field = page.locator(f"#slider-{name} input[type=number]")
        field.fill(str(value))
        field.press("Enter")
        page.wait_for_selector(f"#status:has-text('{name.replace('_', ' ')} {value:+g}')")
    page.wait_for_function("document.querySelectorAll('#presets img').length === 6")
    time.sleep(1)  # the picture fades in
    page.locator("#sliders").evaluate("element => element.scrollTo(0, 0)")


def main() -> None:
    """Start the app, use it, and take its picture."""
    with tempfile.TemporaryDirectory() as folder, opened_page(1360, 880) as page:
        edit_astronaut(page, save_astronaut(Path(folder)))
        page.screenshot(path=sys.argv[1])


if __name__ == "__main__":
    main()
