"""Photo files made by hand, which no camera writes: too many of something, or sizes that are not true."""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray[Any, Any]

ORIENTATION, EXPOSURE_BIAS, MAKER = 0x0112, 0x9204, 0x010F


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def flat_png(width: int, height: int, depth: int, colour: int, row_bytes: int) -> bytes:
    """All zeros, at little cost."""
    packer = zlib.compressobj(1)
    rows = b"".join([packer.compress(bytes(1 + row_bytes)) for _ in range(height)]) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return png((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))


def chunked_png(depth: int, colour: int, rows: bytes, width: int, height: int) -> bytes:
    """Of rows as they are, for the kinds that Pillow itself does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return png((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))


def small_png(*extra: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return png((b"IHDR", header), *extra, (b"IDAT", zlib.compress(bytes(72))), (b"IEND", b""))


def tiff(tags: dict[int, tuple[int, list[int]]], body: bytes) -> bytes:
    """A TIFF whose tags are given as types (3 short, 4 long) and values; the body lies at byte 8."""
    start = 8 + len(body)
    outside, directory = b"", struct.pack("<H", len(tags))
    for tag, (kind, values) in sorted(tags.items()):
        data = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        place = (
            struct.pack("<I", start + 6 + 12 * len(tags) + len(outside)) if len(data) > 4 else data.ljust(4, b"\x00")
        )
        outside += data if len(data) > 4 else b""
        directory += struct.pack("<HHI", tag, kind, len(values)) + place
    return b"II*\x00" + struct.pack("<I", start) + body + directory + bytes(4) + outside


def grey_tiff(width: int, height: int, compression: int, more: dict[int, tuple[int, list[int]]], body: bytes) -> bytes:
    base = {256: (4, [width]), 257: (4, [height]), 258: (3, [8]), 259: (3, [compression]), 262: (3, [1]), 277: (3, [1])}
    return tiff(base | more, body)


def overlapping_tags(count: int, size: int) -> bytes:
    """EXIF whose tags all name the same value."""
    tags = b"".join(struct.pack("<HHII", 40_000 + i, 7, size, 14 + 12 * count) for i in range(count))
    return b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", count) + tags + bytes(4 + size)


def impossible_exif() -> bytes:
    """On its side (6), with an exposure bias of -1/0."""
    tags = struct.pack("<HHIHH", ORIENTATION, 3, 1, 6, 0) + struct.pack("<HHII", EXPOSURE_BIAS, 10, 1, 38)
    return b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x02\x00" + tags + bytes(4) + struct.pack("<ii", -1, 0)


def many_scans(side: int, times: int) -> bytes:
    """A progressive JPEG whose last scan comes many times."""
    data = encoded(Image.new("L", (side, side), 128), "JPEG", progressive=True)
    start = [found.start() for found in re.finditer(rb"\xff\xda", data)][-1]
    return data[:-2] + data[start:-2] * times + data[-2:]


def short_jpeg(before: bytes) -> bytes:
    """Bytes put in front of the first segment."""
    return b"\xff\xd8" + before + encoded(Image.new("L", (8, 8)), "JPEG")[2:]


def gif_with(block: bytes) -> bytes:
    data = encoded(Image.new("P", (8, 8)), "GIF")
    at = data.index(b",", 13 + (3 << (data[10] % 8 + 1)))
    return data[:at] + block + data[at:]


def icon_with(inner: bytes) -> bytes:
    return b"\x00\x00\x01\x00\x01\x00" + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(inner), 22) + inner


def bmp_of_runs(side: int) -> bytes:
    body = b"\x01\x00\x00\x00" * side + b"\x00\x01"
    return (
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 1078, 40, side, side, 1, 8, 1, 0, 0, 0, 256, 0)
        + bytes(1024)
        + body
    )


def changed(data: bytes, marker: bytes, offset: int, new: bytes) -> bytes:
    at = data.index(marker) + offset
    return data[:at] + new + data[at + len(new) :]


def codestream() -> bytes:
    return encoded(Image.new("RGB", (64, 64)), "JPEG2000", no_jp2=True)


def webp_of_chunks(count: int) -> bytes:
    body = b"WEBPVP8X\x0a\x00\x00\x00" + bytes(10) + b"abcd\x00\x00\x00\x00" * count
    return b"RIFF" + struct.pack("<I", len(body)) + body


def avif_said_small() -> bytes:
    """12,000 x 12,000 pixels, of which the file's boxes say that they are 100 x 100."""
    side = struct.pack(">II", 64, 64)
    data = encoded(Image.new("RGB", (64, 64)), "AVIF", speed=10)
    # The sequence header of the coded picture: 6 bits for each side, replaced by a header with 14.
    assert side in data
    unit = data.index(b"\x0a", data.index(b"mdat"))
    bits = "000" + "1" + "1" + "00000" + f"{13:04b}" * 2 + f"{11_999:014b}" * 2
    header = int(bits.ljust(56, "0"), 2).to_bytes(7, "big")
    return data[: unit + 2] + header + data[unit + 9 :]


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""PNG's passes: first column, first row, step to the right, step down."""


def _foretold(kind: int, left: int, up: int, corner: int) -> int:
    """What PNG's filters 0 to 4 expect of a byte."""
    nearest = min((left, up, corner), key=lambda each: abs(left + up - corner - each))
    return (0, left, up, (left + up) // 2, nearest)[kind]


def png_16bit(values: Array, *extra: tuple[bytes, bytes], interlaced: bool = False) -> bytes:
    """A PNG of ``(H, W, 1 to 4)`` uint16 with every kind of filter; the extra chunks come behind the picture."""
    height, width, samples = values.shape
    stream, pixel = bytearray(), 2 * samples
    for x, y, across, down in ADAM7 if interlaced else ((0, 0, 1, 1),):
        part = values[y::down, x::across]
        above = bytes(pixel * part.shape[1])
        for number, row in enumerate(part if part.size else ()):
            now, kind = row.astype(">u2").tobytes(), number % 5
            stream.append(kind)
            for at, byte in enumerate(now):
                left, corner = (now[at - pixel], above[at - pixel]) if at >= pixel else (0, 0)
                stream.append((byte - _foretold(kind, left, above[at], corner)) % 256)
            above = now
    packed = zlib.compress(bytes(stream))
    header = struct.pack(">IIBBBBB", width, height, 16, (0, 4, 2, 6)[samples - 1], 0, 0, interlaced)
    pieces = [(b"IDAT", packed[at : at + 999]) for at in range(0, len(packed), 999)]
    return png((b"IHDR", header), *extra[:-1], *pieces, *extra[-1:], (b"IEND", b""))


def samples_16bit(data: bytes) -> Array:
    """The samples ``(H, W, 1 to 4)`` uint16 of a PNG of 16 bits that is not interlaced, as the standard has it."""
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    assert (depth, interlaced) == (16, 0)
    samples = {0: 1, 4: 2, 2: 3, 6: 4}[colour]
    packed, at = b"", 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += 12 + length
    stream, pixel = zlib.decompress(packed), 2 * samples
    size, rows = 1 + pixel * width, [bytearray(pixel * width)]
    for start in range(0, len(stream), size):
        now, above = bytearray(), rows[-1]
        for at, byte in enumerate(stream[start + 1 : start + size]):
            left, corner = (now[at - pixel], above[at - pixel]) if at >= pixel else (0, 0)
            now.append((byte + _foretold(stream[start], left, above[at], corner)) % 256)
        rows.append(now)
    assert len(rows) == height + 1
    return np.frombuffer(b"".join(rows[1:]), ">u2").reshape(height, width, samples)


def lzw_tiff(values: Array, predictor: int) -> bytes:
    """A TIFF of ``(H, W, 3)`` uint16, packed by libtiff with LZW; predictor 2 stores differences."""
    height, width, _ = values.shape
    stored = values.copy()
    if predictor == 2:
        stored[:, 1:] -= values[:, :-1]
    grey = encoded(Image.fromarray(stored.reshape(height, -1)), "TIFF", compression="tiff_lzw")
    with Image.open(io.BytesIO(grey)) as image:
        tags = dict(image.tag_v2)  # type: ignore[attr-defined]
    body = b"".join(grey[at : at + count] for at, count in zip(tags[273], tags[279], strict=True))
    offsets = [8 + sum(tags[279][:number]) for number in range(len(tags[279]))]
    more = {
        256: (4, [width]), 257: (4, [height]), 258: (3, [16, 16, 16]), 259: (3, [5]), 262: (3, [2]), 273: (4, offsets),
        277: (3, [3]), 278: (4, [tags[278]]), 279: (4, list(tags[279])), 317: (3, [predictor]),
    }  # fmt: skip
    return tiff(more, body)


def ramps(height: int, width: int, samples: int) -> Array:
    """Ramps with noise, and all extremes: ``(H, W, C)`` uint16."""
    noise = np.random.default_rng(0).integers(0, 3000, (height, width, samples))
    values = (np.cumsum(noise, axis=1) % 65536).astype(np.uint16)
    values[0, 0], values[0, 1], values[1, 0] = 0, 65535, 255
    return values


def nearest(values: Array) -> Array:
    return np.rint(values / 257).astype(np.uint8)
