"""The tab "Random" in a real browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from tests.app.ui.browsing import picture, status
from tests.app.ui.tabs.test_blend_tab import downloaded


def faces(page: Page, *, but: list[str] | None = None) -> list[str]:
    """The addresses of the faces on the sheet, once there are 16 and they are not those of ``but``."""
    page.wait_for_function(
        "but => { const faces = [...document.querySelectorAll('#grid img')].map(face => face.getAttribute('src'));"
        "return faces.length === 16 && !faces.includes(but); }",
        arg=but[0] if but else "",
    )
    return [str(face.get_attribute("src")) for face in page.locator("#grid img").all()]


def pixels(page: Page, index: int = 0) -> np.ndarray:
    return picture(page, "#grid img", index)


def test_faces_are_drawn_and_more_like_one_of_them(page: Page) -> None:
    page.get_by_role("tab", name="Random").click()
    page.click("#draw")
    drawn = faces(page)
    first, third = pixels(page), pixels(page, 2)
    expect(page.locator("#more-like")).to_be_disabled()

    # Numbers that cannot be are the nearest that can, or told.
    page.fill("#seed input", "")
    page.press("#seed input", "Enter")
    page.wait_for_selector("text=it was empty, and 0 was taken")
    drawn = faces(page, but=drawn)
    assert np.array_equal(pixels(page), first)
    page.fill("#seed input", "-5")
    page.fill("#temperature input[type=number]", "-3")
    page.press("#temperature input[type=number]", "Tab")
    drawn = faces(page, but=drawn)
    expect(page.locator("#seed input")).to_have_value("0")
    assert np.array_equal(pixels(page), pixels(page, 1))  # at temperature 0 there is one face only
    page.fill("#temperature input[type=number]", "0.7")
    page.press("#temperature input[type=number]", "Tab")
    drawn = faces(page, but=drawn)

    page.locator("#grid button").nth(2).click()
    expect(page.locator("#more-like")).to_be_enabled()
    saved = downloaded(page, "#save-face")
    assert saved.name == "face-0-3.png"
    assert np.array_equal(np.asarray(Image.open(saved)), third)
    with Image.open(downloaded(page, "#save-sheet")) as sheet:
        assert sheet.size == (4 * 256 + 3 * 4, 4 * 256 + 3 * 4)

    page.click("#more-like")
    drawn = faces(page, but=drawn)
    assert np.array_equal(pixels(page), third)
    near = np.abs(pixels(page, 5).astype(int) - third).mean()
    page.locator("#kept-scales label").nth(1).click()
    drawn = faces(page, but=drawn)
    assert np.abs(pixels(page, 5).astype(int) - third).mean() < near  # the coarse scale is what a face is by
    page.click("#again")
    drawn = faces(page, but=drawn)
    assert np.array_equal(pixels(page), third)
    for _ in range(2):
        page.click("#drawn-back")
        drawn = faces(page, but=drawn)
    assert np.array_equal(pixels(page), first)
    expect(page.locator("#drawn-back")).to_be_disabled()


def test_a_drawn_face_goes_to_the_other_tabs(page: Page, astronaut_file: Path) -> None:
    page.get_by_role("tab", name="Random").click()
    page.click("#draw")
    faces(page)
    third = pixels(page, 2)
    for place, button in ((2, "#blend-first"), (7, "#blend-second")):
        page.get_by_role("tab", name="Random").click()
        page.locator("#grid button").nth(place).click()
        expect(page.locator(button)).to_be_enabled()
        page.click(button)
        page.wait_for_selector(f"#{button.removeprefix('#blend-')} img")
    page.wait_for_selector("#blend img")
    page.fill("#ratio input[type=number]", "0")
    page.press("#ratio input[type=number]", "Tab")
    page.wait_for_function("document.querySelectorAll('#strip img').length === 5")
    assert np.array_equal(np.asarray(Image.open(downloaded(page, "#save-blend"))), third)
    # A photo takes its place, and is not the drawn face.
    page.locator("#second button[aria-label*='lear'], #second button[aria-label*='emove']").first.click()
    expect(page.locator("#blend img")).to_have_count(0)
    page.set_input_files("#second input[type=file]", str(astronaut_file))
    page.wait_for_selector("#blend img")
    page.get_by_role("tab", name="Random").click()
    page.click("#edit-drawn")
    status(page, "the face as drawn")
