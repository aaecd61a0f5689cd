"""What a person does with the page, and sees of it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

WAIT = 60_000
"""Milliseconds after which something that has not come is taken for missing."""


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
