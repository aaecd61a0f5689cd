"""The web app in a real browser, as a person uses it."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from attributes import LABEL_NAMES, YOUR_OWN, Direction, FaceSet, Recipe, Slider, sliders_folder
from attributes.__main__ import main as attributes_main
from attributes.custom.store import save_slider
from glow import Latent, load_checkpoint
from storage.assets import FACES_64
from tests.app.serving import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Without these, Chromium calls home, and a machine without a network makes it wait.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT = 60_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's temporary folder."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def own_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Glowface's models in a folder of their own, so that sliders made for them do not lie in the repository."""
    folder = tmp_path_factory.mktemp("model")
    for path in FACES_64.parent.glob("faces-*.safetensors"):
        shutil.copy(path, folder / path.name)
    return folder / FACES_64.name


@pytest.fixture(scope="module")
def address(temporary: Path, own_checkpoint: Path) -> Iterator[str]:
    """A server of its own process, as ``python -m app`` starts it."""
    with serving(temporary, own_checkpoint) as server:
        yield server.address
    assert not list(temporary.iterdir()), "a server that was told to end left files behind"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(WAIT)
    outside: list[str] = []
    page.on("request", lambda r: outside.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
    page.goto(address)
    page.wait_for_selector("#photo input[type=file]", state="attached")
    yield page
    page.close()
    assert not outside, "the page asked another machine for something"


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


def test_two_photos_blend(page: Page, astronaut_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.fromarray(np.asarray(Image.open(astronaut_file))[:, ::-1]).save(other)
    page.get_by_role("tab", name="Blend").click()
    page.set_input_files("#first input[type=file]", str(astronaut_file))
    page.set_input_files("#second input[type=file]", str(other))
    page.wait_for_selector("#blend img")
    half = picture(page, "#blend img")
    field = page.locator("#ratio input[type=number]")
    source = page.locator("#blend img").get_attribute("src")
    field.fill("0")
    field.press("Enter")
    changed = "old => document.querySelector('#blend img').getAttribute('src') !== old"
    page.wait_for_function(changed, arg=source)
    assert not np.array_equal(picture(page, "#blend img"), half)
    for value in ("1", None):
        source = page.locator("#blend img").get_attribute("src")
        if value:
            field.fill(value)
            field.press("Enter")
        else:
            locked = picture(page, "#blend img")
            page.locator("#lock-blend input[type=checkbox]").uncheck()
        page.wait_for_function(changed, arg=source)
    assert not np.array_equal(picture(page, "#blend img"), locked)


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
    page.wait_for_function("name => document.querySelector('#recipe input').value === name", arg=MARKUP)
    page.click("#recipe input")
    shows_as_text(page, "[role=listbox]", MARKUP)


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
    for _ in range(200):
        left = set(temporary.rglob("*.png")) - before
        if not left:
            return
        time.sleep(0.1)
    pytest.fail(f"still there: {left}")
