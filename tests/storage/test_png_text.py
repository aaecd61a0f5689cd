"""A text inside of a PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attributes import Recipe, RecipeError
from storage.files import FileError
from storage.png_text import SIGNATURE, add_text, read_text_inside


def test_a_recipe_goes_into_a_png_and_its_picture_stays(tmp_path: Path, astronaut: np.ndarray) -> None:
    path, recipe = tmp_path / "picture.png", Recipe("Grün 笑", {"Smiling": 0.5, "Young": -0.4}, ("Male",))
    Image.fromarray(astronaut).save(path)
    with pytest.raises(RecipeError, match="no recipe inside"):
        Recipe.load(path)
    recipe.put_into(path)
    assert Recipe.load(path) == recipe
    assert np.array_equal(np.asarray(Image.open(path)), astronaut)
    Image.open(path).verify()
    path.write_bytes(b"no picture")
    with pytest.raises(RecipeError):
        recipe.put_into(path)
    assert path.read_bytes() == b"no picture"


@pytest.mark.parametrize(
    "content",
    [
        b"", SIGNATURE, SIGNATURE + b"\xff\xff\xff\xffiTXtkey\0\0\0\0\0text",
        SIGNATURE + b"\0\0\0\x0ciTXtkey\0\0\0\0\0",
        SIGNATURE + b"\0\0\0\x09iTXtkey\0\0\0\0\0\xff1234",
    ],
)  # fmt: skip
def test_broken_files_hold_no_text(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    assert read_text_inside(path, "key", 1000) is None
    with pytest.raises(FileError):
        add_text(path, "key", "text")
    assert path.read_bytes() == content
