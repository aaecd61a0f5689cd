"""The bytes of a photo, from wherever they come, and what is said where that fails."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import Image

from faces.errors import PhotoError
from faces.headers.directory import ExcessError
from faces.limits import MAX_FILE_BYTES, MAX_PIXELS

__all__ = ["READABLE", "read_path", "read_stream", "reason", "told_as_photo_errors"]

READABLE = "a PNG, JPEG, WebP, TIFF, BMP, GIF or AVIF picture"


def read_path(path: str | os.PathLike[str]) -> bytes:
    """All of a regular file, or of what a link to one leads to; devices and pipes could wait or run for ever."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            kind = "a directory" if os.path.isdir(path) else "no regular file"
            raise PhotoError(f"Cannot read {str(path)!r}: it is {kind}. Choose {READABLE}.")
        # Should a pipe have taken the file's place since, it is not waited for.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            return read_stream(file, min(os.fstat(file.fileno()).st_size, MAX_FILE_BYTES) + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, PhotoError):
            raise
        raise PhotoError(f"Cannot read {str(path)!r}: {reason(error)}. Choose {READABLE}.") from error


def read_stream(file: BinaryIO, piece: int = 1 << 24) -> bytes:
    """All that a stream gives, up to one byte over :data:`MAX_FILE_BYTES`: it may never end.

    It is asked for ``piece`` bytes at a time, for which some streams set memory aside.
    """
    parts: list[bytes] = []
    missing = MAX_FILE_BYTES + 1
    while missing > 0 and (part := file.read(min(piece, missing))):
        if not isinstance(part, bytes):
            raise TypeError(f"it gives {type(part).__name__}, not bytes")
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


@contextmanager
def told_as_photo_errors(name: str) -> Iterator[None]:
    """Whatever fails becomes a :class:`PhotoError`: decoders answer broken files with errors of every kind."""
    try:
        yield
    except PhotoError:
        raise
    except ExcessError as error:
        raise PhotoError(
            f"{name!r} is not opened, as it asks for too much time or memory: {error}. Save it anew as a plain JPEG "
            "or PNG, or choose another."
        ) from error
    except MemoryError as error:
        raise PhotoError(
            f"There is not enough memory to open {name!r}. Close other programs, or scale it down first."
        ) from error
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{name!r} is too large: over the limit of {MAX_PIXELS // 10**6} megapixels. Scale it down first."
        ) from error
    except Exception as error:
        raise PhotoError(
            f"{name!r} is damaged or incomplete ({reason(error)}). Get the file again, or choose another."
        ) from error


def reason(error: Exception) -> str:
    """What an error says, without the path that Python adds; its kind where it says nothing."""
    return (getattr(error, "strerror", None) or str(error)).strip() or type(error).__name__
