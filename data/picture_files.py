"""Which files below a folder are taken for pictures: the same ones by every command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif")
"""Endings, in small letters, of what is taken for a picture. One that cannot be opened is named with the reason."""


def is_picture(path: Path) -> bool:
    """Whether a file is taken for a picture, by its name alone.

    Hidden files are not: some systems lay one beside each picture, with the same ending and no picture in it.
    """
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def picture_files(folder: Path) -> list[Path]:
    """The pictures below a folder, sorted; links to files and folders are followed, each folder once."""
    return sorted(path for path in _files(folder) if is_picture(path))


def _files(folder: Path) -> Iterator[Path]:
    seen: set[Path] = set()
    for place, below, names in os.walk(folder, followlinks=True):
        real = Path(place).resolve()
        if real in seen:  # a link that leads back
            below.clear()
            continue
        seen.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield from (Path(place, name) for name in names)
