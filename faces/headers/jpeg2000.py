"""A JPEG 2000 file's headers: how its picture is cut up, which decides what decoding takes."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from faces.headers.directory import ExcessError

__all__ = ["check"]

_MAX_PIXELS = 25_000_000
_MAX_BYTES = 8_000_000
"""Bytes of a file: its coefficients are decoded bit by bit, at 2 MB a second."""
_MAX_BOXES = 1000
_MAX_MARKERS = 100_000
_MAX_TILES = 4096
_MAX_PACKETS = 1_000_000
_MAX_BLOCKS = 400_000
"""Code blocks: 25 megapixels of three colours have 18,000 of the usual 64 x 64."""
_SAMPLE_BYTES = 8
"""What OpenJPEG holds for each sample of a tile: a whole number, its share of a row buffer, and of a code block."""
_BLOCK_BYTES = 600

_SIZE, _DEFAULTS, _COMPONENT, _TILE, _DATA = 0x51, 0x52, 0x53, 0x90, 0x93


@dataclass(frozen=True)
class _Cut:
    """A picture's size and that of its tiles, in pixels, and its number of colours."""

    width: int
    height: int
    across: int
    down: int
    colours: int

    @property
    def tiles(self) -> int:
        return -(-self.width // self.across) * -(-self.height // self.down)


def check(data: bytes) -> int:
    """Returns the bytes that OpenJPEG holds for one tile, which is decoded at once.

    Raises:
        ExcessError: the file's boxes, markers, tiles, quality layers or code blocks are far too many.
    """
    if len(data) > _MAX_BYTES:
        raise ExcessError(f"{len(data)} bytes of JPEG 2000, which is slow to read (up to {_MAX_BYTES} are)")
    _check_boxes(data)
    # Wherever a stream begins, it may be the one that the decoder picks.
    return max((_check_stream(data, found.start()) for found in re.finditer(rb"\xff\x4f\xff\x51", data)), default=0)


def _check_boxes(data: bytes) -> None:
    at = 0
    for _ in range(_MAX_BOXES if data[:2] == b"\x00\x00" else 0):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"jp2h":
            length = 8  # Its own boxes count as well.
        elif length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        at += max(8, length)
        if kind == b"jp2c" or at >= len(data) or length == 0:
            return
    if data[:2] == b"\x00\x00":
        raise ExcessError(f"over {_MAX_BOXES} boxes")


def _check_stream(data: bytes, start: int) -> int:
    try:
        width, height, left, top, across, down, _, _, colours = struct.unpack_from(">8IH", data, start + 8)
    except struct.error:
        return 0
    cut = _Cut(width - left, height - top, min(across, width) or 1, min(down, height) or 1, colours)
    if cut.width * cut.height > _MAX_PIXELS or cut.colours > 4:
        raise ExcessError(
            f"{cut.width} x {cut.height} pixels of {cut.colours} colours in JPEG 2000, of which up to "
            f"{_MAX_PIXELS // 10**6} megapixels of 4 are read"
        )
    if cut.tiles > _MAX_TILES:
        raise ExcessError(f"{cut.tiles} tiles")
    blocks, at, tile = 0, start + 2, start
    for _ in range(_MAX_MARKERS):
        if at + 4 > len(data) or data[at] != 0xFF:
            break
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in (_DEFAULTS, _COMPONENT):
            blocks = max(blocks, _check_coding(data[at : at + 2 + length], cut))
        if marker == _TILE:
            tile = at
        if marker == _DATA:
            # A tile's part tells its own length; 0 is the last one.
            at = tile + (int.from_bytes(data[tile + 6 : tile + 10], "big") or len(data))
        else:
            at += 2 + length
    else:
        raise ExcessError(f"over {_MAX_MARKERS} markers")
    return cut.across * cut.down * cut.colours * _SAMPLE_BYTES + blocks * _BLOCK_BYTES


def _check_coding(body: bytes, cut: _Cut) -> int:
    """Code blocks of a tile by a coding style's marker; its packets are counted, too."""
    shared = body[1] == _DEFAULTS
    at = 9 if shared else 6  # where the number of resolutions stands
    if len(body) < at + 5:
        return 0
    layers = int.from_bytes(body[6:8], "big") if shared else 1
    levels = body[at]
    precincts = body[at + 5 : at + 6 + levels] if body[4 if shared else 5] & 1 else b""
    packets = 0
    for level in range(min(levels, 32) + 1):
        scale = 1 << (min(levels, 32) - level)
        size = precincts[level] if level < len(precincts) else 0xFF
        packets += -(-cut.across // scale >> (size & 15)) * -(-cut.down // scale >> (size >> 4))
    packets *= layers * cut.colours
    if packets * cut.tiles > _MAX_PACKETS:
        raise ExcessError(f"{packets * cut.tiles} packets ({layers} layers in {cut.tiles} tiles)")
    block = 1 << min(12, body[at + 1] + body[at + 2] + 4)
    blocks = cut.colours * (cut.across * cut.down // block + 1)
    if blocks > _MAX_BLOCKS:
        raise ExcessError(f"{blocks} code blocks in a tile")
    return blocks
