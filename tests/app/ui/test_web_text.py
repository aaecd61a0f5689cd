"""Names and files from elsewhere in the page: shown as text, never as HTML or Markdown, and refused in words."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from playwright.sync_api import Page, Route

from tests.app.ui.browsing import status, upload

MARKUP = "<img src=x onerror=document.title='owned'><b>*b*</b>![p](http://example.com/p)[l](http://a)"
"""Which would show a picture, change the page and ask another machine, were it taken for HTML or Markdown."""


def shows_as_text(page: Page, selector: str, text: str) -> None:
    """Whether an element shows a text as it is, with no element made of it."""
    found = page.locator(selector).filter(has_text=text)
    found.first.wait_for()
    assert found.first.locator("img[src='x'], img[src*='example'], a[href], strong, em").count() == 0
    assert page.title() != "owned"


def test_the_names_of_files_and_recipes_show_as_text(page: Page, astronaut_file: Path, tmp_path: Path) -> None:
    name = MARKUP.replace("/", "\u2215")  # a slash that a file's name may have
    (tmp_path / f"{name}.png").write_bytes(b"this is no picture")
    page.set_input_files("#photo input[type=file]", str(tmp_path / f"{name}.png"))
    page.wait_for_selector("text=is not a picture that can be read")
    assert (
        page.locator("[data-testid=toast-text] img, [data-testid=toast-text] b, [data-testid=toast-text] a").count()
        == 0
    )
    upload(page, astronaut_file)
    page.get_by_role("button", name="Recipes").click()
    (tmp_path / "odd.json").write_text(json.dumps({"name": MARKUP, "moves": {"Smiling": 0.5, MARKUP: 1}}))
    page.set_input_files("#upload-recipe input, input#upload-recipe, #recipes input[type=file]", tmp_path / "odd.json")
    shows_as_text(page, "[data-testid=toast-text]", MARKUP)
    (tmp_path / "named.json").write_text(json.dumps({"name": MARKUP, "moves": {"Smiling": 0.5}}))
    page.set_input_files(
        "#upload-recipe input, input#upload-recipe, #recipes input[type=file]", tmp_path / "named.json"
    )
    shows_as_text(page, "#presets .caption-label", MARKUP)


def test_a_foreign_file_is_answered_in_words_and_the_page_goes_on(
    page: Page, astronaut_file: Path, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign.png"
    shutil.copy(astronaut_file, foreign)

    def another_path(route: Route) -> None:
        body = re.sub(r'"path":\s*"[^"]*"', f'"path": "{foreign}"', route.request.post_data or "")
        route.continue_(post_data=body)

    page.route("**/queue/join*", another_path)
    page.set_input_files("#photo input[type=file]", str(astronaut_file))
    page.wait_for_selector("text=There is no such file of yours here")
    page.unroute("**/queue/join*")
    page.reload()
    upload(page, astronaut_file)
    status(page, "bit for bit")
    assert foreign.is_file()


def test_a_file_that_is_too_large_is_answered_in_words(page: Page, tmp_path: Path) -> None:
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(250 * 1024**2)
    page.set_input_files("#photo input[type=file]", str(tmp_path / "large.png"))
    page.wait_for_selector("text=/exceeds|larger than/i")
