"""An AVIF file's items: the pictures that are really coded in them, whatever size their boxes state.

A decoder scales a coded picture to the stated size, but holds it whole before: the size that counts stands in the AV1
stream's sequence header (AV1 specification, section 5.5).
"""

from __future__ import annotations

import itertools
import re

from faces.headers.directory import ExcessError, check_directory

__all__ = ["check"]

_MAX_PIXELS = 120_000_000
"""Coded pixels over all items: 50 megapixels, as much for alpha, and thumbnails."""
_MAX_PIECES = 4096
"""Pieces of items."""
_MAX_UNITS = 500
"""Units of AV1 in one item, which has one picture."""
_MAX_BOXES = 16
"""Boxes of a kind that a file has once, or once a track; and EXIF blocks."""


def check(data: bytes) -> int:
    """Returns 0: what AVIF holds beside the picture is the same for every one of a size.

    Raises:
        ExcessError: more pixels are coded than any photo has, pieces of the file are used many times over, or its
            EXIF's tags are too many.
    """
    # Pillow reads the EXIF of this format as soon as it opens the file. It starts with TIFF's signature.
    for at in _found(data, rb"II\*\x00|MM\x00\*"):
        check_directory(data[at:])
    items = [item for at in _found(data, b"iloc") for item in _items(data, at + 4)]
    copied = sum(length for item in items for _, length in item)
    if copied > 2 * len(data):
        raise ExcessError(f"items of {copied} bytes in a file of {len(data)}")
    pixels = 0
    for item in items:
        most, units = _coded_pixels(b"".join(data[at : at + length] for at, length in item))
        if units > _MAX_UNITS:
            raise ExcessError(f"over {_MAX_UNITS} units of AV1 in a picture")
        pixels += most
    # Of a sequence only the first picture is decoded, with which its track's first chunk begins.
    for at in _found(data, b"stco|co64"):
        place = _Bits(data, at + 12).read(32 if data[at : at + 1] == b"s" else 64)
        pixels += _coded_pixels(data[place:])[0]
    if pixels > _MAX_PIXELS:
        raise ExcessError(f"{pixels} coded pixels (up to {_MAX_PIXELS // 10**6} million are)")
    return 0


def _found(data: bytes, pattern: bytes) -> list[int]:
    places = [found.start() for found in itertools.islice(re.finditer(pattern, data), _MAX_BOXES + 1)]
    if len(places) > _MAX_BOXES:
        raise ExcessError(f"over {_MAX_BOXES} boxes or blocks of {pattern!r}")
    return places


def _items(data: bytes, at: int) -> list[list[tuple[int, int]]]:
    """The pieces, as places and lengths, of each item that an ``iloc`` box lists; ``at`` is behind its name."""
    box = _Bits(data, at)
    version, _ = box.read(8), box.read(24)
    offset_size, length_size, base_size, index_size = (8 * box.read(4) for _ in range(4))
    stored = len(data) if (idat := data.find(b"idat")) < 0 else idat + 4
    items: list[list[tuple[int, int]]] = []
    left = _MAX_PIECES
    for _ in range(box.read(16 if version < 2 else 32)):
        box.read(16 if version < 2 else 32)
        in_idat = version > 0 and box.read(16) & 15 == 1
        box.read(16)
        base, pieces = box.read(base_size), []
        for _ in range(box.read(16)):
            box.read(index_size if version > 0 else 0)
            place, length = base + box.read(offset_size) + (stored if in_idat else 0), box.read(length_size)
            pieces.append((place, min(length or len(data), max(0, len(data) - place))))
            left -= 1
            if left < 0 or box.ended:
                break
        items.append(pieces)
        left -= 1
        if left < 0:
            raise ExcessError(f"items in over {_MAX_PIECES} pieces")
        if box.ended:
            break
    return items


def _coded_pixels(stream: bytes) -> tuple[int, int]:
    """The most pixels that a sequence header in a stream of AV1 states (0: there is none), and the units walked."""
    at, most, units = 0, 0, 0
    while at < len(stream) and units <= _MAX_UNITS:
        units += 1
        head = stream[at]
        at += 2 if head & 4 else 1
        size = len(stream) - at
        if head & 2:
            size = shift = 0
            for byte in stream[at : at + 8]:
                size |= (byte & 127) << shift
                at, shift = at + 1, shift + 7
                if byte < 128:
                    break
        if head >> 3 & 15 == 1:
            most = max(most, _sequence_pixels(_Bits(stream, at)))
        at += size
    return most, units


def _sequence_pixels(header: _Bits) -> int:
    header.read(4)  # profile, still picture
    if header.read(1):
        header.read(5)
    else:
        delay_bits = 0
        if header.read(1):
            header.read(64)
            if header.read(1):
                zeros = 0
                while not header.read(1) and zeros < 32:
                    zeros += 1
                header.read(zeros)
            if header.read(1):
                delay_bits = header.read(5) + 1
                header.read(42)
        delayed = header.read(1)
        for _ in range(header.read(5) + 1):
            header.read(12)
            if header.read(5) > 7:
                header.read(1)
            if delay_bits and header.read(1):
                header.read(2 * delay_bits + 1)
            if delayed and header.read(1):
                header.read(4)
    across, down = header.read(4) + 1, header.read(4) + 1
    return (header.read(across) + 1) * (header.read(down) + 1)


class _Bits:
    """Whole numbers of any number of bits, highest first; zeros behind the end."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, 8 * at

    @property
    def ended(self) -> bool:
        return self.at > 8 * len(self.data)

    def read(self, bits: int) -> int:
        first, self.at = self.at, self.at + bits
        last = -(-self.at // 8)
        part = self.data[first // 8 : last].ljust(last - first // 8, b"\x00")
        return int.from_bytes(part, "big") >> (8 * last - self.at) & ((1 << bits) - 1)
