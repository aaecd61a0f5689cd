"""A training set from anyone's photos: their faces, found and aligned as CelebA-HQ's are."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from tqdm import tqdm

from data.picture_files import SUFFIXES, picture_files
from faces import Detector, FaceError, NoFaceError, align, crop, open_photo
from storage.files import atomic_write, remove_unfinished


@dataclass
class Report:
    """What has become of the photos."""

    photos: int = 0
    """Photos looked at."""

    faces: int = 0
    """Faces in the set, those of an earlier run too."""

    already: int = 0
    """Photos whose faces were there from an earlier run."""

    without: int = 0
    """Photos without a face."""

    small: int = 0
    """Faces left out because they are too small."""

    broken: int = 0
    """Photos that cannot be opened."""

    def __str__(self) -> str:
        told = {
            f"{self.already} prepared before": self.already,
            f"{self.without} without a face": self.without,
            f"{self.broken} that cannot be opened": self.broken,
        }
        some = [text for text, count in told.items() if count]
        photos = f"{self.photos} photos" + (f", of them {', '.join(some)}" if some else "")
        small = f"; {self.small} faces left out as too small" if self.small else ""
        return f"{self.faces} faces from {photos}{small}"


def prepare(
    photos: Path,
    out: Path,
    *,
    size: int = 256,
    faces: Literal["largest", "all"] = "largest",
    smallest: int = 128,
    device: str = "cpu",
) -> Report:
    """Cut the faces out of all photos below ``photos`` into PNG files below ``out``, in folders of the same names.

    Photos that have their faces in ``out`` already are passed over, so a run that was stopped goes on. Names that are
    not UTF-8 become such: each byte that is none is written as % with two digits.

    Args:
        photos: folder of photos.
        out: folder of the set.
        size: height and width of the pictures in pixels.
        faces: the largest face of each photo, or all.
        smallest: faces whose square has a shorter side in the photo, in pixels, would be blurred, and are left out.
        device: where faces are looked for.

    Raises:
        FaceError: there is no photo.
    """
    found = [path for path in picture_files(photos) if out.resolve() not in path.resolve().parents]
    if not found:
        raise FaceError(f"there is no photo below {photos} ({', '.join(SUFFIXES)}); check the path.")
    places = {path: out / _in_utf8(path.relative_to(photos)) for path in found}
    for folder in {place.parent for place in places.values()}:
        remove_unfinished(folder)
    detector, report = Detector(device), Report()
    for path, place in tqdm(places.items(), desc="aligning faces", unit="photo", disable=None):
        report.photos += 1
        if count := _already(place, size):
            report.faces, report.already = report.faces + count, report.already + 1
            continue
        try:
            pixels = open_photo(path).pixels
            squares = [align(face) for face in detector.require(pixels)]
        except NoFaceError:
            report.without += 1
            _tell(path, "no face is found")
            continue
        except FaceError as error:
            report.broken += 1
            _tell(path, str(error))
            continue
        numbered = list(enumerate(squares if faces == "all" else squares[:1], start=1))
        for number, square in reversed(numbered):  # the largest last: where it is, all are
            if square.size < smallest:
                report.small += 1
                _tell(path, f"face {number} is {square.size:.0f} pixels large, {smallest} are asked for")
                continue
            _save(_numbered(place, number), crop(pixels, square, size))
            report.faces += 1
    return report


def _in_utf8(path: Path) -> Path:
    """A path that any system can read: Python holds a byte that is no part of a UTF-8 letter as half of a pair."""
    return Path(
        "".join(f"%{ord(letter) - 0xDC00:02X}" if "\udc80" <= letter <= "\udcff" else letter for letter in str(path))
    )


def _numbered(place: Path, number: int) -> Path:
    """Where a photo's face lies, counted from 1."""
    return place.with_name(f"{place.name}-{number}.png")


def _already(place: Path, size: int) -> int:
    """How many faces of a photo are there, in this size; none if the run was stopped while it saved them."""
    count = 0
    while (path := _numbered(place, count + 1)).exists():
        with Image.open(path) as image:
            if image.size != (size, size):
                return 0
        count += 1
    return count


def _save(path: Path, pixels: np.ndarray) -> None:
    with atomic_write(path) as aside:
        Image.fromarray(pixels).save(aside, format="png")


def _tell(path: Path, why: str) -> None:
    tqdm.write(f"left out: {path}: {why}", file=sys.stderr)
