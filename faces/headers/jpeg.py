"""A JPEG's markers: how many scans it has and what decoding them holds, and whether its header is sound."""

from __future__ import annotations

import re

from faces.headers.directory import ExcessError, check_directory

__all__ = ["breaks_off_in_scan", "check"]

_MAX_SEGMENTS = 10_000
_MAX_TABLE_BYTES = 262_144
"""Bytes of a header outside of application segments and comments; real ones have 5 kB."""
_MAX_EXIF_BYTES = 16_000_000
_MAX_SCAN_PIXELS = 1_500_000_000
"""Most pixels over all scans: enough for 100 megapixels in the 10 scans or so that progressive files have."""

_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_SCAN, _END = 0xDA, 0xD9
_BARE = (0x01, 0xD8)
"""Markers without a body."""
# In coded data, FF is followed by 0 or by a restart marker (D0 to D7); FF itself fills.
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")


def check(data: bytes) -> int:
    """Walk the markers of a JPEG as its decoder meets them.

    Returns the bytes of the coefficients that the decoder holds at once: those of the whole picture where it comes in
    several scans, else 0.

    Raises:
        ExcessError: the scans, the header's segments or the EXIF's tags are far too many.
    """
    at, segments, tables, scans, area, coefficients, kept_whole = 2, 0, 0, 0, 0, 0, False
    components = 1
    exif: list[bytes] = []
    while (found := _MARKER.search(data, at)) is not None:
        if not scans:
            tables += found.start() - at  # What lies between segments is skipped byte by byte.
        marker, at, segments = found[1][0], found.end(), segments + 1
        if marker == _END:
            break
        length = int.from_bytes(data[at : at + 2], "big") if marker not in _BARE else 0
        body = data[at + 2 : at + length]
        at += length
        if marker in _FRAMES and len(body) >= 6:
            kept_whole |= marker in _PROGRESSIVE
            components = max(components, body[5])
            area = max(area, int.from_bytes(body[1:3], "big") * int.from_bytes(body[3:5], "big"))
            coefficients = max(coefficients, round(2 * area * _samples(body)))
        elif marker == _SCAN:
            scans += 1
            kept_whole |= bool(body) and body[0] < components
        elif marker == 0xE1 and body.startswith(b"Exif\x00\x00") and not scans:
            exif.append(body[6:])
        if not scans and not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            tables += length
        _check_counts(segments, tables, scans, area)
    block = b"".join(exif)
    if len(block) > _MAX_EXIF_BYTES:
        raise ExcessError(f"EXIF of {len(block)} bytes")
    check_directory(block)
    return coefficients if kept_whole else 0


def breaks_off_in_scan(data: bytes) -> bool:
    """Whether a file without its end has all of the header of its last scan, and no part of a further segment."""
    at, marker = 2, 0
    while (found := _MARKER.search(data, at)) is not None:
        marker, at = found[1][0], found.end()
        at += int.from_bytes(data[at : at + 2], "big") if marker not in _BARE else 0
    return marker == _SCAN and at < len(data)


def _check_counts(segments: int, tables: int, scans: int, area: int) -> None:
    if segments > _MAX_SEGMENTS:
        raise ExcessError(f"over {_MAX_SEGMENTS} segments")
    if tables > _MAX_TABLE_BYTES:
        raise ExcessError(f"over {_MAX_TABLE_BYTES} bytes of tables or of nothing in its header")
    if scans > 1 and scans * area > _MAX_SCAN_PIXELS:
        raise ExcessError(f"over {scans - 1} scans of {area} pixels")


def _samples(frame: bytes) -> float:
    """Coefficients for each pixel: 3 for colours in full resolution, 1.5 where two of three are halved both ways."""
    factors = [(factor >> 4, factor & 15) for factor in frame[7::3][: frame[5]]]
    widest = max((across for across, _ in factors), default=1) * max((down for _, down in factors), default=1)
    return sum(across * down for across, down in factors) / max(1, widest)
