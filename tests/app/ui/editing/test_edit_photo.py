"""A photo in the tab "Edit", as a person opens, looks at, marks, clears, and downloads it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from attributes import Recipe
from faces import Face, align, crop
from tests.app.ui.browsing import WAIT, picture, slide, status, upload
from tests.app.ui.serving import Server

CLEAR = "#photo button[aria-label*='lear'], #photo button[title*='lear'], #photo button[aria-label*='emove']"


def test_the_download_has_the_photos_own_size_and_exact_pixels(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    status(page, "bit for bit")
    with page.expect_download() as waiting:
        page.click("#save")
    assert waiting.value.suggested_filename == "astronaut-edited.png"
    photo = np.asarray(Image.open(astronaut_file))
    assert np.array_equal(np.asarray(Image.open(waiting.value.path())), photo)
    # Only the face, with the recipe inside.
    slide(page, "Smiling", 0.5)
    status(page, "Smiling +0.5")
    page.get_by_role("button", name="Download as").click()
    page.get_by_label("Only the face").click()
    page.get_by_label("With its recipe inside").click()
    with page.expect_download() as waiting:
        page.click("#save")
    assert dict(Recipe.load(waiting.value.path()).moves) == {"Smiling": 0.5}
    with Image.open(waiting.value.path()) as face:
        assert max(face.size) < min(photo.shape[:2])
    page.get_by_label("JPEG (small)").click()
    with page.expect_download() as waiting:
        page.click("#save")
    assert waiting.value.suggested_filename == "astronaut-edited.jpg"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
def test_a_full_folder_for_temporary_files_is_told_in_words_and_nothing_is_lost(
    page: Page, shared_server: Server, astronaut_file: Path
) -> None:
    """What the server cannot write is refused by the system, as on a full disk; the page stays as it was."""
    import resource  # not on Windows

    upload(page, astronaut_file)
    page.wait_for_function("document.querySelectorAll('#presets img').length >= 6")  # which are written, too
    before = picture(page)
    limits = resource.prlimit(shared_server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(shared_server.process.pid, resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        page.set_input_files("#another input[type=file]", str(astronaut_file))
        told = page.locator(".toast-body").filter(has_text="make room and choose it again").inner_text()
        slide(page, "Smiling", 0.5)
        page.wait_for_selector("text=The disk is full. Make room and try again")
    finally:
        resource.prlimit(shared_server.process.pid, resource.RLIMIT_FSIZE, limits)
    assert "The file cannot be kept (File too large); make room and choose it again." in told
    assert "HTTP" not in told
    assert np.array_equal(picture(page), before)
    slide(page, "Smiling", 1)
    status(page, "Smiling +1")


def test_what_is_no_photo_is_answered_in_words_and_undo_brings_a_cleared_photo_back(
    page: Page, astronaut_file: Path, tmp_path: Path
) -> None:
    upload(page, astronaut_file)
    slide(page, "Smiling", 1)
    status(page, "Smiling +1")
    smiling = [picture(page, index=i) for i in (0, 1)]
    (tmp_path / "broken.png").write_bytes(b"this is no picture")
    page.set_input_files("#another input[type=file]", str(tmp_path / "broken.png"))
    page.wait_for_selector("text=is not a picture that can be read")
    assert "Traceback" not in page.content()
    assert "Smiling +1" in page.inner_text("#status")
    page.click(CLEAR)
    page.wait_for_function("document.querySelectorAll('#compare img').length === 0")
    status(page, "Upload a photo")
    assert page.input_value("#slider-Smiling input[type=number]") == "0"
    slide(page, "Blond_Hair", 0.5)
    status(page, "Waiting for a photo: Blond hair +0.5")
    page.wait_for_selector("#photo img", state="detached")  # or the field that takes the file is about to go
    page.wait_for_timeout(300)
    upload(page, astronaut_file)
    status(page, "Moved: Blond hair +0.5")
    for _ in range(3):
        page.keyboard.press("Control+z")
        page.wait_for_timeout(50)
    status(page, "Smiling +1")
    page.wait_for_function("document.querySelector('#photo img')?.naturalWidth === 512")
    assert all(np.array_equal(picture(page, index=i), smiling[i]) for i in (0, 1))
    page.keyboard.press("Control+Shift+z")
    page.wait_for_function("document.querySelectorAll('#compare img').length === 0")


def test_a_photo_without_a_face_offers_ways_on(page: Page, tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), (120, 120, 120)).save(tmp_path / "blank.png")
    upload(page, tmp_path / "blank.png")
    page.wait_for_selector("text=No face was found")
    page.click("#whole")
    status(page, "bit for bit")
    page.wait_for_selector("#help", state="hidden")


def test_a_face_is_marked_by_three_points_that_can_be_taken_back(page: Page, astronaut_file: Path) -> None:
    upload(page, astronaut_file)
    page.wait_for_selector("#faces img", state="attached")  # on a phone a single face has no picture of its own
    assert page.locator("#faces img").count() == 1
    page.click("#add-face")
    page.wait_for_selector("#help-text:has-text('0 of 3')")
    page.wait_for_function("document.querySelector('#mark img')?.naturalWidth === 1024")
    plain = picture(page, "#mark img")
    assert page.locator("#compare").is_hidden()
    box = page.locator("#mark img").bounding_box()
    assert box is not None
    scale = min(box["width"], box["height"]) / 512
    left, top = (box["width"] - 512 * scale) / 2, (box["height"] - 512 * scale) / 2

    def point(x: float, y: float, marked: int) -> None:
        page.locator("#mark img").click(position={"x": left + x * scale, "y": top + y * scale})
        if marked < 3:
            page.wait_for_selector(f"#help-text:has-text('{marked} of 3')")

    point(400, 400, 1)
    assert not np.array_equal(picture(page, "#mark img"), plain)
    page.click("#unmark")
    page.wait_for_selector("#help-text:has-text('0 of 3')")
    for number, (x, y) in enumerate([(203, 100), (245, 99), (225, 145)], 1):
        point(x, y, number)
    page.wait_for_function("document.querySelectorAll('#faces img').length === 2")
    page.wait_for_selector("#help", state="hidden")
    # The marked face is the one that was found: its crop shows the same.
    crops = [picture(page, "#faces img", index).astype(float) for index in (0, 1)]
    assert np.corrcoef(crops[0].ravel(), crops[1].ravel())[0, 1] > 0.7
    # The one that is chosen, which is the new one, goes again; what is left is edited.
    page.click("#remove-face")
    page.wait_for_function("document.querySelectorAll('#faces img').length === 1")
    slide(page, "Smiling", 1)
    status(page, "Smiling +1")


def test_a_face_is_marked_in_a_long_panorama(page: Page, astronaut: np.ndarray, tmp_path: Path) -> None:
    panorama = np.full((500, 20_000, 3), 128, np.uint8)
    panorama[:, 15_000:15_500] = astronaut[:500, :500]
    Image.fromarray(panorama).save(tmp_path / "panorama.png")
    page.set_input_files("#photo input[type=file]", str(tmp_path / "panorama.png"))
    page.wait_for_selector("#help-text:has-text('scroll to the face')")
    drawn = """(before) => {
        const image = document.querySelector("#mark img");
        return image?.complete && image.naturalHeight === 400 && image.src !== before && image.src;
    }"""
    source = page.wait_for_function(drawn).json_value()
    # The page lays itself out once more after its size has changed: the picture has to stand still to be clicked on.
    scrolled = """async (x) => {
        const image = document.querySelector("#mark img");
        const place = document.querySelector("#mark .image-container");
        place.scrollLeft ||= x / 20000 * image.getBoundingClientRect().width - place.clientWidth / 2;
        for (let top, still = 0; still < 10; still = top === image.getBoundingClientRect().top ? still + 1 : 0) {
            top = image.getBoundingClientRect().top;
            await new Promise(requestAnimationFrame);
        }
        const { left, top, width, height } = image.getBoundingClientRect();
        return [left, top, width / 20000, height / 500, place.scrollLeft];
    }"""
    places = set()
    for size in ((1400, 1000), (390, 844)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for number, (x, y) in enumerate([(203, 100), (245, 99), (225, 145)], 1):
            left, top, wide, high, place = page.evaluate(scrolled, 15_000 + x)
            places.add(place)
            assert high > 0.5, "too small to be marked"
            page.mouse.click(left + (15_000 + x) * wide, top + y * high)
            if number < 3:
                page.wait_for_selector(f"#help-text:has-text('{number} of 3')")
                # The text is there before the picture with the mark, and a click on the one that leaves is lost.
                source = page.wait_for_function(drawn, arg=source).json_value()
        page.wait_for_selector("#help", state="hidden")
        if size[0] == 1400:
            page.wait_for_function("document.querySelectorAll('#faces img').length === 1")
            page.click("#add-face")
            page.wait_for_selector("#help-text:has-text('0 of 3')")
            source = page.wait_for_function(drawn, arg=source).json_value()
    assert len(places) == 2, "the picture has to be scrolled to the face again after a click"
    page.wait_for_function("document.querySelectorAll('#faces img').length === 2")
    square = align(Face.from_points((203, 100), (245, 99), (225, 145)))
    for index in (0, 1):
        shown = picture(page, "#faces img", index).astype(float)
        assert np.abs(shown - crop(astronaut, square, shown.shape[0])).mean() < 12


def test_a_page_that_is_loaded_again_has_its_work_back(browser: Browser, address: str, astronaut_file: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(address)
    page.wait_for_selector("#examples img")
    upload(page, astronaut_file)
    slide(page, "Smiling", 1)
    status(page, "Smiling +1")
    moved = picture(page, index=1)
    page.reload()
    status(page, "Smiling +1")
    page.wait_for_function("document.querySelectorAll('#compare img').length >= 2")
    assert np.array_equal(picture(page, index=1), moved)
    assert page.input_value("#slider-Smiling input[type=number]") == "1"
    # A tab that is doubled has a copy of the storage, in which there is nothing to come back by.
    assert page.evaluate("sessionStorage.length") == 0
    other = context.new_page()
    other.goto(address)
    other.wait_for_selector("#examples img")
    assert other.locator("#compare img").count() == 0
    page.locator("#slider-Smiling button.reset-button").click()
    status(page, "bit for bit")
    page.keyboard.press("Control+z")
    status(page, "Smiling +1")
    context.close()


def test_an_example_is_edited_and_a_picture_is_pasted(page: Page, astronaut_file: Path) -> None:
    page.locator("#examples img").nth(1).click()
    status(page, "the face as drawn")
    page.wait_for_function("document.querySelectorAll('#presets img').length === 6")
    page.locator("#presets img").nth(2).click()
    status(page, "Smiling +0.8")
    data = list(astronaut_file.read_bytes())
    page.evaluate(
        """bytes => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(bytes)], 'image.png', {type: 'image/png'}));
            document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: files, bubbles: true}));
        }""",
        data,
    )
    status(page, "bit for bit")
    page.wait_for_function("document.querySelector('#photo img')?.naturalWidth === 512")
    before, after = picture(page, index=0), picture(page, index=1)
    assert np.array_equal(before, after)
    page.click("#undo")  # the face with its edit is not lost
    status(page, "Smiling +0.8")


def test_the_picture_stays_in_sight(browser: Browser, address: str, astronaut_file: Path) -> None:
    for width, height in ((1366, 900), (390, 844)):
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(WAIT)
        page.goto(address)
        page.wait_for_selector("#photo input[type=file]", state="attached")
        upload(page, astronaut_file)
        status(page, "bit for bit")
        page.wait_for_function("document.querySelectorAll('#presets img').length === 6")
        for selector in ("#compare", "#slider-Smiling", "#save"):
            expect(page.locator(selector)).to_be_in_viewport(ratio=0.9)
        place = page.locator("#save").bounding_box()
        slide(page, "Smiling", 1)
        status(page, "Smiling +1")
        assert page.locator("#save").bounding_box() == place, "something jumps"
        page.locator("#slider-Pale_Skin").scroll_into_view_if_needed()
        page.mouse.move(width - 100, height - 100)
        page.mouse.wheel(0, 300)
        expect(page.locator("#compare")).to_be_in_viewport(ratio=0.9)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # Held, the picture before is seen; let go, the one after.
        after = "document.querySelector('#compare img.fixed').computedStyleMap().get('clip-path').toString()"
        released = page.evaluate(after)
        page.keyboard.down("b")
        assert page.evaluate(after) != released
        page.keyboard.up("b")
        assert page.evaluate(after) == released
        page.close()
