"""The pictures of docs/app: each tab of the app in use. ``python -m pictures.panels FOLDER``. Needs Chromium.

All faces in them are the astronaut Eileen Collins (NASA, in the public domain) and faces that the model has drawn.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from pictures.screenshot import edit_astronaut, opened_page, save_astronaut

WIDTH, HEIGHT = 1366, 900
QUALITY = 80
"""Of the WebP files: about 40 kB each."""
FACES = 16
PRESETS = 6
SMILES = 7


def take(page: Page, path: Path) -> None:
    """Write what the page shows."""
    page.mouse.move(0, 0)
    time.sleep(1)  # pictures fade in
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(path, quality=QUALITY, method=6)


def there(page: Page, selector: str, count: int = 1) -> None:
    """Wait for so many pictures that are loaded."""
    page.wait_for_function(
        "([selector, count]) => { const all = [...document.querySelectorAll(selector)];"
        "return all.length >= count && all.every(one => one.complete && one.naturalWidth); }",
        arg=[selector, count],
    )


def tab(page: Page, name: str) -> None:
    """Go to a tab."""
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("tab", name=name).click()


def photographed(page: Page, folder: Path, count: int) -> list[str]:
    """Files of the first faces that are drawn on the page."""
    paths = []
    for index in range(count):
        source = page.locator("#grid img").nth(index).get_attribute("src") or ""
        path = folder / f"friend-{index + 1}.png"
        path.write_bytes(page.request.get(source).body())
        paths.append(str(path))
    return paths


def main() -> None:
    """Start the app, use each tab, and take its picture."""
    out = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name, opened_page(WIDTH, HEIGHT) as page:
        folder = Path(name)
        astronaut = save_astronaut(folder)
        edit_astronaut(page, astronaut)
        there(page, "#presets img", PRESETS)
        take(page, out / "edit.webp")

        page.get_by_text("Variations and films").click()
        page.click("#vary")
        there(page, "#variations img", SMILES)
        page.locator("#variations").scroll_into_view_if_needed()
        take(page, out / "variations.webp")

        tab(page, "Random")
        page.click("#draw")
        there(page, "#grid img", FACES)
        drawn = photographed(page, folder, 4)
        page.locator("#grid img").nth(2).click()
        page.wait_for_selector("#more-like:enabled")
        take(page, out / "random.webp")

        tab(page, "Blend")
        page.set_input_files("#first input[type=file]", str(astronaut))
        page.set_input_files("#second input[type=file]", drawn[2])
        there(page, "#blend img")
        there(page, "#strip img", 2)
        take(page, out / "blend.webp")

        tab(page, "Batch")
        page.set_input_files("#batch-files input[type=file]", [str(astronaut), *drawn])
        page.wait_for_selector("#batch-files:has-text('friend-4')")
        page.click("#batch-what input")
        page.get_by_role("option", name="Happy").click()
        page.click("#batch-run")
        page.wait_for_selector("#batch-download:enabled")
        there(page, "#batch-picture img")
        page.locator(".toast-close").first.click()
        take(page, out / "batch.webp")

        tab(page, "About")
        page.click("#measure")
        page.wait_for_function("!document.querySelector('#measure').disabled")
        time.sleep(3)
        take(page, out / "about.webp")


if __name__ == "__main__":
    main()
