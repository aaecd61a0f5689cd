"""TIFF with 16 bits a channel, which Pillow reads as 8 and does not write in colour.

Strips and tiles are unpacked by libtiff, through Pillow: their bytes are shown to it as rows of 8-bit grey. What lies
above the packing (byte order, predictor, planes, tiles) is undone here.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image, TiffImagePlugin, TiffTags

from faces.files.modes import row_strips
from faces.files.picture_16bit import Picture16Bit

__all__ = ["read", "write"]

Array = np.ndarray[Any, Any]

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _OFFSETS = 256, 257, 258, 259, 262, 266, 273
_SAMPLES, _ROWS, _COUNTS, _PLANAR, _PREDICTOR, _EXTRA, _FORMAT, _PROFILE = 277, 278, 279, 284, 317, 338, 339, 34675
_ACROSS, _DOWN, _TILE_OFFSETS, _TILE_COUNTS = 322, 323, 324, 325

_PLAIN, _LZW, _DEFLATE = 1, 5, 8
_PACKINGS = (_PLAIN, _LZW, _DEFLATE, 32946, 32773, 50000)
"""Compressions that keep samples as they are: none, LZW, deflate (two numbers), PackBits, Zstandard."""
_INVERTED, _GREY, _RGB = 0, 1, 2
_DIFFERENCES = 2
_PREMULTIPLIED = 1
_MAX_SEGMENTS = 70_000
"""Strips or tiles, of which about 30,000 a second are read: more than a strip for each row, or tiles of 64 x 64."""
_GROUP_BYTES = 1 << 22
"""Bytes of strips or tiles that are unpacked at a time; at least one is."""


class _Segment(NamedTuple):
    """A strip or a tile."""

    offset: int
    length: int
    plane: int
    top: int
    left: int
    rows: int


def read(image: TiffImagePlugin.TiffImageFile, data: bytes) -> Array | None:
    """A 16-bit TIFF's samples ``(H, W, C)`` uint16: grey or RGB, with alpha behind where the file has it.

    None where it has other samples, or is packed so that they are lost. Raises errors of many kinds where the file is
    damaged.
    """
    tags = image.tag_v2
    packing, predictor = tags.get(_COMPRESSION, _PLAIN), tags.get(_PREDICTOR, 1)
    photometric, samples = tags.get(_PHOTOMETRIC), tags.get(_SAMPLES, 1)
    sound = set(tags[_BITS]) == {16} and set(tags.get(_FORMAT, (1,))) == {1} and tags.get(_FILL_ORDER, 1) == 1
    if not sound or packing not in _PACKINGS or predictor not in (1, _DIFFERENCES):
        return None
    if photometric not in (_INVERTED, _GREY, _RGB) or image.mode not in ("RGB", "RGBA", "I;16", "I;16B"):
        return None
    planes = tags.get(_PLANAR, 1) == 2
    wanted = len(image.getbands())
    if samples < wanted:
        return None
    segments, across = _segments(tags, wanted if planes else 1)
    if sum(segment.length for segment in segments) > 2 * len(data):
        return None  # many that share the same bytes
    in_pixel = 1 if planes else samples
    order = np.dtype("<u2" if data[:2] == b"II" else ">u2")
    values = np.empty((tags[_HEIGHT], tags[_WIDTH], wanted), np.uint16)
    for segment, top, rows in _unpacked(data, packing, segments, 2 * across * in_pixel):
        part = rows.view(order).reshape(len(rows), across, in_pixel)
        if predictor == _DIFFERENCES and packing != _PLAIN:
            part = part.astype(np.uint16).cumsum(axis=1, dtype=np.uint16)
        target = values[segment.top + top :][: len(rows), segment.left :][:, :across]
        part = part[: target.shape[0], : target.shape[1], :wanted]
        if planes:
            target[:, :, segment.plane : segment.plane + 1] = part
        else:
            target[:] = part
    if photometric == _INVERTED:
        np.invert(values, out=values)
    if wanted == len("RGBA") and tags.get(_EXTRA, (0,))[0] == _PREMULTIPLIED:
        for strip in row_strips(*values.shape[:2]):
            _divide_by_alpha(values[strip])
    return values


def write(file: BinaryIO, picture: Picture16Bit, icc: bytes | None, exif: bytes | None) -> None:
    """Write a TIFF of 16 bits a channel, packed with deflate."""
    height, width, samples = picture.colour.shape
    samples += picture.alpha is not None
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    if exif:
        block = Image.Exif()
        block.load(exif)
        for key in block:
            tags[key] = block.get_ifd(key) if key in TiffTags.TAGS_V2_GROUPS else block[key]
    if icc:
        tags[_PROFILE] = icc
    tags[_WIDTH], tags[_HEIGHT], tags[_BITS], tags[_COMPRESSION] = width, height, (16,) * samples, _DEFLATE
    tags[_PHOTOMETRIC], tags[_SAMPLES] = _GREY if samples == 1 else _RGB, samples
    tags[_PREDICTOR], tags[_PLANAR] = _DIFFERENCES, 1
    if picture.alpha is not None:
        tags[_EXTRA] = 2  # not premultiplied
    strips = list(row_strips(height, width))
    tags[_ROWS] = strips[0].stop
    _place(file, tags, [0] * len(strips))  # holds the room
    lengths = []
    for rows in picture.strips():
        differences = rows.copy()
        differences[:, 1:] -= rows[:, :-1]
        packed = zlib.compress(differences.astype("<u2").tobytes())
        lengths.append(len(packed))
        file.write(packed)
    file.seek(0)
    _place(file, tags, lengths)


def _place(file: BinaryIO, tags: TiffImagePlugin.ImageFileDirectory_v2, lengths: list[int]) -> None:
    """Write the directory of strips that follow it."""
    tags.tagtype[_OFFSETS] = tags.tagtype[_COUNTS] = TiffTags.LONG
    tags[_OFFSETS] = tuple(int(end - length) for end, length in zip(np.cumsum(lengths), lengths, strict=True))
    tags[_COUNTS] = tuple(lengths)
    tags.save(file)


def _segments(tags: TiffImagePlugin.ImageFileDirectory_v2, planes: int) -> tuple[list[_Segment], int]:
    """The strips or tiles of the first planes, and how many pixels they are wide."""
    width, height = tags[_WIDTH], tags[_HEIGHT]
    tiled = _ACROSS in tags
    across, down = (tags[_ACROSS], tags[_DOWN]) if tiled else (width, min(tags.get(_ROWS, height), height))
    offsets, counts = (tags[_TILE_OFFSETS], tags[_TILE_COUNTS]) if tiled else (tags[_OFFSETS], tags[_COUNTS])
    if planes * -(-width // across) * -(-height // down) > min(len(offsets), len(counts), _MAX_SEGMENTS):
        raise ValueError("strips or tiles are missing, or far too many")
    places = [(top, left) for top in range(0, height, down) for left in range(0, width, across)]
    stored = zip(offsets, counts, strict=False)
    segments = [
        _Segment(*next(stored), plane, top, left, down if tiled else min(down, height - top))
        for plane in range(planes)
        for top, left in places
    ]
    return segments, across


def _unpacked(
    data: bytes, packing: int, segments: list[_Segment], row_bytes: int
) -> Iterator[tuple[_Segment, int, Array]]:
    """Each segment's rows of bytes, ``(rows, row_bytes)`` uint8, with the number of the first of them."""
    if packing == _PLAIN:
        for segment in segments:
            rows = np.frombuffer(data, np.uint8, segment.rows * row_bytes, segment.offset)
            yield segment, 0, rows.reshape(segment.rows, row_bytes)
        return
    in_group = max(1, _GROUP_BYTES // (row_bytes * segments[0].rows))
    first = 0
    while first < len(segments):
        group = segments[first : first + in_group]
        # Only the last one of a file can have fewer rows; of planes, each has such a last one.
        other = next((n for n, segment in enumerate(group) if segment.rows != group[0].rows), len(group))
        group = group[: other + (other < len(group) and group[other].rows < group[0].rows)]
        packed = [data[segment.offset : segment.offset + segment.length] for segment in group]
        top = 0
        picture = _as_grey(packed, packing, row_bytes, group[0].rows, sum(segment.rows for segment in group))
        for segment in group:
            for strip in row_strips(segment.rows, row_bytes):
                box = (0, top + strip.start, row_bytes, top + strip.stop)
                yield segment, strip.start, np.asarray(picture.crop(box))
            top += segment.rows
        del picture  # before there is another
        first += len(group)


def _as_grey(packed: list[bytes], packing: int, width: int, rows: int, height: int) -> Image.Image:
    """Packed strips of ``rows`` rows, the last of which may have fewer, as a picture of 8-bit grey."""
    file = io.BytesIO()
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    tags[_WIDTH], tags[_HEIGHT], tags[_BITS], tags[_COMPRESSION] = width, height, 8, packing
    tags[_PHOTOMETRIC], tags[_SAMPLES], tags[_ROWS] = _GREY, 1, rows
    _place(file, tags, [len(strip) for strip in packed])
    for strip in packed:
        file.write(strip)
    file.seek(0)
    return TiffImagePlugin.TiffImageFile(file)


def _divide_by_alpha(values: Array) -> None:
    """``(rows, W, 4)`` uint16, in place; what is fully transparent stays."""
    alpha = values[:, :, 3:].astype(np.uint64)
    colour = (values[:, :, :3].astype(np.uint64) * 65535 + alpha // 2) // np.maximum(alpha, 1)
    values[:, :, :3] = np.where(alpha > 0, np.minimum(colour, 65535), values[:, :, :3])
