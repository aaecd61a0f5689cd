"""Photos of 16 bits a channel that are damaged, untrue or large: told in words, or read in little memory."""

from __future__ import annotations

import contextlib
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from faces import PhotoError, open_photo, save_photo
from tests.conftest import ROOT
from tests.faces.files.crafted import flat_png, nearest, png_16bit, ramps, tiff

MEASURE = """
import resource, sys
from faces import open_photo, save_photo
photo = open_photo(sys.argv[1])
save_photo(photo, sys.argv[2])
del photo
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
photo = open_photo(sys.argv[3])
opened = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
save_photo(photo, sys.argv[2])
print(photo.pixels_16bit is not None, opened - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_truncated_files_are_told(share: float, tmp_path: Path) -> None:
    values = ramps(64, 48, 3)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", compression="zlib")
    for data in (png_16bit(values), png_16bit(values, interlaced=True), (tmp_path / "a.tif").read_bytes()):
        with pytest.raises(PhotoError, match="'photo'"):
            open_photo(data[: int(len(data) * share)])


def rgb_tiff(more: dict[int, tuple[int, list[int]]], body: bytes = bytes(6 * 64 * 64)) -> bytes:
    base = {
        256: (4, [64]), 257: (4, [64]), 258: (3, [16, 16, 16]), 259: (3, [1]), 262: (3, [2]), 273: (4, [8]),
        277: (3, [3]), 278: (4, [64]), 279: (4, [6 * 64 * 64]),
    }  # fmt: skip
    return tiff({**base, **more}, body)


@pytest.mark.parametrize(
    "more",
    [
        {273: (4, [8] * 64), 278: (4, [1]), 279: (4, [24_000] * 64)},  # all strips are the whole body
        {278: (4, [0])},
        {279: (4, [5])},
        {322: (4, [1]), 323: (4, [1]), 324: (4, [8]), 325: (4, [6])},
        {322: (4, [0]), 323: (4, [16]), 324: (4, [8]), 325: (4, [6])},
        {273: (4, [4_000_000_000])},
        {284: (3, [2])},
        {259: (3, [5])},
        {259: (3, [8]), 317: (3, [2])},
        {317: (3, [3])},
        {339: (3, [3, 3, 3])},
        {338: (3, [1])},
    ],
    ids=str,
)
def test_tiffs_that_are_not_what_they_say_open_or_are_told(more: dict[int, tuple[int, list[int]]]) -> None:
    with contextlib.suppress(PhotoError):
        assert open_photo(rgb_tiff(more)).pixels.shape == (64, 64, 3)


def test_where_sixteen_bits_cannot_be_read_eight_are(tmp_path: Path) -> None:
    values = ramps(32, 32, 3)
    tifffile.imwrite(tmp_path / "a.tif", values.astype(np.float32) / 65535, photometric="rgb")
    with pytest.raises(PhotoError):  # nor can Pillow read this one
        open_photo(tmp_path / "a.tif")
    photo = open_photo(png_16bit(values, (b"acTL", struct.pack(">II", 1, 0)), (b"tEXt", b"a\x00b")))
    assert photo.pixels_16bit is None
    assert photo.reduced
    assert not open_photo(png_16bit(values)).reduced
    assert np.abs(photo.pixels.astype(int) - nearest(values)).max() <= 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is counted in KiB as Linux does")
@pytest.mark.parametrize("kind", ["png", "tif"])
def test_memory_is_at_most_ten_bytes_a_pixel_over_the_photos_own(kind: str, tmp_path: Path) -> None:
    width, height = 4000, 3000
    large, small = tmp_path / f"large.{kind}", tmp_path / f"small.{kind}"
    save_photo(open_photo(ramps(64, 64, 3)), small)
    if kind == "png":
        large.write_bytes(flat_png(width, height, 16, 2, 6 * width))
    else:
        tifffile.imwrite(large, np.zeros((height, width, 3), np.uint16), photometric="rgb", compression="zlib")
    command = [sys.executable, "-c", MEASURE, small, tmp_path / f"out.{kind}", large]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    assert told[0] == "True"
    own = 9 * width * height  # 16 and 8 bits of three channels
    assert int(told[1]) * 1024 < own + 10 * width * height
    assert int(told[2]) * 1024 < own + 10 * width * height
