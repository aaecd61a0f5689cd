"""Face pictures on disk, with their CelebA labels where there are any: which there are, and reading them."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from data.labels import LABEL_NAMES
from data.picture_files import SUFFIXES, is_picture, picture_files
from data.picture_set import DatasetError, PictureError, central_square, read_batches
from storage.files import FileError, open_regular, read_text

__all__ = ["DatasetError", "FaceSet", "Split"]

Split = Literal["train", "val", "all"]
VALIDATION_EVERY = 20
"""Where no partition is given, every 20th picture is for validation."""
# torchvision's CelebA pictures are 178×218 with much background: its users take the central 148×148.
CELEBA_CROP = 148

LONGEST_NUMBER = 18
"""Digits of the number of a picture."""

LARGEST_TABLE = 64 * 2**20
"""Bytes of a file of labels; CelebA's has 27 million."""

_PARTS = {"train": re.compile(r"train(ing)?(_\d+x\d+)?"), "val": re.compile(r"val(id(ation)?)?(_\d+x\d+)?")}


@dataclass(frozen=True)
class FaceSet:
    """Pictures of faces on disk.

    Three layouts are known: CelebA-HQ (``CelebA-HQ-img/`` beside ``CelebAMask-HQ-attribute-anno.txt``),
    torchvision's CelebA (``img_align_celeba/`` beside ``list_attr_celeba.txt``), and any folder of pictures.
    ``list_eval_partition.txt`` beside either of the first two says which pictures are for validation; of a folder with
    the subfolders ``train`` and ``val`` (or ``valid``, or such names as ``train_64x64``) it is the second.
    """

    paths: tuple[Path, ...]
    """The pictures."""

    labels: np.ndarray | None
    """Bool ``(N, 40)`` in the order of :data:`data.labels.LABELS`; None for a plain folder."""

    crop: int | None = None
    """Side of the central square to use, in pixels; None is the largest."""

    def __len__(self) -> int:
        return len(self.paths)

    @staticmethod
    def open(folder: str | Path, split: Split = "all", limit: int | None = None) -> FaceSet:
        """The pictures below ``folder``.

        Args:
            folder: a folder in one of the three layouts.
            split: which pictures.
            limit: at most so many, the first ones.

        Raises:
            DatasetError: no picture is found, or a labels file is broken.
        """
        folder = Path(folder)
        if (folder / "celeba").is_dir():  # torchvision's root
            folder /= "celeba"
        crop: int | None = None
        paths: tuple[Path, ...]
        labels: np.ndarray | None = None
        if (folder / "CelebA-HQ-img").is_dir():
            paths, labels = _labelled(folder, "CelebA-HQ-img", "CelebAMask-HQ-attribute-anno.txt", split)
        elif (folder / "img_align_celeba").is_dir():
            crop = CELEBA_CROP
            paths, labels = _labelled(folder, "img_align_celeba", "list_attr_celeba.txt", split)
        else:
            paths = _unlabelled(folder, split)
        if not paths:
            raise DatasetError(
                f"no pictures for the split {split!r} below {folder}; expected CelebA-HQ-img/ or "
                f"img_align_celeba/, or pictures ({', '.join(SUFFIXES)}) in any folders."
            )
        return FaceSet(paths[:limit], None if labels is None else labels[:limit], crop)

    @property
    def identity(self) -> str:
        """Hash of the files' names, sizes and times, and of the crop: another one means other pixels."""
        digest = hashlib.sha256(str(self.crop).encode())
        for path in self.paths:
            try:
                about = path.stat()
            except OSError:  # one that has gone is left out when it is read
                continue
            digest.update(os.fsencode(path) + f"\n{about.st_size}\n{about.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def read(self, index: int, size: int) -> np.ndarray:
        """Picture ``index`` as uint8 ``(3, size, size)``: the central square, made smaller with Lanczos.

        Raises:
            PictureError: the file cannot be read.
        """
        try:
            with open_regular(self.paths[index]) as file:
                return central_square(file, size, self.crop)
        except Exception as error:  # decoders raise whatever a broken file makes them stumble over
            raise PictureError(f"{self.paths[index]}: {error}") from error

    def batches(
        self, size: int, batch: int, *, workers: int = 2, indices: Sequence[int] | np.ndarray | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All pictures in order, ``(indices (B,), pixels uint8 (B, 3, size, size))``, read ahead by threads.

        Pictures that cannot be read are left out, and named on standard error in the end.
        """
        yield from read_batches(self, size, batch, workers=workers, indices=indices)


def _in_split(split: Split, validation: bool) -> bool:
    return split == "all" or (split == "val") == validation


def _unlabelled(folder: Path, split: Split) -> tuple[Path, ...]:
    """Pictures in any folders; the split is said by the names of subfolders, or every 20th is for validation."""
    subfolders = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    named = {part: [path for path in subfolders if _PARTS[part].fullmatch(path.name.lower())] for part in _PARTS}
    if all(named.values()):
        wanted = _PARTS if split == "all" else (split,)
        return tuple(path for part in wanted for below in named[part] for path in picture_files(below))
    found = picture_files(folder)
    return tuple(path for i, path in enumerate(found) if _in_split(split, i % VALIDATION_EVERY == 0))


def _labelled(folder: Path, pictures: str, labels_file: str, split: Split) -> tuple[tuple[Path, ...], np.ndarray]:
    """Paths and labels of a CelebA layout. Pictures and labels meet by number, whatever their endings."""
    path = folder / labels_file
    if not path.is_file():
        raise DatasetError(f"{folder} has {pictures}/ but no {labels_file} beside it; put it there.")
    lines = _lines(path)
    next(lines, "")  # the number of pictures
    names = next(lines, "").split(maxsplit=len(LABEL_NAMES))  # no more of a line than can be right
    if sorted(names) != sorted(LABEL_NAMES):
        raise DatasetError(f"the second line of {path} must name CelebA's 40 labels; it has {len(names)} names.")
    columns = [names.index(name) for name in LABEL_NAMES]
    rows: dict[int, np.ndarray] = {}
    for number, line in enumerate(lines, start=3):
        name, *values = line.split(maxsplit=len(names) + 1) or [""]
        if len(values) != len(names) or not set(values) <= {"1", "-1"}:
            raise DatasetError(f"line {number} of {path} must be a file name and {len(names)} values of 1 or -1.")
        rows[_number(name, path)] = np.array([value == "1" for value in values])[columns]
    validation = _partition(folder / "list_eval_partition.txt")
    found = sorted((_number(each.name, each), each) for each in (folder / pictures).iterdir() if is_picture(each))
    keep = []
    for place, (number, path) in enumerate(found):
        if number not in rows:
            continue
        held_out = place % VALIDATION_EVERY == 0 if validation is None else validation.get(number, 0) == 1
        # CelebA's own partition also has a test part (2), which neither trains nor tunes anything.
        tested = validation is not None and validation.get(number, 0) == 2
        if _in_split(split, held_out) and (split == "all" or not tested):
            keep.append((path, rows[number]))
    if not keep:
        return (), np.zeros((0, len(LABEL_NAMES)), dtype=bool)
    paths, labels = zip(*keep, strict=True)
    return tuple(paths), np.stack(labels)


def _partition(path: Path) -> dict[int, int] | None:
    """The part (0 train, 1 validation, 2 test) of each picture's number, or None without a partition file."""
    if not path.is_file():
        return None
    parts: dict[int, int] = {}
    for number, line in enumerate(_lines(path), start=1):
        match line.split(maxsplit=2):
            case [name, "0" | "1" | "2" as part]:
                parts[_number(name, path)] = int(part)
            case []:
                continue
            case _:
                raise DatasetError(f"line {number} of {path} must be a file name and a part: 0, 1 or 2.")
    return parts


def _lines(path: Path) -> Iterator[str]:
    """The lines of a text that somebody else has written."""
    try:
        yield from io.StringIO(read_text(path, LARGEST_TABLE))
    except FileError as error:
        raise DatasetError(f"{path} cannot be read ({error}); restore it.") from error


def _number(name: str, source: Path) -> int:
    """The number that a file's name begins with; ``source`` is where the name stands."""
    digits = re.match(r"[0-9]+", name)
    if digits is None or len(digits.group()) > LONGEST_NUMBER:
        raise DatasetError(f"{name!r} in {source} does not begin with a number, as the pictures of CelebA do.")
    return int(digits.group())
