"""Broken photos for `faces.open_photo`."""

from __future__ import annotations

import random
import re
import struct
import zlib
from pathlib import Path

from faces import PhotoError, open_photo
from tests.fuzz.inputs import corpus
from tests.fuzz.inputs.mutate import LONGEST, NUMBERS, mutated
from tests.fuzz.target import Target


def make(chance: random.Random, folder: Path) -> Path:
    """A sound photo of some kind, broken in a way of its format's own or in a general one."""
    suffix, data = chance.choice(corpus.photos())
    if data.startswith(b"\x89PNG") and chance.random() < 0.6:
        data = _break_png(chance, data)
    elif data.startswith(b"\xff\xd8") and chance.random() < 0.3:
        data = _break_jpeg(chance, data)
    elif chance.random() < 0.2:
        data = _break_directory(chance, data)
    if chance.random() < 0.9:
        data = mutated(chance, data, lambda: chance.choice(corpus.photos())[1])
    path = folder / f"photo.{suffix}"
    path.write_bytes(data)
    return path


def _break_png(chance: random.Random, data: bytes) -> bytes:
    """Chunks changed, moved, doubled or left out, with checksums that are right again."""
    chunks: list[tuple[bytes, bytes]] = []
    at = 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(len(chunks))
        kind, body = chunks[place]
        match chance.randrange(7):
            case 0:
                width, height = (chance.choice((*NUMBERS, 10_000, 100)) for _ in range(2))
                chunks[0] = b"IHDR", struct.pack(">II", width, height) + chunks[0][1][8:]
            case 1:
                chunks[0] = (
                    b"IHDR",
                    chunks[0][1][:8] + bytes(chance.choice((0, 1, 2, 3, 4, 6, 8, 16)) for _ in range(5)),
                )
            case 2:
                chunks.insert(chance.randrange(len(chunks)), (kind, body))
            case 3 if len(chunks) > 1:
                chunks.pop(place)
            case 4:
                chunks[place] = kind, mutated(chance, body or b"\x00", lambda: data)
            case 5:
                packed = zlib.compress(bytes(chance.choice((10, 10_000, 20_000_000))))
                name, start = chance.choice(((b"zTXt", b"k\x00\x00"), (b"iCCP", b"k\x00\x00"), (b"IDAT", b"")))
                chunks.insert(chance.randrange(1, len(chunks) + 1), (name, start + packed))
            case _:
                chunks[place] = chance.choice((b"eXIf", b"tRNS", b"PLTE", b"acTL", b"fcTL", b"tEXt", b"gAMA")), body
    return data[:8] + b"".join(corpus.png_chunk(kind, body) for kind, body in chunks)


def _break_jpeg(chance: random.Random, data: bytes) -> bytes:
    """A scan many times over, another size or sampling, or a segment of nonsense."""
    match chance.randrange(3):
        case 0:
            scans = [found.start() for found in re.finditer(rb"\xff\xda", data)]
            start = chance.choice(scans)
            end = min((place for place in (*scans, len(data) - 2) if place > start), default=len(data))
            scan = data[start:end]
            times = min(chance.choice((2, 10, 100, 1000)), LONGEST // len(scan))
            return data[:end] + scan * times + data[end:]
        case 1:
            frame = re.search(rb"\xff[\xc0-\xc2]", data)
            at = frame.start() + 5 if frame else 0
            size = struct.pack(">HH", *(chance.choice((0, 1, 8, 100, 5000, 10_000, 65_535)) for _ in range(2)))
            return data[:at] + size + data[at + 4 :]
        case _:
            body = chance.choice((b"Exif\x00\x00", b"ICC_PROFILE\x00\x01\x01", b"MPF\x00", b"")) + chance.randbytes(40)
            kind = bytes((0xFF, chance.choice((0xE1, 0xE2, 0xED, 0xFE, 0xDB, 0xC4, 0xDD))))
            return data[:2] + kind + struct.pack(">H", len(body) + 2) + body + data[2:]


def _break_directory(chance: random.Random, data: bytes) -> bytes:
    """Another tag, type, count or value in a directory of TIFF or EXIF, wherever one begins."""
    starts = [found.start() for found in re.finditer(rb"II[*+]\x00|MM\x00[*+]", data)]
    if not starts:
        return data
    start = chance.choice(starts)
    order = "<" if data[start : start + 1] == b"I" else ">"
    try:
        (offset,) = struct.unpack_from(order + "I", data, start + 4)
        (count,) = struct.unpack_from(order + "H", data, start + offset)
    except struct.error:
        return data
    broken = bytearray(data)
    for _ in range(chance.choice((1, 2, 4))):
        at = start + offset + 2 + 12 * chance.randrange(max(1, count))
        if at + 12 > len(broken):
            continue
        tag, kind, number, value = struct.unpack_from(order + "HHII", broken, at)
        match chance.randrange(4):
            case 0:
                tag = chance.choice((256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 322, 323, 324, 339, 34665))
            case 1:
                kind = chance.randrange(20)
            case 2:
                number = chance.choice(NUMBERS)
            case _:
                value = chance.choice((*NUMBERS, offset, len(data)))
        struct.pack_into(order + "HHII", broken, at, tag, kind, number, value)
    return bytes(broken)


TARGETS = (Target("photos", make, open_photo, (PhotoError,)),)
