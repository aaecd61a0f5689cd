"""Pictures kept at the training size, in one file for each set: read and made smaller once, and then only mapped."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data.formats.cifar_imagenet import ArraySet
from data.picture_set import DatasetError, PictureError, PictureSet, read_batches
from storage.files import atomic_write, remove_unfinished
from storage.lock import locked

FREE_SHARE = 0.5
"""The largest share of the memory that is free which a copy may take."""


class CachedPictures:
    """Pictures at the training size, bytes after bytes in one file that is mapped into memory.

    All processes of a machine share the mapped file, in this run and in later ones.

    Args:
        path: the file.
        size: height and width of the pictures.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path, self.size = path, size
        self._array: np.ndarray | None = None

    @property
    def array(self) -> np.ndarray:
        """All pictures, uint8 ``(N, 3, size, size)``; writing to it does not reach the file."""
        if self._array is None:
            self._array = np.memmap(self.path, np.uint8, "c").reshape(-1, 3, self.size, self.size)
        return self._array

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_array": None}  # another process maps the file, and gets no copy

    @property
    def identity(self) -> str:
        """The file's name, which has the hash of what it was made from."""
        return self.path.stem

    def __len__(self) -> int:
        return len(self.array)

    def read(self, index: int, size: int) -> np.ndarray:
        """Picture ``index``, uint8 ``(3, size, size)``.

        Raises:
            PictureError: ``size`` is not that of the copies.
        """
        if size != self.size:
            raise PictureError(f"{self.path} holds pictures of {self.size} pixels, {size} are asked for")
        return np.asarray(self.array[index])


def cache_pictures(pictures: PictureSet, size: int, folder: Path, *, workers: int = 2) -> CachedPictures:
    """The set at ``size``, from ``folder`` if it is there already; else read, and written there.

    One process writes, and others that want the same wait for it.

    Args:
        pictures: the set.
        size: height and width in pixels.
        folder: where copies are kept.
        workers: threads that read.

    Raises:
        DatasetError: no picture can be read.
        OSError: the disk is full.
    """
    name = hashlib.sha256(f"{pictures.identity} {size}".encode()).hexdigest()[:24]
    path = folder / f"{size}-{name}.u8"
    with locked(folder / f".{name}.lock", wait=True):
        if not path.exists():
            _write(pictures, size, path, workers)
    return CachedPictures(path, size)


def _write(pictures: PictureSet, size: int, path: Path, workers: int) -> None:
    remove_unfinished(path.parent, path.name)  # the lock is held, so only a dead process can have left it
    count = 0
    with (
        atomic_write(path) as aside,
        aside.open("wb") as file,  # written and not mapped: a full disk is an error here, there a crash
        tqdm(total=len(pictures), desc="reading pictures", unit="img", disable=None) as bar,
    ):
        for indices, pixels in read_batches(pictures, size, 64, workers=workers):
            file.write(pixels.tobytes())
            count += len(indices)
            bar.update(len(indices))
        if not count:
            raise DatasetError(f"none of the {len(pictures)} pictures can be read at {size} pixels; see above.")


def must_cache(pictures: PictureSet) -> bool:
    """Whether a set is too slow to read at random, so that only a copy of it can be trained on."""
    return isinstance(pictures, ArraySet)


def cache_fits(pictures: PictureSet, size: int) -> bool:
    """Whether a copy of the set at ``size`` takes no more than :data:`FREE_SHARE` of the memory that is free."""
    return len(pictures) * 3 * size * size <= FREE_SHARE * free_memory()


def free_memory() -> int:
    """Bytes that programs can still use; on systems that do not say, half of all there are."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(line for line in lines if line.startswith("MemAvailable"))
        return int(available.split()[1]) * 1024
    except (OSError, StopIteration):
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        except (AttributeError, ValueError, OSError):
            return 4 * 1024**3
