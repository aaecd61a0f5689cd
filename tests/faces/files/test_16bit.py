"""Photos of 16 bits a channel: read and written without losing one, or in 8 bits, and never by way of a crash."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from faces import Photo, PhotoError, open_photo, save_photo
from tests.faces.files.crafted import (
    ORIENTATION,
    lzw_tiff,
    nearest,
    png_16bit,
    ramps,
    samples_16bit,
)

Array = np.ndarray[Any, Any]

MODEL, GPS, CAMERA, DATE = 0x0110, 0x8825, 0x8769, 0x9003
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def colours(values: Array) -> Array:
    return np.repeat(values[:, :, :1], 3, axis=2) if values.shape[2] <= 2 else values[:, :, :3]


def check(photo: Photo, values: Array) -> None:
    assert photo.pixels_16bit is not None
    assert np.array_equal(photo.pixels_16bit, colours(values))
    assert photo.finest is photo.pixels_16bit
    assert np.array_equal(photo.pixels, nearest(colours(values)))
    assert photo.grey == (values.shape[2] <= 2)
    assert (photo.alpha is not None) == (values.shape[2] in (2, 4))
    if photo.alpha is not None:
        assert photo.alpha.dtype == np.uint16
        assert np.array_equal(photo.alpha, values[:, :, -1])


@pytest.mark.parametrize("samples", [1, 2, 3, 4])
@pytest.mark.parametrize("interlaced", [False, True])
def test_png_comes_back_bit_for_bit(samples: int, interlaced: bool, tmp_path: Path) -> None:
    values = ramps(37, 29, samples)
    (tmp_path / "in.png").write_bytes(png_16bit(values, interlaced=interlaced))
    photo = open_photo(tmp_path / "in.png")
    check(photo, values)
    save_photo(photo, tmp_path / "out.png")
    assert np.array_equal(samples_16bit((tmp_path / "out.png").read_bytes()), values)
    check(open_photo(tmp_path / "out.png"), values)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1), (3, 2)])
def test_pngs_with_empty_passes(size: tuple[int, int]) -> None:
    values = ramps(8, 8, 3)[: size[0], : size[1]]
    assert np.array_equal(open_photo(png_16bit(values, interlaced=True)).finest, values)


@pytest.mark.parametrize("samples", [1, 3])
def test_a_transparent_colour_is_one_of_all_sixteen_bits(samples: int) -> None:
    values = ramps(20, 20, samples)
    values[5, 6] = values[7, 8] = 0x1234
    values[9, 9] = 0x1235
    photo = open_photo(png_16bit(values, (b"tRNS", b"\x12\x34" * samples), (b"tEXt", b"a\x00b")))
    assert photo.pixels_16bit is not None
    assert photo.alpha is not None
    assert np.array_equal(photo.pixels_16bit, colours(values))
    assert np.array_equal(photo.alpha, np.where((values == 0x1234).all(axis=2), 0, 65535))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "options",
    [{}, {"rowsperstrip": 7}, {"compression": "zlib"}, {"compression": "zlib", "predictor": True, "rowsperstrip": 16},
     {"tile": (32, 48)}, {"tile": (32, 48), "compression": "zlib", "predictor": True}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("planes", [False, True], ids=["chunky", "planar"])
def test_every_layout_of_tiff(order: str, options: dict[str, Any], planes: bool, tmp_path: Path) -> None:
    values = ramps(101, 67, 3)
    stored = np.ascontiguousarray(values.transpose(2, 0, 1)) if planes else values
    config = "separate" if planes else "contig"
    tifffile.imwrite(
        tmp_path / "in.tif", stored, photometric="rgb", planarconfig=config, byteorder=order, metadata=None, **options
    )
    check(open_photo(tmp_path / "in.tif"), values)


def test_tiff_of_long_offsets(tmp_path: Path) -> None:
    values = ramps(40, 30, 3)
    tifffile.imwrite(tmp_path / "in.tif", values, photometric="rgb", bigtiff=True, byteorder="<")
    check(open_photo(tmp_path / "in.tif"), values)


@pytest.mark.parametrize("predictor", [1, 2])
def test_tiff_packed_with_lzw(predictor: int) -> None:
    values = ramps(300, 200, 3)
    check(open_photo(lzw_tiff(values, predictor)), values)


@pytest.mark.parametrize("packing", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "zstd", "raw"])
def test_grey_tiff_of_another_writer(packing: str, tmp_path: Path) -> None:
    values = ramps(60, 50, 1)
    Image.fromarray(values[:, :, 0]).save(tmp_path / "in.tif", compression=packing)
    check(open_photo(tmp_path / "in.tif"), values)


@pytest.mark.parametrize("samples", [1, 3, 4])
@pytest.mark.parametrize("size", [(37, 29), (1500, 900)], ids=str)
def test_tiff_comes_back_bit_for_bit(samples: int, size: tuple[int, int], tmp_path: Path) -> None:
    values = ramps(*size, samples)
    save_photo(open_photo(values), tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert np.array_equal(file.asarray().reshape(values.shape), values)
        assert file.pages[0].photometric == (1 if samples == 1 else 2)
    photo = open_photo(tmp_path / "a.tif")
    check(photo, values)
    save_photo(photo, tmp_path / "b.tif")
    assert (tmp_path / "b.tif").read_bytes() == (tmp_path / "a.tif").read_bytes()


def test_grey_with_alpha_keeps_its_values_in_a_tiff_of_colour(tmp_path: Path) -> None:
    values = ramps(30, 20, 2)
    save_photo(open_photo(values), tmp_path / "a.tif")
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), np.dstack([colours(values), values[:, :, 1]]))


def test_inverted_grey_and_premultiplied_colours(tmp_path: Path) -> None:
    grey = ramps(30, 20, 1)
    tifffile.imwrite(tmp_path / "a.tif", 65535 - grey[:, :, 0], photometric="miniswhite")
    check(open_photo(tmp_path / "a.tif"), grey)
    values = ramps(30, 20, 4)
    alpha = values[:, :, 3:].astype(np.uint64)
    values[:, :, :3] = values[:, :, :3] * alpha // 65535
    tifffile.imwrite(tmp_path / "b.tif", values, photometric="rgb", extrasamples=["assocalpha"])
    photo = open_photo(tmp_path / "b.tif")
    assert photo.pixels_16bit is not None
    again = np.rint(photo.pixels_16bit * alpha / 65535)[alpha[:, :, 0] > 0]
    assert np.array_equal(again, values[:, :, :3][alpha[:, :, 0] > 0])  # nothing of them is lost


def test_an_unknown_fourth_channel_is_left_out(tmp_path: Path) -> None:
    values = ramps(30, 20, 4)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extrasamples=["unspecified"])
    check(open_photo(tmp_path / "a.tif"), values[:, :, :3])


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_upright(suffix: str, orientation: int, tmp_path: Path) -> None:
    upright = ramps(30, 20, 3)
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.transpose(1, 0, 2), 6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    stored = np.ascontiguousarray(stored)
    path = tmp_path / f"in.{suffix}"
    if suffix == "png":
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        path.write_bytes(png_16bit(stored, (b"eXIf", exif.tobytes().removeprefix(b"Exif\x00\x00"))))  # at the end
    else:
        tifffile.imwrite(path, stored, photometric="rgb", extratags=[(ORIENTATION, 3, 1, orientation, True)])
    check(open_photo(path), upright)


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_profile_and_tags_are_kept_and_the_place_is_not(suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[MODEL], exif[GPS], exif[CAMERA] = "Camera", {1: "N"}, {DATE: "2020:01:02 03:04:05", 0x927C: b"secret"}
    Image.new("RGB", (8, 8)).save(tmp_path / "in.jpg", exif=exif, icc_profile=SRGB)
    kept = open_photo(tmp_path / "in.jpg")
    values = ramps(40, 30, 4)
    photo = Photo(nearest(colours(values)), values[:, :, 3], kept.icc_profile, kept.exif, pixels_16bit=values[:, :, :3])
    save_photo(photo, tmp_path / f"a.{suffix}")
    again = open_photo(tmp_path / f"a.{suffix}")
    check(again, values)
    assert again.icc_profile == SRGB
    save_photo(again, tmp_path / f"b.{suffix}")
    with Image.open(tmp_path / f"b.{suffix}") as image:
        assert image.info["icc_profile"] == SRGB
        tags = image.getexif()
        assert tags[MODEL] == "Camera"
        assert tags.get_ifd(CAMERA) == {DATE: "2020:01:02 03:04:05"}
        assert not tags.get_ifd(GPS)
        image.load()
    assert b"secret" not in (tmp_path / f"b.{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp"])
def test_other_formats_hold_eight_bits(suffix: str, tmp_path: Path) -> None:
    photo = open_photo(ramps(40, 30, 4))
    assert photo.alpha is not None
    save_photo(photo, tmp_path / f"16bit.{suffix}")
    save_photo(Photo(photo.pixels, nearest(photo.alpha)), tmp_path / f"plain.{suffix}")
    assert (tmp_path / f"16bit.{suffix}").read_bytes() == (tmp_path / f"plain.{suffix}").read_bytes()


def test_new_pixels_bring_their_own_depth(tmp_path: Path) -> None:
    values = ramps(40, 30, 4)
    photo = open_photo(values)
    other = photo.with_pixels(65535 - values[:, :, :3])
    check(other, np.dstack([65535 - values[:, :, :3], values[:, :, 3]]))
    plain = photo.with_pixels(photo.pixels)
    assert plain.pixels_16bit is None
    assert plain.finest is plain.pixels
    save_photo(plain, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), np.dstack([photo.pixels, nearest(values[:, :, 3])]))
    with pytest.raises(PhotoError, match="uint16"):
        Photo(photo.pixels, pixels_16bit=photo.pixels)


def test_arrays_of_either_byte_order() -> None:
    values = ramps(12, 10, 4)
    check(open_photo(values), values)
    check(open_photo(values.astype(">u2")), values)
    check(open_photo(values[:, :, 0]), values[:, :, :1])


def test_an_opened_picture_of_wide_grey_keeps_its_depth() -> None:
    values = ramps(32, 32, 1)
    check(open_photo(Image.fromarray(values[:, :, 0])), values)
    stored = io.BytesIO()
    Image.fromarray(values[:, :, 0]).save(stored, "JPEG2000", irreversible=False)
    check(open_photo(stored.getvalue()), values)
