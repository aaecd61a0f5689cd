"""TIFF's directories of tags, which EXIF shares: what they hold is counted before Pillow copies it out.

A directory lists tags with the place and the length of their values. Nothing forbids that thousands of tags name the
same long value, and a reader that copies each then fills the memory from a small file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["ExcessError", "Tag", "check_directory", "read_directory"]

_UNIT_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_FORMATS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
_CAMERA_DIRECTORY = 34665
_MAX_TAGS = 4096
"""Tags of one directory: the largest real ones have a few hundred."""
_SLACK = 65_536
"""Bytes by which the values may exceed their block; broken but honest tags may name a value twice."""


class ExcessError(Exception):
    """A file holds far more of something than any photo does. The text says what, and of how much."""


@dataclass(frozen=True)
class Tag:
    """One entry of a directory."""

    kind: int
    """Type of its values by the TIFF standard: 1 byte, 3 short, 4 long, 5 rational, …"""
    count: int
    """Number of values, as stated; there may be fewer."""
    first: int
    """The first value where it is a whole number, else 0."""
    size: int
    """Bytes of the values that are really there and lie outside of the entry."""


def check_directory(block: bytes) -> int:
    """Bytes that reading a TIFF file's or EXIF block's first directory, with the camera's one, copies.

    Blocks that are no TIFF structure take nothing: Pillow refuses them itself.

    Raises:
        ExcessError: the values overlap so much that they take over twice the block's own length, or the tags are
            too many.
    """
    while block.startswith(b"Exif\x00\x00"):
        block = block[6:]
    if block[:2] not in (b"II", b"MM") or len(block) < 8:
        return 0
    tags = read_directory(block)
    total = sum(tag.size for tag in tags.values())
    camera = tags.get(_CAMERA_DIRECTORY)
    if camera is not None:
        total += sum(tag.size for tag in read_directory(block, camera.first).values())
    if total > 2 * len(block) + _SLACK:
        raise ExcessError(f"metadata whose values take {total} bytes out of a block of {len(block)}")
    return total


def read_directory(block: bytes, offset: int | None = None) -> dict[int, Tag]:
    """The tags of the directory at ``offset`` (None: the first), as far as the block reaches.

    Of a tag that comes several times the last one is told, with the size of all. Raises :class:`ExcessError` for over
    4096 tags.
    """
    order = "<" if block[:2] == b"II" else ">"
    big = block[2] == 43
    number, entry, head = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    try:
        if offset is None:
            offset = struct.unpack_from(order + ("Q" if big else "I"), block, 8 if big else 4)[0]
        (count,) = struct.unpack_from(order + number, block, offset)
    except (struct.error, OverflowError):
        return {}
    if count > _MAX_TAGS:
        # A stated number beyond the block's end is damage; only what is there can be read.
        count = min(count, (len(block) - offset) // (head + struct.calcsize("<" + entry)))
        if count > _MAX_TAGS:
            raise ExcessError(f"a directory of {count} tags")
    tags: dict[int, Tag] = {}
    at = offset + struct.calcsize("<" + number)
    for _ in range(count):
        try:
            name, kind, values = struct.unpack_from(order + entry, block, at)
            place = at + struct.calcsize("<" + entry)
            size = values * _UNIT_BYTES.get(kind, 0)
            outside = size > head
            if outside:
                (place,) = struct.unpack_from(order + ("Q" if big else "I"), block, place)
        except struct.error:
            break
        first = _first(block, place, order, kind)
        size = max(0, min(size, len(block) - place)) if outside else 0
        before = tags.get(name)
        tags[name] = Tag(kind, values, first, size + (before.size if before else 0))
        at += struct.calcsize("<" + entry) + head
    return tags


def _first(block: bytes, place: int, order: str, kind: int) -> int:
    try:
        return int(struct.unpack_from(order + _FORMATS[kind], block, place)[0])
    except (KeyError, struct.error, OverflowError):
        return 0
