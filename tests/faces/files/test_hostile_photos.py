"""Files built to exhaust, confuse or stop the reader of photos: each opens within its means, or is refused in words."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from faces import PhotoError, open_photo
from faces.files.photo import MAX_FILE_BYTES
from tests.conftest import ROOT
from tests.faces.files.crafted import (
    EXPOSURE_BIAS,
    MAKER,
    ORIENTATION,
    avif_said_small,
    bmp_of_runs,
    changed,
    codestream,
    encoded,
    flat_png,
    gif_with,
    grey_tiff,
    icon_with,
    impossible_exif,
    many_scans,
    overlapping_tags,
    png,
    short_jpeg,
    small_png,
    webp_of_chunks,
)

Array = np.ndarray[Any, Any]


OPENING = """
import resource, sys
import PIL.Image
from faces import PhotoError, open_photo
PIL.Image.init()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
for room in (1_000_000, 50_000_000):
    resource.setrlimit(resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))
    try:
        print(open_photo(sys.argv[1]).pixels.shape)
    except PhotoError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: many_scans(3000, 300), "scans of 9000000 pixels"),
        (lambda: short_jpeg(b"\xff\xe5\x00\x02" * 20_000), "segments"),
        (lambda: short_jpeg(b"\xff\xe5\x00\x02" + b"\x01" * 500_000), "bytes of tables or of nothing"),
        (lambda: short_jpeg(b"\xff\xe1\xea\x8cExif\x00\x00" + overlapping_tags(4000, 11_990)), "metadata"),
        (lambda: small_png(*[(b"abCd", b"")] * 110_000), "chunks"),
        (lambda: webp_of_chunks(110_000), "chunks"),
        (lambda: gif_with(b"\x21\xfe" + (b"\xff" + bytes(255)) * 9000 + b"\x00"), "before its first frame"),
        (lambda: gif_with(b"\x21\xf9\x04\x00\x00\x00\x00\x00" * 300_000), "before its first frame"),
        (lambda: bmp_of_runs(10_000), "run-length coded BMP"),
        (lambda: b"P3\n4000 2000\n255\n" + b"1 " * 5000, "plain text"),
        (lambda: b"P6\n4000 2000\n200\n" + bytes(5000), "of other than 8 bits"),
        (lambda: b"P2\n100 100\n255\n" + b"#\n" * 5000, "5000 comments"),
        (lambda: b"P6\n#" + b"a" * 10_000, "header of over 4096"),
        (lambda: icon_with(flat_png(2, 13_000, 8, 0, 2)), "13000 pixels inside of an icon"),
        (lambda: overlapping_tags(3000, 300_000), "metadata"),
        (lambda: overlapping_tags(20_000, 9), "20000 tags"),
        (lambda: grey_tiff(99, 99, 8, {322: (4, [30_000]), 323: (4, [30_000])}, b"x"), "tiles of 30000 x 30000"),
        (lambda: grey_tiff(99, 99, 1, {273: (4, [8] * 500_000)}, b"x"), "500000 strips"),
        (lambda: grey_tiff(9000, 9000, 7, {273: (4, [8])}, b"x"), "JPEG inside of a TIFF"),
        (lambda: changed(codestream(), b"\xff\x51", 6, struct.pack(">II", 9000, 9000)), "megapixels of 4 are read"),
        (lambda: changed(codestream(), b"\xff\x51", 6, struct.pack(">6I", 300, 300, 0, 0, 1, 1)), "90000 tiles"),
        (lambda: changed(codestream(), b"\xff\x52", 6, b"\xff\xff"), "65535 layers"),
        (lambda: changed(codestream(), b"\xff\x52", 0, b"\xff\x5d\x00\x02" * 110_000 + b"\xff\x52"), "markers"),
        (lambda: b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\x00\x00\x00\x08abcd" * 2000, "boxes"),
        (avif_said_small, "coded pixels"),
    ],
)  # fmt: skip
def test_what_asks_for_too_much_is_refused_before_decoding(make: Callable[[], bytes], words: str) -> None:
    with pytest.raises(PhotoError, match=f"{words}.*(Save it anew|Scale it down)"):
        open_photo(make())


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"iTXt"])
def test_packed_texts_are_not_unpacked_without_limit(kind: bytes) -> None:
    start = b"a\x00\x01\x00\x00\x00" if kind == b"iTXt" else b"a\x00\x00"
    with pytest.raises(PhotoError, match="'photo'"):
        open_photo(small_png((kind, start + zlib.compress(bytes(100_000_000), 1))))


def test_too_long_a_side_and_too_many_bytes_a_pixel_say_what_to_do(tmp_path: Path) -> None:
    line = png((b"IHDR", struct.pack(">IIBBBBB", 1, 99_900_000, 8, 0, 0, 0, 0)), (b"IDAT", b""), (b"IEND", b""))
    with pytest.raises(PhotoError, match=r"1 x 99900000 pixels.*65535.*Scale it down"):
        open_photo(line)
    progressive = encoded(Image.new("RGB", (64, 64)), "JPEG", progressive=True, subsampling=0)
    frame = progressive.index(b"\xff\xc2") + 5
    progressive = progressive[:frame] + struct.pack(">HH", 10_000, 10_000) + progressive[frame + 4 :]
    with pytest.raises(PhotoError, match=r"10000 x 10000 pixels as JPEG in mode RGB.*MB.*plain"):
        open_photo(progressive)
    with pytest.raises(PhotoError, match="mode LAB"):
        open_photo(Image.new("LAB", (6000, 6000)))
    long = tmp_path / "long.jpg"
    with open(long, "wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(PhotoError, match="over 200 MB"):
        open_photo(long)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a process's memory is limited as Linux does it")
def test_too_little_memory_is_not_told_as_damage(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(flat_png(6000, 6000, 8, 2, 18_000) + bytes(2_000_000))
    told = subprocess.run([sys.executable, "-c", OPENING, path], cwd=ROOT, capture_output=True, text=True, check=True)
    for line in told.stdout.splitlines():
        assert "not enough memory" in line
    assert told.stdout.count("\n") == 2


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "I;16", "I", "F", "La", "RGBa", "HSV"]
)
@pytest.mark.parametrize("orientation", [1, 6])
def test_pictures_of_several_strips_are_those_of_one(astronaut: Array, mode: str, orientation: int) -> None:
    colours = Image.fromarray(astronaut).resize((1500, 1100))
    values = np.asarray(colours.convert("L"))
    if mode in ("I;16", "I", "F"):
        dtype = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
        stored = Image.fromarray((values * 257.0).astype(dtype))
        expected = Image.merge("RGB", [Image.fromarray(values)] * 3)
    elif mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        stored = ImageCms.profileToProfile(colours, *profiles, outputMode="LAB") or colours
        expected = ImageCms.profileToProfile(stored, *profiles[::-1], outputMode="RGB") or colours
    else:
        whole = colours.convert("RGBA") if mode in ("RGBA", "RGBa", "LA", "La") else colours
        if whole.mode == "RGBA":
            whole.putalpha(Image.fromarray(values))
        stored = (whole.convert("LA") if mode == "La" else whole).convert(mode)
        expected = (stored.convert("LA") if mode == "La" else stored).convert(whole.mode)
    stored.getexif()[ORIENTATION] = orientation
    photo = open_photo(stored)
    wanted = np.asarray(expected)
    if orientation == 6:
        wanted = np.rot90(wanted, -1)
    assert np.array_equal(photo.pixels, wanted[:, :, :3])
    assert (photo.alpha is None) == (wanted.shape[2] == 3)
    if photo.alpha is not None:
        assert np.array_equal(photo.alpha, wanted[:, :, 3])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_tags_that_cannot_be_written_again_cost_the_tags_only(kind: str) -> None:
    wide = Image.new("RGB", (96, 64), (200, 30, 30))
    if kind == "AVIF":  # Pillow cannot write such tags into this format, so they are put over others.
        exif = Image.Exif()
        exif[ORIENTATION], exif[MAKER] = 6, "M" * 20
        data = encoded(wide, kind, exif=exif.tobytes())
        at = data.index(b"MM\x00*")
        tag = data.index(struct.pack(">HHI", MAKER, 2, 21), at)
        value = at + struct.unpack_from(">I", data, tag + 8)[0]
        data = data[:tag] + struct.pack(">HHI", EXPOSURE_BIAS, 10, 1) + data[tag + 8 :]
        data = data[:value] + struct.pack(">ii", -1, 0) + data[value + 8 :]
    else:
        data = encoded(wide, kind, exif=impossible_exif())
    photo = open_photo(data)
    assert photo.pixels.shape == (96, 64, 3)
    assert photo.exif is None


def test_tags_without_end_cost_the_tags_only() -> None:
    photo = open_photo(small_png((b"eXIf", overlapping_tags(3000, 300_000))))
    assert photo.pixels.shape == (8, 8, 3)
    assert photo.exif is None


def test_a_turned_tiff_comes_upright_with_its_tags(astronaut: Array) -> None:
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(astronaut[:64, :96])))
    data = encoded(stored, "TIFF", compression="tiff_lzw", tiffinfo={ORIENTATION: 6, MAKER: "A maker"})
    photo = open_photo(data)
    assert np.array_equal(photo.pixels, astronaut[:64, :96])
    assert photo.exif is not None
    assert b"A maker" in photo.exif


def test_the_first_picture_of_several_is_taken() -> None:
    for kind in ("MPO", "TIFF", "PNG"):
        first, second = Image.new("RGB", (40, 30), (200, 0, 0)), Image.new("RGB", (40, 30))
        pixels = open_photo(encoded(first, kind, save_all=True, append_images=[second])).pixels
        assert pixels.shape == (30, 40, 3)
        assert pixels[:, :, 0].min() > 180


def test_nothing_is_warned_of_nor_written(capfd: pytest.CaptureFixture[str]) -> None:
    sound = encoded(Image.new("L", (600, 400)), "TIFF", compression="tiff_adobe_deflate")
    truncated = encoded(Image.new("RGB", (8, 8)), "JPEG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x09\x00abc")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(PhotoError):
            open_photo(sound[:8] + b"\xaa" * 40 + sound[48:])  # libtiff writes of this, in C.
        assert open_photo(truncated).pixels.shape == (8, 8, 3)
        assert open_photo(flat_png(9500, 9500, 1, 0, 1188)).pixels.shape == (
            9500,
            9500,
            3,
        )  # Pillow warns from 89 MP on.
    os.write(2, b"heard")
    assert told == []
    assert capfd.readouterr() == ("", "heard")


def test_devices_are_not_waited_for_and_links_are_followed(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="no regular file"):
        open_photo("/dev/zero")
    with open("/dev/zero", "rb") as endless, pytest.raises(PhotoError, match="over 200 MB"):
        open_photo(endless)
    (tmp_path / "real.png").write_bytes(small_png())
    (tmp_path / "link.png").symlink_to("real.png")
    assert open_photo(tmp_path / "link.png").name == "link.png"


def test_streams_of_text_and_odd_paths_are_told(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("words")
    with open(tmp_path / "words.txt") as file, pytest.raises(PhotoError, match=r"not bytes.*binary mode"):
        open_photo(file)  # type: ignore[arg-type]
    with pytest.raises(PhotoError, match="null byte"):
        open_photo("a\x00b.png")
