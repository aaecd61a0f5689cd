"""Grey photos: known as such when opened, and saved as such with their profile."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from faces import Photo, open_photo, save_photo
from tests.faces.files.crafted import encoded, png_16bit

Array = np.ndarray[Any, Any]

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY = SRGB[:16] + b"GRAY" + SRGB[20:]
"""A profile whose header says that it describes grey."""


@pytest.fixture
def picture(astronaut: Array) -> Image.Image:
    return Image.fromarray(astronaut[40:168, 130:322]).resize((96, 64))


def with_alpha(picture: Image.Image) -> Image.Image:
    grey = picture.convert("LA")
    grey.putalpha(picture.getchannel("G"))
    return grey


@pytest.mark.parametrize(("suffix", "tolerance"), [("png", 0), ("tiff", 0), ("bmp", 0), ("jpg", 2)])
def test_grey_stays_grey(picture: Image.Image, suffix: str, tolerance: float, tmp_path: Path) -> None:
    grey = picture.convert("L")
    photo = open_photo(encoded(grey, "PNG"))
    assert photo.grey
    save_photo(photo, tmp_path / f"a.{suffix}")
    with Image.open(tmp_path / f"a.{suffix}") as image:
        assert image.mode == "L"
        assert np.abs(np.asarray(image).astype(int) - np.asarray(grey)).mean() <= tolerance
    assert open_photo(tmp_path / f"a.{suffix}").grey


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_grey_with_alpha_stays_so(picture: Image.Image, suffix: str, tmp_path: Path) -> None:
    grey = with_alpha(picture)
    save_photo(open_photo(encoded(grey, "PNG")), tmp_path / f"a.{suffix}")
    with Image.open(tmp_path / f"a.{suffix}") as image:
        assert image.mode == "LA"
        assert np.array_equal(np.asarray(image), np.asarray(grey))


@pytest.mark.parametrize("suffix", ["jpg", "bmp"])
def test_grey_with_alpha_is_laid_on_white_as_colours_are(picture: Image.Image, suffix: str, tmp_path: Path) -> None:
    photo = open_photo(encoded(with_alpha(picture), "PNG"))
    save_photo(photo, tmp_path / f"a.{suffix}")
    save_photo(Photo(photo.pixels, photo.alpha), tmp_path / f"b.{suffix}")
    with Image.open(tmp_path / f"a.{suffix}") as grey, Image.open(tmp_path / f"b.{suffix}") as colours:
        assert grey.mode == "L"
        assert np.abs(np.asarray(grey).astype(int) - np.asarray(colours)[:, :, 1]).mean() <= 2


def test_webp_has_no_grey_and_loses_nothing(picture: Image.Image, tmp_path: Path) -> None:
    photo = open_photo(encoded(with_alpha(picture), "PNG", icc_profile=GREY))
    save_photo(photo, tmp_path / "a.webp")
    again = open_photo(tmp_path / "a.webp")
    assert np.array_equal(again.pixels, photo.pixels)
    assert again.icc_profile is None
    assert photo.icc_profile == GREY


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "I", "F", "P", "RGB", "RGBA", "CMYK"])
def test_which_modes_are_grey(picture: Image.Image, mode: str) -> None:
    image = (
        picture.convert(mode) if mode != "I;16" else Image.fromarray(np.asarray(picture.convert("L")) * np.uint16(9))
    )
    assert open_photo(image).grey == (mode in ("1", "L", "LA", "I;16", "I", "F"))


def test_arrays_of_one_channel_are_grey(picture: Image.Image) -> None:
    pixels = np.asarray(picture)
    assert open_photo(pixels[:, :, 0]).grey
    assert open_photo(pixels[:, :, :2]).grey
    assert not open_photo(pixels).grey


@pytest.mark.parametrize("suffix", ["png", "tiff", "jpg"])
def test_a_profile_of_grey_is_kept_with_grey(picture: Image.Image, suffix: str, tmp_path: Path) -> None:
    photo = open_photo(encoded(picture.convert("L"), "PNG", icc_profile=GREY))
    save_photo(photo, tmp_path / f"a.{suffix}")
    assert open_photo(tmp_path / f"a.{suffix}").icc_profile == GREY


@pytest.mark.parametrize(("mode", "profile"), [("RGB", GREY), ("L", SRGB)])
def test_a_profile_of_another_kind_is_dropped(picture: Image.Image, mode: str, profile: bytes) -> None:
    stored = io.BytesIO()
    picture.convert(mode).save(stored, "PNG", icc_profile=profile)
    assert open_photo(stored.getvalue()).icc_profile is None


def test_what_has_got_colour_is_saved_in_colour(picture: Image.Image, tmp_path: Path) -> None:
    photo = open_photo(encoded(picture.convert("L"), "PNG", icc_profile=GREY)).with_pixels(np.asarray(picture))
    assert photo.grey
    save_photo(photo, tmp_path / "a.png")
    again = open_photo(tmp_path / "a.png")
    assert not again.grey
    assert again.icc_profile is None
    assert np.array_equal(again.pixels, np.asarray(picture))


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_sixteen_bits_of_grey_with_a_profile(suffix: str, tmp_path: Path) -> None:
    values = np.arange(600, dtype=np.uint16).reshape(20, 30, 1) * 100
    photo = Photo(
        open_photo(png_16bit(values)).pixels, None, GREY, pixels_16bit=np.repeat(values, 3, axis=2), grey=True
    )
    save_photo(photo, tmp_path / f"a.{suffix}")
    with Image.open(tmp_path / f"a.{suffix}") as image:
        assert image.mode == "I;16"
        assert image.info["icc_profile"] == GREY
        assert np.array_equal(np.asarray(image), values[:, :, 0])
