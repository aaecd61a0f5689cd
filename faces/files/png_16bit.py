"""PNG with 16 bits a channel, which Pillow reads as 8 and does not write in colour.

PNG's filters work on each byte of a pixel by itself: it is foretold from the same byte of its neighbours. The upper
bytes of all samples are therefore a sound picture of 8 bits with the same filters, the lower bytes are another, and
Pillow decodes both.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from faces.files.modes import row_strips
from faces.files.picture_16bit import Picture16Bit

__all__ = ["one_pixel", "read", "write"]

Array = np.ndarray[Any, Any]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MODES = {0: "L", 2: "RGB", 4: "LA", 6: "RGBA"}
"""Colour types that have 16 bits."""
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row, and steps, of the seven passes of an interlaced picture."""
_PIECE = 1 << 20


def read(data: bytes) -> Array | None:
    """A 16-bit PNG's samples ``(H, W, C)`` uint16: grey or RGB, with alpha behind where the file has it or names a
    transparent colour. None for animations. Raises errors of many kinds where the file is damaged.
    """
    chunks = list(_chunks(data))
    if any(kind == b"acTL" for kind, _, _ in chunks):
        return None
    width, height, _, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    mode = _MODES[colour]
    samples = len(mode)
    halves = _halves(data, chunks, _passes(width, height, interlaced), samples)
    key = next((data[at : at + 2 * samples] for kind, at, _ in chunks if kind == b"tRNS" and samples in (1, 3)), None)
    values = np.empty((height, width, samples + (key is not None)), np.uint16)
    for number in (0, 1):
        picture = Image.frombytes(mode, (width, height), halves[number], "zip", mode, interlaced)
        halves[number].clear()
        for rows in row_strips(height, width):
            part = np.asarray(picture.crop((0, rows.start, width, rows.stop))).reshape(-1, width, samples)
            target = values[rows, :, :samples]
            if number == 0:
                np.left_shift(part, 8, out=target, dtype=np.uint16)
            else:
                target |= part
        del picture  # before there is another
    if key is not None:
        transparent = np.frombuffer(key, ">u2", samples)
        for rows in row_strips(height, width):
            found = (values[rows, :, :samples] == transparent).all(axis=2)
            values[rows, :, samples] = np.where(found, 0, 65535)
    return values


def one_pixel(data: bytes) -> bytes:
    """A PNG of one pixel with the profile, the EXIF and the texts of another, to be read without its picture."""
    told = (b"iCCP", b"eXIf", b"tEXt", b"zTXt", b"iTXt")
    kept = [data[at - 8 : at + length + 4] for kind, at, length in _chunks(data) if kind in told]
    start = _SIGNATURE + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return start + b"".join(kept) + _chunk(b"IDAT", zlib.compress(bytes(2))) + _chunk(b"IEND", b"")


def write(file: BinaryIO, picture: Picture16Bit, icc: bytes | None, exif: bytes | None) -> None:
    """Write a PNG of 16 bits a channel."""
    height, width, samples = picture.colour.shape
    samples += picture.alpha is not None
    colour = {len(mode): kind for kind, mode in _MODES.items()}[samples]
    file.write(_SIGNATURE + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)))
    if icc:
        file.write(_chunk(b"iCCP", b"ICC Profile\x00\x00" + zlib.compress(icc)))
    if exif:
        file.write(_chunk(b"eXIf", exif.removeprefix(b"Exif\x00\x00")))
    packer = zlib.compressobj()
    above = np.zeros((1, width * samples * 2), np.uint8)
    for strip in picture.strips():
        rows = strip.astype(">u2").view(np.uint8).reshape(len(strip), -1)
        if packed := packer.compress(_filtered(rows, above, 2 * samples)):
            file.write(_chunk(b"IDAT", packed))
        above = rows[-1:]
    file.write(_chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b""))


def _filtered(rows: Array, above: Array, pixel: int) -> bytes:
    """Rows of bytes with each row's filter in front: less the left neighbour (1), or less the upper one (2)."""
    left = rows.copy()
    left[:, pixel:] -= rows[:, :-pixel]
    up = rows - np.concatenate([above, rows[:-1]])
    # What is near 0 as a signed number packs best.
    sizes = [np.minimum(less, np.negative(less)).sum(1, dtype=np.uint64) for less in (left, up)]
    use_up = sizes[1] < sizes[0]
    chosen = np.where(use_up[:, None], up, left)
    return np.concatenate([(1 + use_up[:, None]).astype(np.uint8), chosen], axis=1).tobytes()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of each chunk's body."""
    at = len(_SIGNATURE)
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        yield kind, at + 8, length
        at += 12 + length


def _passes(width: int, height: int, interlaced: int) -> list[tuple[int, int]]:
    """Columns and rows of each pass."""
    if not interlaced:
        return [(width, height)]
    sizes = [(-((x - width) // across), -((y - height) // down)) for x, y, across, down in _ADAM7]
    return [(columns, rows) for columns, rows in sizes if columns > 0 and rows > 0]


def _halves(
    data: bytes, chunks: list[tuple[bytes, int, int]], passes: list[tuple[int, int]], samples: int
) -> list[bytearray]:
    """The filtered rows' upper and lower bytes, each with the rows' filters, as zlib streams that are not packed."""
    packers, halves = [zlib.compressobj(0), zlib.compressobj(0)], [bytearray(), bytearray()]
    stream = _unpacked(data, chunks)
    held = b""
    for columns, left in passes:
        rows, length = left, 1 + 2 * samples * columns
        while rows:
            while len(held) < length:
                held += next(stream)  # It ends early where the file is cut: an error as others are.
            count = min(rows, len(held) // length)
            block = np.frombuffer(held, np.uint8, count * length).reshape(count, length)
            held, rows = held[count * length :], rows - count
            for number in (0, 1):
                half = np.concatenate([block[:, :1], block[:, 1 + number :: 2]], axis=1)
                halves[number] += packers[number].compress(half.tobytes())
    for number in (0, 1):
        halves[number] += packers[number].flush()
    return halves


def _unpacked(data: bytes, chunks: list[tuple[bytes, int, int]]) -> Iterator[bytes]:
    """What is packed in the file's pixel chunks, piece by piece."""
    unpacker = zlib.decompressobj()
    for kind, at, length in chunks:
        left = data[at : at + length] if kind == b"IDAT" else b""
        while left and not unpacker.eof:
            yield unpacker.decompress(left, _PIECE)
            left = unpacker.unconsumed_tail
    while not unpacker.eof and (rest := unpacker.decompress(unpacker.unconsumed_tail, _PIECE)):
        yield rest
