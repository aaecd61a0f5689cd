"""Sets of pictures that are stored as arrays: CIFAR-10 and the downsampled ImageNet, 32×32 and 64×64.

Both come as files of rows of 3·H·W bytes, pickled or as ``.npz``. An unpickler runs whatever a file tells it to, so
the one here knows arrays only.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from PIL import Image

from attributes.dataset import Split
from attributes.reading import DatasetError, PictureError

# As people have them: the archive's own folder, its files moved up, or each part in a folder of its own.
_TRAIN = re.compile(r"(train_)?data_batch_(\d+)(\.npz)?")
_VALIDATION = re.compile(r"(test_batch|val_data)(\.npz)?")
_IMAGENET = tuple(
    f"Imagenet{side}_{part}{end}" for side in (32, 64) for part in ("train", "val") for end in ("", "_npz")
)
_FOLDERS = ("cifar-10-batches-py", *_IMAGENET)
_ARRAYS_ONLY = {
    *((module, "_reconstruct") for module in ("numpy.core.multiarray", "numpy._core.multiarray")),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),  # protocol 2 writes bytes this way
}


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
            return picture
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
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                data = archive["data"]
        else:
            content = _ArrayUnpickler(io.BytesIO(path.read_bytes()), encoding="bytes").load()
            data = content.get("data", content.get(b"data"))
        side = round((data.shape[1] / 3) ** 0.5)
        if data.dtype != np.uint8 or 3 * side * side != data.shape[1]:
            raise ValueError(f"its data are {data.dtype} of shape {data.shape}")
    except Exception as error:  # unpickling raises whatever a broken file makes it stumble over
        raise DatasetError(f"{path} is broken or holds no pictures ({error}); restore it.") from error
    pictures: np.ndarray = data.reshape(-1, 3, side, side)
    return pictures


class _ArrayUnpickler(pickle.Unpickler):
    """Knows numpy's arrays and Python's own plain values, and refuses all else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAYS_ONLY:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no file of arrays needs")
        return super().find_class(module, name)
