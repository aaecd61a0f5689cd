"""Opening every kind of photo, refusing what is none, and saving without loss or damage."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from faces import FaceError, Photo, PhotoError, open_photo, save_photo
from tests.faces.files.crafted import chunked_png

Array = np.ndarray[Any, Any]

GPS, ORIENTATION, MODEL, CAMERA, DATE = 0x8825, 0x0112, 0x0110, 0x8769, 0x9003


@pytest.fixture
def picture(astronaut: Array) -> Image.Image:
    """96 x 64, so that a turn shows in the shape."""
    return Image.fromarray(astronaut[40:168, 130:322]).resize((96, 64))


def grey_of(picture: Image.Image) -> Array:
    return np.asarray(picture.convert("L"))


def wide_rows(values: Array) -> bytes:
    """16-bit rows, each with the filter byte 0 in front."""
    return b"".join(b"\x00" + row.astype(">u2").tobytes() for row in values)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".bmp"])
def test_rgb_files_open_as_they_are(picture: Image.Image, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"photo{suffix}"
    picture.save(path, lossless=True)
    photo = open_photo(path)
    assert np.array_equal(photo.pixels, np.asarray(picture))
    assert photo.alpha is None
    assert photo.name == path.name


@pytest.mark.parametrize(
    ("mode", "suffix", "tolerance"),
    [("L", ".png", 0), ("1", ".png", 0), ("P", ".png", 40), ("CMYK", ".tiff", 2), ("CMYK", ".jpg", 12),
     ("YCbCr", ".jpg", 12), ("L", ".jpg", 8), ("LAB", ".tiff", 12)],
)  # fmt: skip
def test_other_modes_look_right(picture: Image.Image, tmp_path: Path, mode: str, suffix: str, tolerance: float) -> None:
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        stored = ImageCms.profileToProfile(picture, *profiles, outputMode="LAB")
        assert stored is not None
    else:
        stored = picture.convert(mode)
    path = tmp_path / f"photo{suffix}"
    stored.save(path)
    expected = np.asarray(stored.convert("RGB") if mode in ("L", "1") else picture, dtype=int)
    photo = open_photo(path)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.shape == (64, 96, 3)
    assert np.abs(photo.pixels - expected).mean() <= tolerance


def test_sixteen_bit_grey_is_scaled_not_clipped(picture: Image.Image, tmp_path: Path) -> None:
    grey = grey_of(picture)
    for name in ("wide.png", "wide.tiff"):
        Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / name)
        pixels = open_photo(tmp_path / name).pixels
        assert all(np.array_equal(pixels[:, :, channel], grey) for channel in range(3))


def test_wide_integer_and_float_tiff(picture: Image.Image, tmp_path: Path) -> None:
    grey = grey_of(picture)
    for name, values in (("i.tiff", grey.astype(np.int32) * 257), ("f.tiff", grey.astype(np.float32) / 255)):
        Image.fromarray(values).save(tmp_path / name)
        assert np.array_equal(open_photo(tmp_path / name).pixels[:, :, 1], grey)


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colour_png(picture: Image.Image, channels: int) -> None:
    pixels = np.asarray(picture.convert("RGBA"))[:, :, :channels].astype(np.uint16)
    rows = wide_rows((pixels * 257).reshape(64, -1))
    photo = open_photo(chunked_png(16, 2 if channels == 3 else 6, rows, 96, 64))
    assert np.array_equal(photo.pixels, np.asarray(picture))
    assert (photo.alpha is None) == (channels == 3)


def test_alpha_is_kept_apart(picture: Image.Image, tmp_path: Path) -> None:
    alpha = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))
    picture.putalpha(Image.fromarray(alpha))
    picture.save(tmp_path / "rgba.png")
    photo = open_photo(tmp_path / "rgba.png")
    assert photo.alpha is not None
    assert np.array_equal(photo.alpha, alpha)
    assert np.array_equal(photo.pixels, np.asarray(picture)[:, :, :3])
    picture.convert("LA").save(tmp_path / "la.png")
    grey = open_photo(tmp_path / "la.png")
    assert grey.alpha is not None
    assert np.array_equal(grey.alpha, alpha)


def test_transparent_palette(picture: Image.Image, tmp_path: Path) -> None:
    palette = picture.quantize(16)
    palette.save(tmp_path / "p.png", transparency=3)
    photo = open_photo(tmp_path / "p.png")
    assert photo.alpha is not None
    assert np.array_equal(photo.alpha == 0, np.asarray(palette) == 3)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animation_gives_its_first_frame(picture: Image.Image, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"moving{suffix}"
    black = Image.new("RGB", picture.size)
    picture.save(path, save_all=True, append_images=[black, black], duration=50, lossless=True)
    assert np.abs(open_photo(path).pixels.astype(int) - np.asarray(picture)).mean() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_upright(picture: Image.Image, tmp_path: Path, orientation: int) -> None:
    upright = np.asarray(picture)
    # How a camera held that way stores the upright picture, by the EXIF standard's table.
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.transpose(1, 0, 2), 6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MODEL] = "Camera"
    path = tmp_path / "photo.png"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif)
    photo = open_photo(path)
    assert np.array_equal(photo.pixels, upright)
    save_photo(photo, tmp_path / "again.png")
    with Image.open(tmp_path / "again.png") as again:
        assert again.getexif().get(ORIENTATION, 1) == 1
        assert again.getexif()[MODEL] == "Camera"
    assert np.array_equal(open_photo(tmp_path / "again.png").pixels, upright)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff"])
def test_place_is_dropped_and_camera_kept(picture: Image.Image, tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[MODEL] = "Camera"
    exif[GPS] = {1: "N", 2: (48.0, 51.0, 30.0)}
    owner, serial, comment = 0xA430, 0xA431, 0x9286
    private = {0x927C: b"secret maker note", owner: "secret owner", serial: "secret serial", comment: b"secret comment"}
    exif[CAMERA] = {DATE: "2020:01:02 03:04:05", **private}
    picture.save(tmp_path / "in.jpg", exif=exif)
    with Image.open(tmp_path / "in.jpg") as before:
        assert before.getexif().get_ifd(GPS)[1] == "N"
    save_photo(open_photo(tmp_path / "in.jpg"), tmp_path / f"out{suffix}")
    with Image.open(tmp_path / f"out{suffix}") as after:
        kept = after.getexif()
        assert kept[MODEL] == "Camera"
        assert kept.get_ifd(CAMERA)[DATE] == "2020:01:02 03:04:05"
        assert not kept.get_ifd(GPS)
    assert b"secret" not in (tmp_path / f"out{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
def test_lossless_round_trip(picture: Image.Image, tmp_path: Path, suffix: str) -> None:
    alpha = np.random.default_rng(0).integers(0, 256, (64, 96), dtype=np.uint8)
    alpha[:20] = 0  # Colours under full transparency must survive as well.
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = Photo(np.asarray(picture), alpha, icc_profile=icc)
    save_photo(photo, tmp_path / f"photo{suffix}")
    again = open_photo(tmp_path / f"photo{suffix}")
    assert again.alpha is not None
    assert np.array_equal(again.pixels, photo.pixels)
    assert np.array_equal(again.alpha, alpha)
    assert again.icc_profile == icc


@pytest.mark.parametrize(("suffix", "tolerance"), [(".jpg", 4), (".JPEG", 4), (".bmp", 0)])
def test_opaque_formats_lay_alpha_on_white(picture: Image.Image, tmp_path: Path, suffix: str, tolerance: float) -> None:
    alpha = np.full((64, 96), 255, np.uint8)
    alpha[:, :48] = 0
    save_photo(Photo(np.asarray(picture), alpha), tmp_path / f"photo{suffix}")
    again = open_photo(tmp_path / f"photo{suffix}")
    assert again.alpha is None
    assert again.pixels[:, :40].min() > 245
    assert np.abs(again.pixels[:, 56:].astype(int) - np.asarray(picture)[:, 56:]).mean() <= tolerance


def test_every_kind_of_source(picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    picture.save(path)
    expected = np.asarray(picture)
    with open(path, "rb") as file:
        sources = [str(path), path, path.read_bytes(), file, io.BytesIO(path.read_bytes()), picture, expected]
        for source in sources:
            assert np.array_equal(open_photo(source).pixels, expected)  # type: ignore[arg-type]


def test_arrays(picture: Image.Image) -> None:
    rgb, grey = np.asarray(picture), grey_of(picture)
    assert np.array_equal(open_photo(rgb.astype(np.uint16) * 257).pixels, rgb)
    assert np.array_equal(open_photo(rgb.astype(np.float32) / 255).pixels, rgb)
    assert np.array_equal(open_photo(grey).pixels[:, :, 2], grey)
    four = open_photo(np.dstack([rgb, grey]))
    assert four.alpha is not None
    assert np.array_equal(four.alpha, grey)
    assert np.array_equal(four.pixels, rgb)
    assert np.array_equal(np.asarray(four.image), np.dstack([rgb, grey]))


@pytest.mark.parametrize(
    ("array", "words"),
    [(np.zeros((4, 4, 5), np.uint8), "shape"), (np.zeros((0, 4, 3), np.uint8), "shape"),
     (np.zeros(7, np.uint8), "shape"), (np.full((4, 4), 200.0), "200"), (np.full((4, 4), np.nan), "nan"),
     (np.zeros((4, 4), np.int64), "int64")],
)  # fmt: skip
def test_arrays_that_are_no_photo(array: Array, words: str) -> None:
    with pytest.raises(PhotoError, match=words):
        open_photo(array)


@pytest.mark.parametrize("suffix", ["png", "jpeg", "webp", "tiff", "gif", "bmp"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_truncated_files(picture: Image.Image, suffix: str, share: float) -> None:
    buffer = io.BytesIO()
    picture.save(buffer, suffix)
    data = buffer.getvalue()
    with pytest.raises(PhotoError, match="'photo'"):
        open_photo(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"hello, this is no picture", "not a picture"), (b"\x00" * 5000, "not a picture"),
     (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
     (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC")],
)  # fmt: skip
def test_not_a_picture(data: bytes, words: str) -> None:
    with pytest.raises(PhotoError, match=words):
        open_photo(data)
    with pytest.raises(FaceError):
        open_photo(io.BytesIO(data))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_100, 30_000])
def test_bombs_are_refused_before_decoding(side: int) -> None:
    # One row of data: decoding it would complain of truncation instead of size.
    bomb = chunked_png(1, 0, b"\x00" * (side // 8 + 2), side, side)
    with pytest.raises(PhotoError, match="100 megapixels"):
        open_photo(bomb)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"absent\.png.*No such file"):
        open_photo(tmp_path / "absent.png")
    with pytest.raises(PhotoError, match="directory"):
        open_photo(tmp_path)


def test_unknown_suffix_names_the_known(picture: Image.Image, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"'\.xyz'.*\.jpg.*\.png"):
        save_photo(Photo(np.asarray(picture)), tmp_path / "photo.xyz")
    assert os.listdir(tmp_path) == []


def test_failed_write_damages_nothing(picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "photo.webp"
    save_photo(Photo(np.asarray(picture)), path)
    before = path.read_bytes()
    # WebP ends at 16383 pixels a side, so this write fails for real.
    with pytest.raises(PhotoError, match="Nothing was overwritten"):
        save_photo(Photo(np.zeros((2, 17_000, 3), np.uint8)), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]
    with pytest.raises(PhotoError, match="there is no folder"):
        save_photo(Photo(np.asarray(picture)), tmp_path / "absent" / "photo.png")


def test_with_pixels_keeps_the_rest(picture: Image.Image) -> None:
    photo = Photo(np.asarray(picture), np.full((64, 96), 9, np.uint8), b"icc", b"exif", "name.png")
    other = photo.with_pixels(255 - photo.pixels)
    assert other.alpha is photo.alpha
    assert (other.icc_profile, other.exif, other.name) == (b"icc", b"exif", "name.png")
    with pytest.raises(PhotoError, match="do not fit"):
        photo.with_pixels(photo.pixels[1:])
    with pytest.raises(PhotoError, match="float64"):
        photo.with_pixels(photo.pixels / 255)
