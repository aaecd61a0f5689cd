"""What a file's headers tell before anything is decoded: its format, and whether it is built to exhaust a decoder.

Pillow reads headers in Python, a step for each chunk, marker or block, and some decoders start over with each scan or
tile: files of a few bytes can then cost minutes, or gigabytes. Each format's check walks the same headers by larger
steps and refuses what no camera or editor writes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from PIL import Image

from faces.headers import avif, jpeg, jpeg2000
from faces.headers.directory import ExcessError, Tag, check_directory, read_directory
from faces.limits import MAX_PIXELS

__all__ = ["inspect"]

_MAX_CHUNKS = 100_000
"""PNG's and WebP's chunks: files of 200 MB have 25,000 of the usual 8 kB."""
_MAX_GIF_HEAD_BYTES = 2_000_000
"""Bytes of a GIF before its first frame: palette, comments and XMP."""
_MAX_SLOW_PIXELS = 4_000_000
"""Most pixels of what Pillow decodes in Python, about a microsecond each."""
_MAX_SLOW_BYTES = 16_000_000
"""Longest file of that kind."""
_MAX_ICON_SIDE = 2048
"""Longest side of a picture inside of an icon, eight times what the format foresees."""
_MAX_STRIPS = 400_000
"""Strips or tiles of a TIFF: 100 megapixels in the smallest tiles (16 x 16)."""
_MAX_TILE_PIXELS = 1 << 24
"""Pixels of a TIFF's tile, which is held at once, however small the picture is."""

_MAX_JPEG_PIXELS = 40_000_000
"""Pixels of a TIFF of JPEGs, each of which may have 100 scans: libtiff's own limit."""


def inspect(data: bytes) -> tuple[str, int]:
    """The format that a file's first bytes name, and the bytes that its decoder holds at once beside the picture.

    What no signature fits is said to be TGA, which has none.

    Raises:
        ExcessError: its headers ask for far more time or memory than any photo needs.
    """
    for name, signature, check in _FORMATS:
        if re.match(signature, data, re.DOTALL):
            return name, check(data)
    return "TGA", 0


def _png(data: bytes, at: int = 0) -> int:
    width, height = struct.unpack_from(">II", data, at + 16) if len(data) >= at + 24 else (0, 0)
    if width * height > MAX_PIXELS:  # Pillow makes an animation's background when it opens it, however large
        raise Image.DecompressionBombError
    held = 0
    at += 8
    for _ in range(_MAX_CHUNKS):
        kind = data[at + 4 : at + 8]
        if kind == b"acTL":
            held = 7 * width * height  # the background, beside the result
        if at + 8 > len(data) or kind == b"IEND":
            return held
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    raise ExcessError(f"over {_MAX_CHUNKS} chunks")


def _webp(data: bytes) -> int:
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            return 0
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + length + length % 2
    raise ExcessError(f"over {_MAX_CHUNKS} chunks")


def _gif(data: bytes) -> int:
    at = 13 + (3 << (data[10] % 8 + 1) if len(data) > 10 and data[10] & 0x80 else 0)
    while at < len(data) and data[at : at + 1] not in (b",", b";"):
        if data[at : at + 1] == b"!":
            at += 2
            while at < len(data) and data[at]:
                at += 1 + data[at]
                if at > _MAX_GIF_HEAD_BYTES:
                    break
        at += 1
        if at > _MAX_GIF_HEAD_BYTES:
            raise ExcessError(f"over {_MAX_GIF_HEAD_BYTES} bytes before its first frame")
    return 0


def _tiff(data: bytes) -> int:
    tags = read_directory(data)
    width, height = _value(tags, 256), _value(tags, 257)
    for name in (273, 279, 324, 325):
        if name in tags and tags[name].count > _MAX_STRIPS:
            raise ExcessError(f"{tags[name].count} strips or tiles")
    for name, tag in tags.items():
        # Pillow reads all values of the tags that describe the picture, each as an object.
        if name < 1000 and tag.kind not in (1, 2, 6, 7) and tag.count > (16 if tag.kind in (5, 10) else _MAX_STRIPS):
            raise ExcessError(f"{tag.count} values of the tag {name}")
    if _value(tags, 259) in (6, 7) and width * height > _MAX_JPEG_PIXELS:
        raise ExcessError(
            f"{width} x {height} pixels as JPEG inside of a TIFF (up to {_MAX_JPEG_PIXELS // 10**6} megapixels are)"
        )
    across, down = _value(tags, 322), _value(tags, 323)
    if across * down > max(_MAX_TILE_PIXELS, 2 * width * height):
        raise ExcessError(f"tiles of {across} x {down} pixels")
    rows = min(_value(tags, 278) or height, height)
    depth = max(1, _value(tags, 258) // 8) * (_value(tags, 277) or 1)
    # Directories are read twice, for the picture and for its EXIF.
    held = 0 if _value(tags, 259) == 1 else max(across * down, 0 if across else width * rows) * depth
    return held + 2 * check_directory(data)


def _value(tags: dict[int, Tag], name: int) -> int:
    return tags[name].first if name in tags else 0


def _bmp(data: bytes) -> int:
    return _dib(data, 14)


def _dib(data: bytes, at: int = 0) -> int:
    if len(data) >= at + 20:
        size, width, height, _, _, compression = struct.unpack_from("<IiiHHI", data, at)
        if size >= 40 and compression in (1, 2):
            _check_slow(data, width * abs(height), "run-length coded BMP")
    return 0


def _ppm(data: bytes) -> int:
    header = re.match(rb"(P[0-9A-Za-z]+)((?:(?:\s|#[^\r\n]*[\r\n])+[0-9.+-]+){2,3})\s", data[:4096])
    if header is None:
        raise ExcessError("a header of over 4096 bytes, or none")
    numbers = re.sub(rb"#[^\r\n]*", b"", header[2]).split()
    plain = header[1] in (b"P1", b"P2", b"P3")
    if plain or (header[1] not in (b"P4", b"Pf") and numbers[-1] not in (b"255", b"65535")) or numbers[-1] == b"65535":
        try:
            pixels = int(numbers[0]) * int(numbers[1])
        except ValueError:
            return 0
        _check_slow(data, pixels, "PPM that is plain text, or of other than 8 bits")
    if plain and data.count(b"#") > 100:
        raise ExcessError(f"{data.count(b'#')} comments")
    return 0


def _check_slow(data: bytes, pixels: int, kind: str) -> None:
    if pixels > _MAX_SLOW_PIXELS or len(data) > _MAX_SLOW_BYTES:
        raise ExcessError(
            f"{pixels} pixels in {len(data)} bytes of {kind}, which is slow to read (up to {_MAX_SLOW_PIXELS} pixels "
            f"and {_MAX_SLOW_BYTES} bytes are)"
        )


def _ico(data: bytes) -> int:
    count = int.from_bytes(data[4:6], "little")
    for entry in range(6, min(6 + 16 * count, len(data) - 15), 16):
        (at,) = struct.unpack_from("<I", data, entry + 12)
        if len(data) < at + 24:
            continue
        is_png = data[at : at + 8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack_from(">II", data, at + 16) if is_png else struct.unpack_from("<ii", data, at + 4)
        if max(abs(width), abs(height) // 2) > _MAX_ICON_SIDE:
            raise ExcessError(f"a picture of {width} x {height} pixels inside of an icon")
        (_png if is_png else _dib)(data, at)
    return 0


_FORMATS: tuple[tuple[str, bytes, Callable[[bytes], int]], ...] = (
    ("PNG", rb"\x89PNG\r\n\x1a\n", _png),
    ("JPEG", rb"\xff\xd8\xff", jpeg.check),
    ("WEBP", rb"RIFF.{4}WEBPVP8[ LX]", _webp),
    ("TIFF", rb"II\*\x00|MM\x00\*|II\x2b\x00|MM\x00\x2b|MM\*\x00|II\x00\*", _tiff),
    ("GIF", rb"GIF8[79]a", _gif),
    ("BMP", rb"BM", _bmp),
    ("AVIF", rb".{4}ftyp(avif|avis|mif1|msf1)", avif.check),
    ("JPEG2000", rb"\xff\x4f\xff\x51|\x00\x00\x00\x0cjP  \r\n\x87\n", jpeg2000.check),
    ("PPM", rb"P[0-9fy]", _ppm),
    ("ICO", rb"\x00\x00\x01\x00", _ico),
    ("PCX", rb"\x0a[\x00\x02\x03\x05]", lambda _: 0),
    ("DIB", rb"[\x0c(48@l|]\x00\x00\x00", _dib),
)
"""Each format's name at Pillow, how its files begin, and its check. Pillow is asked for no other format: some would
start other programs (EPS runs Ghostscript), and some are rare."""
