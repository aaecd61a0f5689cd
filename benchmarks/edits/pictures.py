"""Folders of pictures of real people: never inside the repository, but for what git ignores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.edits import BY_NAME
from benchmarks.edits.rows import BEFORE, ROOT
from faces import Photo
from storage.files import atomic_write


class PicturesError(ValueError):
    """Pictures cannot be read from a folder, or must not be written there; the message says what to do."""


def folder_for_pictures(path: Path) -> Path:
    """The folder, made if it is not there.

    Raises:
        PicturesError: it lies in the repository, where git would find the pictures.
    """
    place = path.resolve()
    if place.is_relative_to(ROOT) and not place.is_relative_to(ROOT / "runs"):
        raise PicturesError(
            f"{path} lies in the repository, into which no picture of CelebA-HQ may go; choose a folder below runs/."
        )
    place.mkdir(parents=True, exist_ok=True)
    return path


def picture_path(folder: Path, face: str, edit: str = BEFORE) -> Path:
    """Where the photo of a face after an edit lies."""
    return folder / f"{face}-{edit}.png"


def write_picture(folder: Path, face: str, edit: str, photo: Photo) -> None:
    """Write a photo there."""
    with atomic_write(picture_path(folder, face, edit)) as aside:  # a run that is killed leaves no half of one
        photo.image.convert("RGB").save(aside, "PNG")


def read_picture(path: Path) -> np.ndarray:
    """A picture as uint8 ``(H, W, 3)``."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def edits_in(folder: Path) -> set[tuple[str, str]]:
    """The face and the name of each edit that a folder has a picture of.

    Raises:
        PicturesError: it has none.
    """
    found = set()
    for path in folder.glob("*.png"):
        for name in BY_NAME:
            face = path.stem.removesuffix(f"-{name}")
            if face != path.stem and picture_path(folder, face).exists():
                found.add((face, name))
    if not found:
        raise PicturesError(
            f"there are no pictures FACE-EDIT.png with FACE-{BEFORE}.png in {folder}; "
            f"`python -m benchmarks.edits --pictures {folder}` writes them."
        )
    return found
