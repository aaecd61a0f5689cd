"""Sets of pictures that are stored as arrays: CIFAR-10 and the downsampled ImageNet, 32×32 and 64×64.

Both come as files of rows of 3·H·W bytes, pickled or as ``.npz``. No pickle is ever loaded:
:mod:`data.formats.safe_pickle` reads what is in them.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import IO

import numpy as np
from numpy.lib import format as npy
from PIL import Image

from data.face_set import Split
from data.formats.safe_pickle import as_bytes_array, read_pickled
from data.picture_set import DatasetError, PictureError
from storage.files import open_regular

# As people have them: the archive's own folder, its files moved up, or each part in a folder of its own.
_TRAIN = re.compile(r"(train_)?data_batch_(\d+)(\.npz)?")
_VALIDATION = re.compile(r"(test_batch|val_data)(\.npz)?")
_IMAGENET = tuple(
    f"Imagenet{side}_{part}{end}" for side in (32, 64) for part in ("train", "val") for end in ("", "_npz")
)
_FOLDERS = ("cifar-10-batches-py", *_IMAGENET)
PIECE = 2**22
"""Bytes that are read of an archive at once; its list of files must fit in."""

MOST_UNPACKED = 10
"""How many times as large as an archive its pictures may be: photographs shrink by a half at the most."""


class ArraySet:
    """Pictures in array files, read one file at a time: in order it is quick, at random it is not.

    Args:
        files: the files.
        limit: only the first so many pictures.

    Raises:
        DatasetError: a file is broken, holds something else than pictures, or pictures of another size.
    """

    def __init__(self, files: list[Path], limit: int | None = None) -> None:
        self.files = files
        self._cached: Callable[[Path], np.ndarray] = lru_cache(maxsize=2)(_rows)  # the one before may still be read
        self._lock = Lock()  # without it, each thread that reads would load the file for itself
        shapes = [self._rows(path).shape for path in files]
        if len({shape[1:] for shape in shapes}) > 1:
            raise DatasetError(f"the files in {files[0].parent} hold pictures of different sizes; keep one set apart.")
        self._ends = np.cumsum([shape[0] for shape in shapes])
        self._length = min(int(self._ends[-1]), limit or int(self._ends[-1]))

    @property
    def identity(self) -> str:
        """Hash of the files' names, sizes and times, and of how many pictures are used."""
        digest = hashlib.sha256(str(len(self)).encode())
        for path in self.files:
            about = path.stat()
            digest.update(f"{path}\n{about.st_size}\n{about.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def _rows(self, path: Path) -> np.ndarray:
        with self._lock:
            return self._cached(path)

    def __len__(self) -> int:
        return self._length

    def read(self, index: int, size: int) -> np.ndarray:
        """Picture ``index`` as uint8 ``(3, size, size)``; made smaller where it is larger.

        Raises:
            PictureError: the pictures are smaller than ``size``.
        """
        place = int(np.searchsorted(self._ends, index, side="right"))
        rows = self._rows(self.files[place])
        picture = rows[index - (int(self._ends[place - 1]) if place else 0)]
        side = picture.shape[-1]
        if side < size:
            raise PictureError(f"{self.files[place]}: its pictures have {side} pixels, {size} are asked for")
        if side == size:
            return picture.copy()  # that may be written to, and does not hold the whole file
        image = Image.fromarray(picture.transpose(1, 2, 0)).resize((size, size), Image.Resampling.LANCZOS)
        return np.asarray(image).transpose(2, 0, 1)


def find_arrays(folder: Path, split: Split, limit: int | None) -> ArraySet | None:
    """The set in ``folder``, or None if it holds no such files.

    Raises:
        DatasetError: there are files of the set, but none for ``split``, or one is broken.
    """
    places = [folder, *(folder / name for name in _FOLDERS)]
    found = [path for place in places if place.is_dir() for path in place.iterdir()]
    train = {path: match for path in found if (match := _TRAIN.fullmatch(path.name))}
    parts = {
        "train": sorted(train, key=lambda path: int(train[path].group(2))),
        "val": [path for path in found if _VALIDATION.fullmatch(path.name)],
    }
    if not any(parts.values()):
        return None
    files = parts["train"] + parts["val"] if split == "all" else parts[split]
    if not files:
        wanted = "data_batch_1 …, train_data_batch_1 …" if split == "train" else "test_batch, val_data"
        raise DatasetError(f"{folder} has no files for the split {split!r} ({wanted}); put them there.")
    return ArraySet(files, limit)


def _rows(path: Path) -> np.ndarray:
    """A file's pictures, uint8 ``(N, 3, side, side)``."""
    try:
        data = _archived(path) if path.suffix == ".npz" else _pickled(path)
        side = round((data.shape[1] / 3) ** 0.5) if data.ndim == 2 else 0
        if not side or 3 * side * side != data.shape[1]:
            raise ValueError(f"its data have the shape {data.shape}")
    except Exception as error:  # whatever a broken file makes the readers stumble over
        raise DatasetError(f"{path} is broken or holds no pictures ({error}); restore it.") from error
    pictures: np.ndarray = data.reshape(-1, 3, side, side)
    return pictures


def _pickled(path: Path) -> np.ndarray:
    with open_regular(path) as file:
        content = read_pickled(file)
    if not isinstance(content, dict):
        raise ValueError("it holds no names and values")
    return as_bytes_array(content.get("data", content.get(b"data")))


def _archived(path: Path) -> np.ndarray:
    """The array ``data`` of an archive of numpy's; what it says of its size is not believed."""
    with open_regular(path, PIECE) as file, zipfile.ZipFile(file) as archive:
        about = archive.getinfo("data.npy")
        if about.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("its data are packed in a way that numpy does not know")
        if about.file_size > MOST_UNPACKED * file.size:
            raise ValueError(f"{file.size} bytes claim to hold {about.file_size}")
        with archive.open(about) as member:
            shape = _npy_shape(member)
            count = shape[0] * shape[1]
            if count != about.file_size - member.tell():
                raise ValueError(f"its data have the shape {shape} and {about.file_size} bytes")
            data = np.empty(shape, np.uint8)
            flat, place = data.reshape(-1), 0
            while place < count and (piece := member.read(min(PIECE, count - place))):
                flat[place : place + len(piece)] = np.frombuffer(piece, np.uint8)
                place += len(piece)
            if place < count:
                raise ValueError("its data are cut off")
            return data


def _npy_shape(file: IO[bytes]) -> tuple[int, int]:
    """The shape ``(N, 3·H·W)`` by the header of a ``.npy`` file of bytes, which is read."""
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
    shape, by_columns, dtype = read(file)
    if dtype != np.uint8 or by_columns or len(shape) != 2 or min(shape) < 1:
        raise ValueError(f"its data are {dtype} of shape {shape}{', by columns' if by_columns else ''}")
    return shape
