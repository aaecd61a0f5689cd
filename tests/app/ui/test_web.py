"""The web app in a real browser, as a person uses it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page, Route, expect

from attributes import LABEL_NAMES, YOUR_OWN, Direction, FaceSet, Slider, sliders_folder
from attributes.__main__ import main as attributes_main
from attributes.custom.store import save_slider
from glow import Latent, load_checkpoint
from tests.app.ui.browsing import WAIT, picture, slide, status, upload
from tests.app.ui.serving import until
from tests.app.ui.test_web_text import MARKUP, shows_as_text


@pytest.fixture(scope="module")
def address(own_server: str) -> str:
    """Sliders are made here."""
    return own_server


@pytest.fixture(scope="module")
def temporary(own_temporary: Path) -> Path:
    """That server's."""
    return own_temporary


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


def test_the_titles_of_sliders_show_as_text(page: Page, astronaut_file: Path, own_checkpoint: Path) -> None:
    checkpoint = load_checkpoint(own_checkpoint)
    shapes = checkpoint.model.config.scale_shapes()
    vector = Latent(tuple(torch.full((1, *shape), 0.01) for shape in shapes))
    slider = Slider(name="odd", title=MARKUP, group=YOUR_OWN)
    path = save_slider(sliders_folder(own_checkpoint), Direction(slider, vector, 0.0, 1.0), checkpoint.hash, {})
    try:
        upload(page, astronaut_file)
        status(page, "bit for bit")
        page.get_by_role("button", name="Your own").click()
        page.click("#refresh")
        shows_as_text(page, "#sliders [id^=custom-]", MARKUP)
        field = page.locator("[id^=custom-]").filter(has_text=MARKUP).locator("input[type=number]")
        field.fill("1")
        field.press("Enter")
        page.wait_for_selector("#status:has-text('Moved')")
        shows_as_text(page, "#status", MARKUP)
        page.click("#keep input")
        shows_as_text(page, "[role=listbox]", MARKUP)
    finally:
        path.unlink()


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
