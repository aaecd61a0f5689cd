"""Photos that other programs write a little wrong: they open, and what can be kept of them is kept."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faces import PhotoError, open_photo, save_photo

COPYRIGHT = "© 2024 Jörg Müller".encode()
ARTIST = b"J\xf6rg"  # Latin-1
BIAS, EXPOSURE, CAMERA = 37380, 33434, 34665


def directory(entries: list[tuple[int, int, int, bytes]], offset: int) -> bytes:
    """A TIFF directory of (tag, type, count, value), the values behind it, as it stands at ``offset``."""
    head, values = struct.pack("<H", len(entries)), b""
    behind = offset + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        head += struct.pack("<HHI", tag, kind, count)
        head += value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", behind + len(values))
        values += value + b"\0" * (len(value) % 2) if len(value) > 4 else b""
    return head + struct.pack("<I", 0) + values


@pytest.fixture(scope="module")
def block() -> bytes:
    """EXIF: lying on its side, texts in UTF-8 and in Latin-1, an exposure time, and a bias of -1/0."""
    main = [
        (274, 3, 1, struct.pack("<H", 6)),
        (315, 2, len(ARTIST) + 1, ARTIST + b"\0"),
        (33432, 2, len(COPYRIGHT) + 1, COPYRIGHT + b"\0"),
    ]
    camera = [(EXPOSURE, 5, 1, struct.pack("<II", 1, 60)), (BIAS, 10, 1, struct.pack("<ii", -1, 0))]
    start = 8 + len(directory([*main, (CAMERA, 4, 1, b"\0\0\0\0")], 8))
    first = directory([*main, (CAMERA, 4, 1, struct.pack("<I", start))], 8)
    return b"Exif\0\0" + b"II*\0" + struct.pack("<I", 8) + first + directory(camera, start)


@pytest.mark.parametrize("suffix", ["JPEG", "PNG", "WEBP"])
def test_a_tag_that_cannot_be_written_costs_that_tag(
    astronaut: np.ndarray[Any, Any], block: bytes, suffix: str, tmp_path: Path
) -> None:
    file = io.BytesIO()
    Image.fromarray(astronaut[:100]).save(file, suffix, exif=block)
    photo = open_photo(file.getvalue())
    assert photo.pixels.shape == (512, 100, 3)  # stood up
    save_photo(photo, tmp_path / "saved.jpg")
    saved = (tmp_path / "saved.jpg").read_bytes()
    camera = Image.open(tmp_path / "saved.jpg").getexif().get_ifd(CAMERA)
    assert camera[EXPOSURE] == pytest.approx(1 / 60)
    assert BIAS not in camera
    assert COPYRIGHT + b"\0" in saved  # the very bytes
    assert ARTIST + b"\0" in saved


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("quality", [40, 95])
def test_a_jpeg_that_lacks_only_its_end_is_whole(
    astronaut: np.ndarray[Any, Any], quality: int, progressive: bool
) -> None:
    file = io.BytesIO()
    Image.fromarray(astronaut).save(file, "JPEG", quality=quality, progressive=progressive)
    data = file.getvalue()
    whole = open_photo(data).pixels
    for cut in (1, 2):
        np.testing.assert_array_equal(open_photo(data[:-cut]).pixels, whole)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lacks_pixels_is_refused(astronaut: np.ndarray[Any, Any], progressive: bool) -> None:
    file = io.BytesIO()
    Image.fromarray(astronaut).save(file, "JPEG", quality=90, progressive=progressive)
    data = file.getvalue()
    for cut in (4, 20, 500, len(data) // 2):
        with pytest.raises(PhotoError, match="damaged or incomplete"):
            open_photo(data[:-cut])
