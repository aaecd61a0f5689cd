"""Several faces of one photo in the tab "Edit", and the way of their edits to the next photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from tests.app.ui.browsing import picture, slide, status, upload


def test_two_faces_are_edited_in_turn_and_what_was_done_is_done_to_another_photo(
    page: Page, astronaut: np.ndarray, astronaut_file: Path, tmp_path: Path
) -> None:
    two = np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)
    Image.fromarray(two).save(tmp_path / "two.png")
    upload(page, tmp_path / "two.png")
    page.wait_for_function("document.querySelectorAll('#faces img').length === 2")
    slide(page, "Black_Hair", 1)
    status(page, "Black hair +1")
    page.locator("#faces button.thumbnail-item").nth(1).click()
    status(page, "another face")
    page.click("#keep input")
    page.get_by_role("option", name="Male", exact=True).click()
    page.keyboard.press("Escape")
    slide(page, "Smiling", -1)
    status(page, "Smiling -1")

    # Held with the mouse, the picture before is seen.
    after = "document.querySelector('#compare img.fixed').computedStyleMap().get('clip-path').toString()"
    released = page.evaluate(after)
    page.hover("#hold")
    page.mouse.down()
    assert page.evaluate(after) != released
    page.mouse.up()
    assert page.evaluate(after) == released

    # The whole photo has both edits, and holds what was done to the face that is chosen.
    source = page.locator("#compare img").nth(1).get_attribute("src")
    page.get_by_label("Whole photo").first.click()
    page.wait_for_function("src => document.querySelectorAll('#compare img')[1]?.src !== src", arg=source)
    assert picture(page, index=1).shape == two.shape
    page.get_by_role("button", name="Download as").click()
    page.get_by_label("With its recipe inside").click()
    with page.expect_download() as waiting:
        page.click("#save")
    kept = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(kept)
    edited = np.asarray(Image.open(kept)).astype(int)
    change = np.abs(edited - two).sum(axis=2)
    assert change[:, :512].max() > 30
    assert change[:, 512:].max() > 30
    page.get_by_label("WebP (exact)").click()
    with page.expect_download() as waiting:
        page.click("#save")
    page.wait_for_selector("text=A recipe goes only into a PNG")
    assert np.array_equal(np.asarray(Image.open(waiting.value.path())), edited)

    # That picture offers its recipe, which moves the original's sliders again; undo brings the two faces back.
    page.set_input_files("#another input[type=file]", str(kept))
    page.wait_for_selector("text=This picture holds the recipe it was made with")
    page.set_input_files("#another input[type=file]", str(astronaut_file))
    page.wait_for_function("document.querySelectorAll('#faces img').length === 1")
    page.locator("#presets button", has_text="two-edited").click()
    status(page, "Moved: Smiling -1")
    assert "Male" in page.inner_text("#keep")
    for _ in range(3):
        page.click("#undo")
    page.wait_for_function("document.querySelectorAll('#faces img').length === 2")
    status(page, "Moved: Smiling -1")
