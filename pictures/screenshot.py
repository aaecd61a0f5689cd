"""The README's picture of the app, taken of the app: ``python -m pictures.screenshot OUT.png``. Needs Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import skimage.data
from PIL import Image
from playwright.sync_api import Page, sync_playwright

PORT = 7872
MOVES = {"Smiling": 0.8, "Blond_Hair": 0.8}


def edit_astronaut(page: Page, folder: Path) -> None:
    """Upload the astronaut and move two sliders."""
    photo = folder / "astronaut.png"
    Image.fromarray(skimage.data.astronaut()).save(photo)
    page.set_input_files("#photo input[type=file]", str(photo))
    page.wait_for_selector("#status:has-text('bit for bit')", timeout=60_000)
    for name, value in MOVES.items():
        field = page.locator(f"#slider-{name} input[type=number]")
        field.fill(str(value))
        field.press("Enter")
        page.wait_for_selector(f"#status:has-text('{value:+g}')")
    time.sleep(1)  # the picture fades in
    page.locator("#sliders").evaluate("element => element.scrollTo(0, 0)")


def main() -> None:
    """Start the app, use it, and take its picture."""
    command = [sys.executable, "-m", "app", "--no-browser", "--port", str(PORT), "--device", "cpu"]
    with subprocess.Popen(command) as server, tempfile.TemporaryDirectory() as folder:
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{PORT}", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.2)
            with sync_playwright() as playwright:
                flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
                page = browser.new_page(viewport={"width": 1360, "height": 880})
                page.goto(f"http://127.0.0.1:{PORT}")
                page.wait_for_selector("#photo input[type=file]", state="attached")
                edit_astronaut(page, Path(folder))
                page.screenshot(path=sys.argv[1])
                browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
