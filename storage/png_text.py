"""A text inside of a PNG, beside its picture: which stays as it is, bit for bit."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from storage.files import BoundedReader, FileError, atomic_write, open_regular

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_CHUNKS = 100_000


def is_png(path: str | Path) -> bool:
    """Whether a file begins as PNGs do."""
    try:
        with open_regular(path) as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except (FileError, OSError):
        return False


def add_text(path: str | Path, key: str, text: str) -> None:
    """Put a text into a PNG, under a key of letters and spaces.

    Raises:
        FileError: the file is no whole PNG, or cannot be read or written; it is then as it was.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"{error.strerror or error}") from error
    end = content.rfind(b"IEND") - 4
    if not content.startswith(SIGNATURE) or end < len(SIGNATURE):
        raise FileError("it is no whole PNG")
    body = b"iTXt" + key.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    with atomic_write(path) as aside:
        aside.write_bytes(content[:end] + chunk + content[end:])


def read_text_inside(path: str | Path, key: str, most: int) -> str | None:
    """The text that a PNG holds under a key; None where there is none of at most ``most`` bytes.

    Raises:
        FileError: the file cannot be read.
    """
    start = key.encode("latin-1") + b"\0\0\0\0\0"
    try:
        with open_regular(path) as file:
            for size in _texts(file):
                if len(start) < size <= most + len(start):
                    body = file.read(size)
                    if body.startswith(start):
                        return body[len(start) :].decode()
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise FileError(f"{error.strerror or error}") from error
    return None


def _texts(file: BoundedReader) -> Iterator[int]:
    """Stop before the body of each text of a PNG; how many bytes it has."""
    place = len(SIGNATURE)
    if file.read(place) != SIGNATURE:
        return
    for _ in range(_MOST_CHUNKS):
        file.seek(place, os.SEEK_SET)
        head = file.read(8)
        size = int.from_bytes(head[:4], "big")
        if len(head) < 8 or place + 8 + size > file.size:
            return
        if head[4:] == b"iTXt":
            yield size
        place += 12 + size
