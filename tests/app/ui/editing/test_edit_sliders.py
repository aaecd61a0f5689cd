"""The sliders of the tab "Edit", recipes and tools."""

from __future__ import annotations

import io
import os
from pathlib import Path

import av
import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from app.editor import Editor
from app.session import Session
from app.ui.visits.handling import PREVIEW_SIDE
from attributes import Recipe
from tests.app.ui.browsing import picture, slide, status, upload

DRAGS = int(os.environ.get("GLOWFACE_DRAGS", "6"))
"""Of a slider, at random speed, each to another end; with 200 of them it takes some minutes."""


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


def test_details_tell_what_has_changed_and_the_background_can_be_let_go(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    page.get_by_role("button", name="Details").click()
    page.wait_for_selector("#changes-seen:has-text('Nothing has changed')")
    slide(page, "Blond_Hair", 1)
    page.wait_for_selector("#changes-seen strong:has-text('blond hair')")
    assert "male" not in page.inner_text("#changes-seen")
    status(page, "Blond hair +1")
    lock, shown = page.locator("#lock-background input"), page.locator("#compare img")
    assert lock.is_checked()
    before = [shown.nth(i).get_attribute("src") for i in (0, 1)]
    locked = [picture(page, index=i) for i in (0, 1)]
    lock.uncheck()
    page.wait_for_function("src => document.querySelectorAll('#compare img')[1].src !== src", arg=before[1])
    free = [picture(page, index=i) for i in (0, 1)]
    assert sum(not np.array_equal(*pair) for pair in zip(locked, free, strict=True)) == 1
    page.click("#undo")
    page.wait_for_function("document.querySelector('#lock-background input').checked")


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
    # Age is older to the right, and numbers beyond the end are the end.
    slide(page, "Young", 0.5)
    status(page, "Age +0.5")
    slide(page, "Young", 99)
    page.wait_for_function("!document.querySelector('#status').innerText.includes('Age +0.5')")
    assert "Age +" in page.inner_text("#status")


def test_a_recipe_is_applied_and_saved_with_what_it_keeps(page: Page, astronaut_file: Path, tmp_path: Path) -> None:
    upload(page, astronaut_file)
    status(page, "bit for bit")
    page.get_by_role("button", name="Recipes").click()
    expect(page.locator("#save-recipe")).to_be_in_viewport(ratio=0.9)
    (tmp_path / "typo.json").write_text('{"name": "Typo", "moves": {"Smilling": 1}}')
    page.set_input_files("#upload-recipe input, input#upload-recipe, #recipes input[type=file]", tmp_path / "typo.json")
    page.wait_for_selector("text=did you mean Smiling?")
    (tmp_path / "grin.json").write_text('{"name": "Grin", "moves": {"Smiling": 0.5, "Young": -0.4}, "keep": ["Male"]}')
    page.set_input_files("#upload-recipe input, input#upload-recipe, #recipes input[type=file]", tmp_path / "grin.json")
    status(page, "Smiling +0.5")
    assert "Age +0.4" in page.inner_text("#status")
    assert "Male" in page.inner_text("#keep")
    page.fill("#recipe-name textarea, #recipe-name input", "My grin")
    with page.expect_download() as waiting:
        page.click("#save-recipe")
    assert waiting.value.suggested_filename == "My grin.json"
    assert Recipe.load(waiting.value.path()) == Recipe("My grin", {"Smiling": 0.5, "Young": -0.4}, ("Male",))
    page.wait_for_function("document.querySelectorAll('#presets img').length === 8")  # with the opened and the saved
    assert "My grin" in page.inner_text("#presets")


def test_the_last_value_of_a_drag_is_the_one_that_is_shown(page: Page, astronaut_file: Path, editor: Editor) -> None:
    upload(page, astronaut_file)
    status(page, "bit for bit")
    session = Session(editor)
    session.open(astronaut_file)
    for number in range(DRAGS):
        last = round(0.05 + 0.1 * (number * 7 % 10), 2) * (-1) ** number  # where no other move of the drag goes
        page.evaluate(
            """async (last) => {
                const bar = document.querySelector('#slider-Smiling input[type=range]');
                for (let i = 0; i < 20; i++) {
                    bar.value = i === 19 ? last : Math.round(Math.random() * 20 - 10) / 10;
                    bar.dispatchEvent(new Event('input', {bubbles: true}));
                    await new Promise((done) => setTimeout(done, Math.random() * 15));
                }
            }""",
            last,
        )
        status(page, f"Smiling {last:+g}")
        page.wait_for_timeout(200)  # in which an older one might come yet
        session.set({"Smiling": last})
        expected = session.picture(session.view(PREVIEW_SIDE, face=True)).pixels
        assert np.array_equal(picture(page, index=1), expected), number
    page.locator("#slider-Smiling button.reset-button").click()
    status(page, "bit for bit")


def test_sliders_are_found_and_kept_for_a_photo(page: Page, astronaut_file: Path) -> None:
    page.wait_for_selector("#examples img")
    slide(page, "Smiling", 1)
    status(page, "Waiting for a photo: Smiling +1")
    page.click("#reset")
    status(page, "Upload a photo")
    page.fill("#find textarea, #find input", "lipst")
    page.wait_for_selector("#slider-Wearing_Lipstick")
    page.wait_for_selector("#slider-Smiling", state="hidden")
    slide(page, "Wearing_Lipstick", 0.5)
    status(page, "Waiting for a photo: Lipstick +0.5")
    page.fill("#find textarea, #find input", "nothing like it")
    page.locator("#slider-Young").wait_for(state="hidden")
    page.fill("#find textarea, #find input", "")
    page.locator("#changed-only input").check()
    page.wait_for_selector("#slider-Smiling", state="hidden")
    page.wait_for_selector("#slider-Wearing_Lipstick", state="visible")
    upload(page, astronaut_file)
    status(page, "Moved: Lipstick +0.5")
    page.locator("#slider-Wearing_Lipstick button.reset-button").click()
    status(page, "bit for bit")


def test_rough_sliders_are_named_and_come_last_in_sight(page: Page, editor: Editor) -> None:
    page.wait_for_selector("#examples img")
    named: list[str] = []
    for group in [page.locator("#heroes"), *page.locator(".slider-group:visible").all()]:
        if (opener := group.locator("button.label-wrap")).count() and "open" not in str(opener.get_attribute("class")):
            opener.click()
        sliders = group.locator("[id^=slider-]:visible")
        sliders.first.or_(group.locator("#custom-note")).wait_for()
        seen = sorted(sliders.all(), key=lambda one: (one.bounding_box() or {"y": 0})["y"])
        rough = ["(rough)" in one.inner_text() for one in seen]
        assert rough == sorted(rough)
        named += [str(one.get_attribute("id")).removeprefix("slider-") for one in seen if "(rough)" in one.inner_text()]
    assert sorted(named) == sorted(slider.name for slider in editor.directions.sliders if slider.rough)
    assert named


def test_surprises_variations_and_films(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    status(page, "bit for bit")
    page.click("#surprise")
    status(page, "Moved: ")
    page.click("#reset")
    status(page, "bit for bit")
    page.get_by_role("button", name="Variations and films").click()
    page.click("#vary")
    page.wait_for_function("document.querySelectorAll('#variations img').length === 7")
    page.locator("#variations img").nth(6).click()
    status(page, "Smiling +1")
    page.click("#vary-second input")
    page.get_by_role("option", name="Blond hair").click()
    page.click("#vary")
    page.wait_for_function("document.querySelectorAll('#variations img').length === 25")
    page.locator("#variations img").nth(20).click()
    status(page, "Blond hair +1, Smiling -1")
    with page.expect_download() as waiting:
        page.click("#film-gif")
    with Image.open(waiting.value.path()) as film:
        assert getattr(film, "n_frames", 1) > 40
    with page.expect_download() as waiting:
        page.click("#film-mp4")
    with av.open(io.BytesIO(Path(waiting.value.path()).read_bytes())) as container:
        assert container.streams.video[0].codec_context.name == "h264"


def test_a_painted_area_limits_what_changes(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    slide(page, "Blond_Hair", 1)
    status(page, "Blond hair +1")
    before, blond = (picture(page, index=index).astype(int) for index in (0, 1))
    page.click("#limit")
    page.wait_for_function("document.querySelector('#brush-picture img')?.naturalWidth > 0")
    page.wait_for_timeout(1000)  # the page comes to rest
    box = page.locator("#brush-picture img").bounding_box()
    assert box is not None
    middle, side = box["x"] + box["width"] / 2, min(box["width"], box["height"])
    top = box["y"] + (box["height"] - side) / 2
    shown = page.locator("#brush-picture img").get_attribute("src")
    page.mouse.move(middle - 0.2 * side, top + 0.25 * side)
    page.mouse.down()
    page.mouse.move(middle, top + 0.15 * side, steps=5)
    page.mouse.up()
    page.wait_for_function("src => document.querySelector('#brush-picture img').src !== src", arg=shown)
    page.click("#brush-done")
    page.wait_for_selector("#compare", state="visible")
    limited = picture(page, index=1).astype(int)
    height = before.shape[0] // 2
    assert np.array_equal(limited[height:], before[height:])
    assert not np.array_equal(blond[height:], before[height:])
    assert np.abs(limited[:height] - before[:height]).sum() > 0.05 * np.abs(blond[:height] - before[:height]).sum()
    page.click("#undo")
    page.wait_for_function("src => document.querySelectorAll('#compare img')[1].src !== src", arg="")
    status(page, "Blond hair +1")


def _place(shown: Locator) -> tuple[int, int]:
    """Where a person who reads meets it: row by row, from left to right."""
    box = shown.bounding_box()
    assert box is not None
    return round(box["y"]), round(box["x"])
