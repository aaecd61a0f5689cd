"""The web app in a real browser, as a person uses it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from attributes import LABEL_NAMES, FaceSet, Recipe
from attributes.__main__ import main as attributes_main
from tests.app.ui.browsing import WAIT, picture, slide, status, upload
from tests.app.ui.serving import until


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


def test_the_background_can_be_let_go(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    slide(page, "Blond_Hair", 1)
    status(page, "Blond hair +1")
    lock, shown = page.locator("#lock-background input"), page.locator("#compare img")
    assert lock.is_checked()
    before = [shown.nth(i).get_attribute("src") for i in (0, 1)]
    locked = [picture(page, index=i) for i in (0, 1)]
    lock.uncheck()
    for i in (0, 1):
        page.wait_for_function(
            "([i, src]) => document.querySelectorAll('#compare img')[i].src !== src", arg=[i, before[i]]
        )
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
    # The field shows again what is being edited, 512 pixels wide; for a moment it may hold the broken file.
    page.wait_for_function("document.querySelector('#photo img')?.naturalWidth === 512")
    assert np.array_equal(picture(page, "#photo img"), np.asarray(Image.open(astronaut_file)))
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


def test_age_is_older_to_the_right_and_numbers_beyond_the_end_are_the_end(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    status(page, "bit for bit")
    page.get_by_role("button", name="Age and beard").click()
    page.wait_for_selector("#slider-Young input[type=number]")
    time.sleep(0.5)  # nobody types while the group still unfolds
    slide(page, "Young", 0.5)
    status(page, "Age +0.5")
    slide(page, "Young", 99)
    page.wait_for_function("!document.querySelector('#status').innerText.includes('Age +0.5')")
    assert "Age +" in page.inner_text("#status")


def test_a_recipe_is_applied_and_saved_with_what_it_keeps(page: Page, astronaut_file: Path, tmp_path: Path) -> None:
    upload(page, astronaut_file)
    status(page, "bit for bit")
    page.get_by_role("button", name="Recipes").click()
    (tmp_path / "typo.json").write_text('{"name": "Typo", "moves": {"Smilling": 1}}')
    page.set_input_files("#upload-recipe input, input#upload-recipe, #recipes input[type=file]", tmp_path / "typo.json")
    page.wait_for_selector("text=did you mean Smiling?")
    (tmp_path / "grin.json").write_text('{"name": "Grin", "moves": {"Smiling": 0.5, "Young": -0.4}, "keep": ["Male"]}')
    page.set_input_files("#upload-recipe input, input#upload-recipe, #recipes input[type=file]", tmp_path / "grin.json")
    page.wait_for_function("document.querySelector('#recipe input').value === 'Grin'")
    page.click("#apply-recipe")
    status(page, "Smiling +0.5")
    assert "Age +0.4" in page.inner_text("#status")
    assert "Male" in page.inner_text("#keep")
    page.fill("#recipe-name textarea, #recipe-name input", "My grin")
    with page.expect_download() as waiting:
        page.click("#save-recipe")
    assert Recipe.load(waiting.value.path()) == Recipe("My grin", {"Smiling": 0.5, "Young": -0.4}, ("Male",))


def test_another_model_goes_on_with_the_photo_and_its_sliders(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    slide(page, "Smiling", 1)
    status(page, "Smiling +1")
    first = [picture(page, index=i) for i in (0, 1)]
    shown = page.locator("#compare img").nth(1)
    source = shown.get_attribute("src")
    page.click("#model input")
    page.get_by_role("option", name="faces-128").click()
    expect(shown).not_to_have_attribute("src", source or "", timeout=WAIT)
    status(page, "Smiling +1")
    assert page.input_value("#slider-Smiling input[type=number]") == "1"
    finer = [picture(page, index=i) for i in (0, 1)]
    assert [np.array_equal(*pair) for pair in zip(first, finer, strict=True)].count(True) == 1  # the photo itself
    slide(page, "Smiling", 0)
    status(page, "bit for bit")


def test_the_page_tells_what_is_seen_in_the_face(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    page.wait_for_selector("#reading:has-text('smiling')")
    slide(page, "Blond_Hair", 1)
    page.wait_for_selector("#reading strong:has-text('blond hair')")


def test_a_slider_made_by_learn_appears_and_works(
    page: Page, astronaut_file: Path, own_checkpoint: Path, celebahq_folder: Path, tmp_path: Path
) -> None:
    """From two folders of real faces, while the app is running."""
    faces = FaceSet.open(celebahq_folder, "train")
    assert faces.labels is not None
    for folder, smiling in (("with", True), ("without", False)):
        (tmp_path / folder).mkdir()
        for index in np.nonzero(faces.labels[:, LABEL_NAMES.index("Smiling")] == smiling)[0][:14]:
            shutil.copy(faces.paths[index], tmp_path / folder)
    upload(page, astronaut_file)
    status(page, "bit for bit")
    first = picture(page, index=1)
    page.get_by_role("button", name="Your own").click()
    assert page.get_by_text("My grin", exact=True).count() == 0
    command = ["learn", "My grin", "--with", str(tmp_path / "with"), "--without", str(tmp_path / "without")]
    assert attributes_main([*command, "--checkpoint", str(own_checkpoint), "--aligned", "yes"]) == 0
    page.click("#refresh")
    field = page.locator("#custom-0 input[type=number]")
    page.wait_for_selector("#custom-0:has-text('My grin')")
    field.fill("-1")
    field.press("Enter")
    status(page, "My grin -1")
    assert not all(np.array_equal(picture(page, index=i), first) for i in (0, 1))
    page.click("#undo")
    status(page, "bit for bit")
    page.wait_for_function("document.querySelector('#custom-0 input[type=number]').value === '0'")
    page.reload()
    page.get_by_role("button", name="Your own").click()
    page.wait_for_selector("#custom-0:has-text('My grin')")


def test_the_page_is_no_wider_than_a_phone(browser: Browser, address: str, astronaut_file: Path) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.set_default_timeout(WAIT)
    page.goto(address)
    page.wait_for_selector("#photo input[type=file]", state="attached")
    upload(page, astronaut_file)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("tab", name="Random").click()
    page.click("#draw")
    page.wait_for_function("document.querySelectorAll('#grid img').length === 16")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


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
    until(lambda: not set(temporary.rglob("*.png")) - before)


def test_an_event_whose_stream_is_about_to_end_is_not_lost(page: Page, address: str) -> None:
    """The end of the first stream comes only after the answer to the next event, as it may on a busy machine."""
    late: list[str] = []

    def hold_back(route: Route) -> None:
        response = route.fetch()
        if not late:
            late.append(route.request.url)
            page.get_by_role("tab", name="Random").click()
            with page.expect_response("**/queue/join*"):
                page.click("#draw")
            page.wait_for_timeout(300)
        route.fulfill(response=response)

    page.route("**/queue/data*", hold_back)
    page.goto(address)
    page.wait_for_function("document.querySelectorAll('#grid img').length === 16")
    assert late
