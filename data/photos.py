"""Faces for learning: photos of folders or of a table, each aligned as the model knows faces."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from tqdm import tqdm

from data.face_set import LARGEST_TABLE, DatasetError
from data.picture_files import SUFFIXES, picture_files
from faces import Alignment, Detector, FaceError, Photo, align, crop, open_photo
from storage.files import FileError, read_text

Aligned = Literal["auto", "yes", "no"]
"""Whether photos are cut around the face already; "auto" looks at each."""

NEAR = 0.08
"""How far, in sides, a corner of a face's square may be from that of a picture which is cut around the face already."""

MOST_COLUMNS = 1000
"""Of a table of photos, with that of the files."""

_YES, _NO, _UNKNOWN = {"1", "true", "yes"}, {"0", "-1", "false", "no"}, {""}


@dataclass(frozen=True)
class AlignedFaces:
    """The faces of some photos."""

    pixels: np.ndarray
    """uint8 ``(N, 3, S, S)``."""

    left_out: tuple[str, ...]
    """For each photo without a usable face, why."""


def folder_photos(folder: str | Path) -> list[Path]:
    """The pictures below a folder.

    Raises:
        DatasetError: there are none.
    """
    found = picture_files(Path(folder))
    if not found:
        raise DatasetError(f"there are no pictures ({', '.join(SUFFIXES)}) below {folder}; check the path.")
    return found


def table_photos(path: str | Path) -> Mapping[str, tuple[list[Path], list[Path]]]:
    """For each label of a CSV table, the photos with it and those without.

    The first row names the columns: ``file``, then one or more labels. Values are 1 or 0 (also -1, true, false, yes,
    no), or nothing where it is unknown. Files are looked for from the table's own folder. They may lie anywhere that
    the user may read, for it is the user's own table, but must be regular files.

    Raises:
        DatasetError: the table is broken, or a file of it is missing.
    """
    path = Path(path)
    try:
        text = read_text(path, LARGEST_TABLE)
        rows = csv.reader(io.StringIO(text, newline=""))
        return _sides(path, rows)
    except (FileError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read as a CSV table ({error}); check the file.") from error


def _sides(path: Path, rows: Iterator[list[str]]) -> dict[str, tuple[list[Path], list[Path]]]:
    """:func:`table_photos` of a table's rows, one after the other."""
    header = [name.strip() for name in next(rows, [])]
    if len(header) < 2 or header[0].lower() != "file" or "" in header or len(set(header)) < len(header):
        raise DatasetError(
            f"the first row of {path} is {','.join(header) or 'empty'!r}; it must be file,LABEL or file,LABEL,LABEL..."
        )
    if len(header) > MOST_COLUMNS:
        raise DatasetError(f"the first row of {path} has {len(header)} columns; {MOST_COLUMNS} is the most.")
    sides: dict[str, tuple[list[Path], list[Path]]] = {name: ([], []) for name in header[1:]}
    for number, row in enumerate(rows, start=2):
        if not any(row):
            continue
        values = [value.strip().lower() for value in row[1:]]
        if len(row) != len(header) or not set(values) <= _YES | _NO | _UNKNOWN:
            raise DatasetError(
                f"line {number} of {path} is {','.join(row)!r}; it must be a file name and {len(header) - 1} values, "
                "each 1, 0 or nothing."
            )
        photo = path.parent / row[0].strip()
        if not os.path.isfile(photo):  # false, and no error, also of what can be no file's name
            raise DatasetError(f"line {number} of {path} names {row[0].strip()!r}, and there is no file {photo}.")
        for name, value in zip(header[1:], values, strict=True):
            if value not in _UNKNOWN:
                sides[name][value in _NO].append(photo)
    return sides


def aligned_faces(paths: Iterable[Path], size: int, aligned: Aligned, detector: Detector) -> AlignedFaces:
    """The largest face of each photo, aligned, at ``size`` pixels.

    Args:
        paths: the photos.
        size: side of the model's pictures.
        aligned: "yes" takes the middle of each picture, "no" finds and aligns its face, and "auto" does so unless the
            picture is cut around the face in that very way already.
        detector: finds the faces.
    """
    found: list[np.ndarray] = []
    left_out: list[str] = []
    for path in tqdm(list(paths), desc="reading photos", unit="photo", disable=None):
        try:
            photo = open_photo(path)
            found.append(crop(photo.pixels, _square(photo, aligned, detector), size).transpose(2, 0, 1))
        except FaceError as error:
            left_out.append(f"{path}: {error}")
    return AlignedFaces(np.stack(found) if found else np.zeros((0, 3, size, size), np.uint8), tuple(left_out))


def _square(photo: Photo, aligned: Aligned, detector: Detector) -> Alignment:
    whole = Alignment.whole(photo.pixels)
    if aligned == "yes":
        return whole
    square = align(detector.require(photo.pixels)[0])
    if aligned == "auto" and np.abs(square.quad - whole.quad).max() < NEAR * whole.size:
        return whole
    return square
