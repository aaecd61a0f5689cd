"""The tab "Blend" in a real browser."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.app.ui.browsing import picture
from tests.app.ui.serving import until

SHOWN = "#blend img"


@pytest.fixture
def photos(astronaut_file: Path, tmp_path: Path) -> dict[str, Path]:
    """A photo of two faces, one of none, and a file that is no photo."""
    one = np.asarray(Image.open(astronaut_file))
    Image.fromarray(np.concatenate([one, one[:, ::-1]], axis=1)).save(tmp_path / "two.png")
    Image.new("RGB", (300, 200), (120, 120, 120)).save(tmp_path / "blank.png")
    (tmp_path / "broken.png").write_bytes(b"this is no picture")
    return {path.stem: path for path in tmp_path.glob("*.png")}


def choose(page: Page, field: str, photo: Path) -> None:
    clear = page.locator(f"#{field} button[aria-label*='lear'], #{field} button[aria-label*='emove']")
    if clear.count():
        clear.first.click()
        page.wait_for_selector(f"#{field} input[type=file]", state="attached")
    page.set_input_files(f"#{field} input[type=file]", str(photo))


def changed(page: Page, act: str | None = None, *, field: str = "", value: str = "") -> np.ndarray:
    """Click something, or type a number; the new blend, once it is there."""
    source = page.locator(SHOWN).get_attribute("src") if page.locator(SHOWN).count() else ""
    if act is not None:
        page.locator(act).first.click()
    else:
        page.fill(f"#{field} input[type=number]", value)
        page.press(f"#{field} input[type=number]", "Tab")
    expect(page.locator(SHOWN)).not_to_have_attribute("src", source or "")
    return picture(page, SHOWN)


def downloaded(page: Page, button: str) -> Path:
    with page.expect_download() as waiting:
        page.click(button)
    path: Path = waiting.value.path()
    return path.rename(path.with_name(waiting.value.suggested_filename))


def test_two_photos_blend_in_every_way(page: Page, astronaut_file: Path, photos: dict[str, Path]) -> None:
    page.get_by_role("tab", name="Blend").click()
    page.click("#save-blend")
    page.wait_for_selector("text=Choose two photos with a face first")
    choose(page, "first", astronaut_file)
    choose(page, "second", photos["two"])
    half = changed(page, "#faces-second .thumbnail-item:nth-child(1) >> nth=1")
    expect(page.locator("#strip img")).to_have_count(5)
    places = [page.locator(f"#first {part}").first.bounding_box() for part in ("[data-testid=block-label]", "img")]
    assert places[0] is not None
    assert places[1] is not None
    assert places[0]["y"] + places[0]["height"] <= places[1]["y"] + 1, "the label covers the photo"

    # A number beyond the end is the end, where the second photo comes back bit for bit.
    end = changed(page, field="ratio", value="7")
    expect(page.locator("#ratio input[type=number]")).to_have_value("1")
    assert not np.array_equal(end, half)
    changed(page, "#frame label >> nth=1")
    second = np.asarray(Image.open(photos["two"]))
    until(lambda: np.array_equal(np.asarray(Image.open(downloaded(page, "#save-blend"))), second))
    changed(page, "#frame label >> nth=0")

    # So does the first one at the other end, to which the strip leads.
    changed(page, "#strip button >> nth=0")
    expect(page.locator("#ratio input[type=number]")).to_have_value("0")
    saved = downloaded(page, "#save-blend")
    assert saved.name == "astronaut-blend.png"
    assert np.array_equal(np.asarray(Image.open(saved)), np.asarray(Image.open(astronaut_file)))

    # The colours of the second with the shape of the first.
    strip = page.locator("#strip img").nth(4).get_attribute("src")
    page.locator("#apart input").check()
    coloured = changed(page, field="colours", value="1")
    assert coloured.shape == half.shape
    assert not np.array_equal(coloured, half)
    page.wait_for_function("old => document.querySelectorAll('#strip img')[4]?.getAttribute('src') !== old", arg=strip)
    changed(page, "#apart input")
    locked = changed(page, field="ratio", value="0.5")
    assert not np.array_equal(changed(page, "#lock-blend input"), locked)
    page.locator("#blend-area label").nth(1).click()
    whole = f"document.querySelector('{SHOWN}').naturalWidth === 512"
    page.wait_for_function(whole)

    with av.open(downloaded(page, "#film-blend")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == 60
    assert np.abs(frames[1].astype(int) - frames[59]).mean() < 3  # there and back
    assert page.inner_text("#blend-bar").strip() == ""


def test_a_photo_that_is_refused_leaves_no_old_blend_beside_it(
    page: Page, astronaut_file: Path, photos: dict[str, Path]
) -> None:
    page.get_by_role("tab", name="Blend").click()
    choose(page, "first", astronaut_file)
    choose(page, "second", photos["blank"])
    page.wait_for_selector("#wanted-second:has-text('No face was found')")
    assert page.locator(SHOWN).count() == 0

    # Three points, of which one is taken back.
    shown = page.locator("#mark-second img")
    box = shown.bounding_box()
    assert box is not None
    scale = min(box["width"] / 300, box["height"] / 200)  # the picture of 300 x 200 lies in the middle of its place
    for place, (x, y) in enumerate(((0.1, 0.1), (0.4, 0.4), (0.6, 0.4), (0.5, 0.7))):
        page.wait_for_timeout(300)  # the picture with the last point takes the place of the one before
        middle = {"x": box["width"] / 2, "y": box["height"] / 2}
        shown.click(position={"x": middle["x"] + (x - 0.5) * 300 * scale, "y": middle["y"] + (y - 0.5) * 200 * scale})
        if place == 0:
            page.wait_for_selector("#wanted-second:has-text('Now click the eye on the right')")
            page.click("#back-second")
            page.wait_for_selector("#wanted-second:has-text('first of three')")
        elif place < 3:
            page.wait_for_selector(
                f"#wanted-second:has-text('{('', 'eye on the right', 'middle of the mouth')[place]}')"
            )
    page.wait_for_selector(SHOWN)
    before = picture(page, SHOWN)

    # What is no photo goes from its field again, and the blend stays.
    page.set_input_files("#second input[type=file]", str(photos["broken"])) if page.locator(
        "#second input[type=file]"
    ).count() else choose(page, "second", photos["broken"])
    page.wait_for_selector("text=is not a picture that can be read")

    choose(page, "second", photos["blank"])
    expect(page.locator(SHOWN)).to_have_count(0)
    page.click("#whole-second")
    page.wait_for_selector(SHOWN)
    assert picture(page, SHOWN).shape == before.shape

    # Without one of the photos there is no blend, nor a strip.
    page.locator("#first button[aria-label*='lear'], #first button[aria-label*='emove']").first.click()
    expect(page.locator(SHOWN)).to_have_count(0)
    expect(page.locator("#strip img")).to_have_count(0)
