"""The tab "Batch" in a real browser."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.editor import Editor
from tests.app.ui.browsing import slide, status, upload
from tests.app.ui.serving import until
from tests.app.ui.tabs.test_blend_tab import downloaded


@pytest.fixture
def folder(astronaut_file: Path, tmp_path: Path) -> Path:
    """A folder of photos, of which some cannot be edited, and of other files."""
    (tmp_path / "sub").mkdir()
    one = Image.open(astronaut_file).convert("RGB")
    one.save(tmp_path / "a.png")
    one.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "b.jpg", quality=95)
    one.crop((0, 0, 400, 400)).save(tmp_path / "sub" / "a.png")
    two = np.concatenate([np.asarray(one), np.asarray(one)[:, ::-1]], axis=1)
    Image.fromarray(two).save(tmp_path / "two.png")
    Image.new("RGB", (300, 200), (120, 120, 120)).save(tmp_path / "blank.png")
    (tmp_path / "broken.jpg").write_bytes(b"this is no picture")
    (tmp_path / "notes.txt").write_text("not a photo")
    return tmp_path


def packed(page: Page) -> dict[str, np.ndarray]:
    """The pictures in the zip that is offered."""
    expect(page.locator("#batch-run")).to_be_enabled()
    with zipfile.ZipFile(downloaded(page, "#batch-download")) as file:
        assert file.testzip() is None
        return {name: np.asarray(Image.open(io.BytesIO(file.read(name))).convert("RGB")) for name in file.namelist()}


def test_a_folder_is_edited_by_a_recipe_and_photos_by_the_sliders(
    page: Page, folder: Path, editor: Editor, temporary: Path
) -> None:
    page.get_by_role("tab", name="Batch").click()
    page.click("#batch-run")
    page.wait_for_selector("text=Choose photos, or a folder with photos, first")
    page.set_input_files("#batch-folder input[type=file]", str(folder))
    page.wait_for_selector("#batch-folder:has-text('broken')")
    page.click("#batch-run")
    page.wait_for_selector("text=Move a slider in the tab “Edit” first")
    page.click("#batch-what input")
    page.get_by_role("option", name="Happy").click()
    page.locator("#batch-faces label").nth(1).click()
    page.click("#batch-run")
    page.wait_for_selector("#batch-bar:has-text(' of 6: ')")
    page.wait_for_selector("#batch-download:enabled")
    told = page.inner_text("#batch-results")
    for text in ("a.png done", "b.jpg done", "blank.png No face was found", "broken.jpg"):
        assert text in told.replace("\n", " ")
    assert "notes" not in told
    pictures = packed(page)
    assert sorted(pictures) == ["a-2.png", "a.png", "b.jpg", "two.png"]
    # Both faces of the photo that has two.
    change = np.abs(pictures.pop("two.png").astype(int) - np.asarray(Image.open(folder / "two.png")))
    assert change[:, :512].max() > 30
    assert change[:, 512:].max() > 30
    shapes = sorted(picture.shape for picture in pictures.values())
    assert shapes == [(400, 400, 3), (512, 512, 3), (512, 512, 3)]
    recipe = {"Smiling": 0.8, "High_Cheekbones": 0.3}
    whole = next(picture for name, picture in pictures.items() if name != "b.jpg" and picture.shape[0] == 512)
    assert np.array_equal(whole, editor.edit(editor.open(folder / "a.png"), recipe).pixels)

    # What the sliders do, while they go on to be moved; every file goes when the page goes.
    page.locator("#batch-folder button[aria-label*='lear'], #batch-folder button[aria-label*='emove']").first.click()
    page.get_by_role("tab", name="Edit").click()
    upload(page, folder / "a.png")
    slide(page, "Smiling", -1)
    status(page, "Smiling -1")
    page.get_by_role("tab", name="Batch").click()
    page.click("#batch-what input")
    page.get_by_role("option", name="What the sliders").click()
    page.wait_for_selector("#batch-about:has-text('Smiling -1')")
    page.set_input_files("#batch-files input[type=file]", [str(folder / "a.png"), str(folder / "b.jpg")] * 8)
    page.wait_for_function("document.querySelectorAll('#batch-files tr.file').length === 16")
    page.click("#batch-run")
    page.wait_for_selector("#batch-results li.done")
    page.click("#batch-stop")
    some = packed(page)
    assert 1 <= len(some) < 16
    expected = editor.edit(editor.open(folder / "a.png"), {"Smiling": -1.0}).pixels
    assert np.array_equal(some["a.png"], expected)
    page.close()

    def left() -> list[str]:  # os.walk goes on where a folder goes meanwhile
        names = (name for *_, here in os.walk(temporary) for name in here)
        return [name for name in names if name.endswith((".png", ".jpg", ".zip"))]

    until(lambda: not left())
