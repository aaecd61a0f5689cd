"""Files made to take long, to take much memory, or to stumble over, are refused in words; honest large ones open."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from errors import LONGEST
from faces import MAX_PIXELS, PhotoError, open_photo
from tests.conftest import ROOT
from tests.faces.files.crafted import chunked_png

MEASURE = """
import resource, sys
from PIL import Image
from faces import PhotoError, open_photo
from pathlib import Path
Image.init()
open_photo(Path(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[2:]:
    try:
        print(open_photo(Path(path)).pixels.shape)
    except PhotoError as error:
        print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def peak(paths: list[Path], tmp_path: Path) -> tuple[list[str], int]:
    """What opening each file says, and the memory in MiB that it takes at most, in a process of its own."""
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "small.png"), *map(str, paths)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stderr == ""
    *texts, number = said.stdout.splitlines()
    return texts, int(number)


def flat_png(depth: int, colour: int, bits: int, width: int, height: int) -> bytes:
    """A PNG of zeros: small on the disk, whatever its size."""
    return chunked_png(depth, colour, bytes((1 + (bits * width + 7) // 8) * height), width, height)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is counted in KiB as Linux does")
def test_hundred_megapixels_open_or_are_refused_in_a_gigabyte(tmp_path: Path) -> None:
    kinds = ((8, 2, 24), (1, 0, 1), (8, 6, 32))
    paths = [tmp_path / f"{number}.png" for number in range(len(kinds))]
    for path, kind in zip(paths, kinds, strict=True):
        path.write_bytes(flat_png(*kind, 10_000, 9_990))
    texts, megabytes = peak(paths, tmp_path)
    assert megabytes < 1_000_000_000 // 1024**2
    assert texts[0] == "(9990, 10000, 3)"  # what phones make
    assert all(text == "(9990, 10000, 3)" or "too large" in text for text in texts)
    assert len(texts) == len(kinds)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is counted in KiB as Linux does")
def test_twenty_four_megapixels_open_in_every_mode(tmp_path: Path) -> None:
    paths = []
    for suffix, mode in (("webp", "RGB"), ("float.tiff", "F"), ("tiff", "CMYK"), ("gif", "P")):
        paths.append(tmp_path / f"photo.{suffix}")
        Image.new(mode, (6000, 4000)).save(paths[-1], lossless=True, method=0)
    texts, megabytes = peak(paths, tmp_path)
    assert texts == ["(4000, 6000, 3)"] * 4
    assert megabytes < 1_000_000_000 // 1024**2


@pytest.mark.parametrize("size", [(1, MAX_PIXELS - 1), (99_000, 100), (20_000, 20_000)])
def test_what_is_thinner_or_larger_than_photos_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(PhotoError, match="too large"):
        open_photo(chunked_png(8, 0, b"", *size))


@pytest.mark.parametrize("size", [(12_000, 9_000), (16_320, 12_240)], ids=["108 megapixels", "200 megapixels"])
def test_the_largest_photos_of_phones_are_refused_with_what_to_do(size: tuple[int, int], tmp_path: Path) -> None:
    """Their headers alone tell: nothing is decoded."""
    Image.new("RGB", (16, 16)).save(tmp_path / "phone.jpg")
    small = (tmp_path / "phone.jpg").read_bytes()
    assert small.count(struct.pack(">HHB", 16, 16, 3)) == 1
    (tmp_path / "phone.jpg").write_bytes(
        small.replace(struct.pack(">HHB", 16, 16, 3), struct.pack(">HHB", *reversed(size), 3))
    )
    with pytest.raises(
        PhotoError, match=r"'phone.jpg' is too large: .*limit of 100 megapixels\. Scale it down first\."
    ):
        open_photo(tmp_path / "phone.jpg")


def test_a_jpeg_of_hundreds_of_scans_is_refused(astronaut: np.ndarray[Any, Any]) -> None:
    stored = io.BytesIO()
    Image.fromarray(astronaut).resize((3000, 3000)).save(stored, "JPEG", progressive=True, quality=30)
    honest = stored.getvalue()
    assert open_photo(honest).pixels.shape == (3000, 3000, 3)
    last = honest.rindex(b"\xff\xda")
    scan = honest[last:-2]
    with pytest.raises(PhotoError, match="scans"):
        open_photo(honest[:-2] + scan * 400 + honest[-2:])


def test_an_exposure_bias_of_minus_one_by_zero_costs_no_photo() -> None:
    """With an orientation: it turns the photo, the broken tag is left out or kept, the photo opens."""
    picture = Image.fromarray(np.arange(96 * 64 * 3, dtype=np.uint8).reshape(64, 96, 3))
    tags = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack("<HHII", 0x9204, 10, 1, 38)
    block = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x02\x00" + tags + bytes(4) + struct.pack("<ii", -1, 0)
    stored = io.BytesIO()
    picture.save(stored, "JPEG", exif=block)
    assert open_photo(stored.getvalue()).pixels.shape == (96, 64, 3)


def test_pipes_and_endless_streams_are_not_waited_for(tmp_path: Path) -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return bytes(max(size, 0))

    with pytest.raises(PhotoError, match="directory"):
        open_photo(tmp_path)
    with pytest.raises(PhotoError, match="too large"):
        open_photo(Endless())  # type: ignore[arg-type]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(PhotoError, match="no regular file"):
            open_photo(tmp_path / "pipe.png")


def test_messages_are_short_printable_lines_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / ("a\x1b[31m\n" + "x" * 200 + ".png")
    path.write_bytes(b"no picture")
    with pytest.raises(PhotoError) as caught:
        open_photo(path)
    assert len(str(caught.value)) <= LONGEST
    assert str(caught.value).isprintable()
    with pytest.raises(PhotoError) as caught:
        open_photo(str(tmp_path / ("y" * 5000)))
    assert len(str(caught.value)) <= LONGEST


def test_a_picture_with_a_text_that_unpacks_without_end_is_refused(astronaut: np.ndarray[Any, Any]) -> None:
    stored = io.BytesIO()
    Image.fromarray(astronaut[:64, :64]).save(stored, "PNG")
    body = b"Comment\x00\x00" + zlib.compress(bytes(200_000_000), 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    data = stored.getvalue()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PhotoError):
            open_photo(data[:33] + chunk + data[33:])
