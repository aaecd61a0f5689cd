"""LSUN (Yu et al. 2015, arXiv 1506.03365): one LMDB database of JPEG or WebP files for each scene and split.

Not by torchvision's class, which writes a pickle into the working folder and trusts the one that it finds there.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from data.face_set import Split
from data.picture_set import DatasetError, PictureError, central_square
from storage.files import FileError, open_regular


class LsunSet:
    """The pictures of a database, in the order of their keys.

    Args:
        folder: a ``…_lmdb`` folder.
        limit: only the first so many pictures.

    Raises:
        DatasetError: the ``lmdb`` package is missing, or the database cannot be opened.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.folder = folder
        with _database(folder) as database, database.begin() as transaction:
            keys = (bytes(key) for key in transaction.cursor().iternext(keys=True, values=False))
            self.keys = list(islice(keys, limit))

    @property
    def identity(self) -> str:
        """Hash of the database's name, size and time, and of how many pictures are used."""
        about = (self.folder / "data.mdb").stat()
        text = f"{self.folder}\n{about.st_size}\n{about.st_mtime_ns}\n{len(self)}"
        return hashlib.sha256(text.encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.keys)

    def read(self, index: int, size: int) -> np.ndarray:
        """Picture ``index`` as uint8 ``(3, size, size)``: the central square, made smaller with Lanczos.

        Raises:
            PictureError: the picture cannot be read.
        """
        key = self.keys[index]
        try:
            with _database(self.folder) as database, database.begin() as transaction:
                content = transaction.get(key)
            return central_square(io.BytesIO(content), size)
        except Exception as error:  # decoders raise whatever a broken file makes them stumble over
            raise PictureError(f"{self.folder}, {key.decode(errors='replace')}: {error}") from error


_ONE_AT_A_TIME = Lock()


@contextmanager
def _database(folder: Path) -> Iterator[Any]:
    """The database, open for one reading: left open, it could not be used by processes that are forked off."""
    try:
        import lmdb
    except ImportError as error:
        raise DatasetError("LSUN is read with lmdb; install it with: python -m pip install lmdb") from error
    with _ONE_AT_A_TIME:  # a process may open a database only once
        try:
            open_regular(folder / "data.mdb").close()
            with lmdb.open(str(folder), readonly=True, lock=False, readahead=False, create=False) as database:
                yield database
        except (FileError, lmdb.Error) as error:
            raise DatasetError(f"{folder} is no whole LMDB database ({error}); unpack it anew.") from error


def find_lsun(folder: Path, split: Split, limit: int | None) -> LsunSet | None:
    """The database of ``split`` in ``folder``, which holds ``SCENE_train_lmdb`` and ``SCENE_val_lmdb``; None if none.

    Raises:
        DatasetError: there are databases, but not one alone for the split.
    """
    databases = sorted(folder.glob("*_lmdb"))
    if not databases:
        return None
    if split == "all":
        raise DatasetError("LSUN's parts are read apart; give the split train or val.")
    fitting = [path for path in databases if path.name.endswith(f"_{split}_lmdb")]
    if len(fitting) != 1:
        names = ", ".join(path.name for path in databases)
        raise DatasetError(f"{folder} must hold one …_{split}_lmdb, of one scene; it holds {names}.")
    return LsunSet(fitting[0], limit)
