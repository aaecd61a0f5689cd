"""The files of one tab's visit: the pictures that it shows, and what was uploaded to it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image

from app.ui.server.uploads import Uploads, file_name

MAX_KEPT_PICTURES = 24
"""Pictures of a visit that stay on disk: the browser may still be fetching the last few."""


class VisitFiles:
    """A folder for a tab's pictures, and the uploads that it has opened.

    Args:
        client: the browser that the tab belongs to.
        uploads: the door through which its files come.
    """

    def __init__(self, client: str, uploads: Uploads) -> None:
        self.client, self.uploads = client, uploads
        self.lost = False  # whether the disk has lost the visit's pictures, and the page has not been told yet
        self.folder = uploads.folder.new_box(client)
        self._opened: dict[str, Path] = {}
        self._written: list[Path] = []
        self._galleries: dict[str, list[Path]] = {}
        self._keys: dict[str, Hashable] = {}
        self._numbers = count()

    def new_file(self, name: str) -> Path:
        """A path for a file called ``name``; the oldest files of the visit make room for it.

        Raises:
            FolderError: the server's temporary folder cannot be used.
        """
        self._see_to_folder()
        path = self.folder / f"{next(self._numbers)}" / file_name(name)
        path.parent.mkdir(0o700)
        self._written.append(path)
        while len(self._written) > MAX_KEPT_PICTURES:
            self.uploads.folder.remove(self._written.pop(0).parent)
        return path

    def show(self, pixels: np.ndarray) -> str:
        """Write uint8 ``(H, W, 3)`` as a PNG for the browser."""
        return _write(pixels, self.new_file("picture.png"))

    def show_all(self, gallery: str, pictures: Iterable[np.ndarray]) -> list[str]:
        """As :meth:`show`, for the pictures of a gallery: they stay until its next ones come."""
        self._see_to_folder()
        for path in self._galleries.pop(gallery, []):
            self.uploads.folder.remove(path)
        return [self.show_more(gallery, pixels) for pixels in pictures]

    def show_more(self, gallery: str, pixels: np.ndarray) -> str:
        """Add a picture to a gallery's."""
        self._see_to_folder()
        path = self.folder / f"face-{next(self._numbers)}.png"
        self._galleries.setdefault(gallery, []).append(path)
        return _write(pixels, path)

    def show_same(self, gallery: str, key: Hashable, pixels: np.ndarray) -> str:
        """As :meth:`show`, for a picture that is asked for again and again: written once for a ``key``."""
        known = self._galleries.get(gallery, [])
        if self._keys.get(gallery) == key and known and known[0].is_file():
            return str(known[0])
        self._keys[gallery] = key
        return self.show_all(gallery, [pixels])[0]

    def new_folder(self, name: str) -> Path:
        """An empty folder that stays until the next of this ``name`` comes, however many pictures are shown.

        Raises:
            FolderError: the server's temporary folder cannot be used.
        """
        self._see_to_folder()
        for path in self._galleries.pop(name, []):
            self.uploads.folder.remove(path)
        folder = self.folder / f"{name}-{next(self._numbers)}"
        folder.mkdir(0o700)
        self._galleries[name] = [folder]
        return folder

    def _see_to_folder(self) -> None:
        self.lost |= self.uploads.folder.restore(self.folder)

    @contextmanager
    def upload(self, field: str, path: object) -> Iterator[Path]:
        """The uploaded file that a field's value names, to be opened.

        It takes the place of the field's file before, which is deleted, or is itself deleted where opening it fails.

        Raises:
            FolderError: this browser has not uploaded it.
        """
        file = self.uploads.open(path, self.client)
        try:
            yield file
        except Exception:
            if file not in self._opened.values():
                self.uploads.delete(file)
            raise
        if self._opened.get(field) != file:
            self.drop_upload(field)
            self._opened[field] = file

    def upload_all(self, field: str, paths: Iterable[object]) -> list[Path]:
        """The uploaded files that a field of several names; those that it named before and not any more are deleted.

        Raises:
            FolderError: this browser has not uploaded one of them.
        """
        files = []
        for path in paths:
            files.append(self.uploads.open(path, self.client))
            self._opened[f"{field}/{files[-1].parent.name}"] = files[-1]
        for name, file in list(self._opened.items()):
            if name.startswith(f"{field}/") and file not in files:
                self.drop_upload(name)
        return files

    def drop_upload(self, field: str) -> None:
        """Delete a field's file, if it has one."""
        file = self._opened.pop(field, None)
        if file is not None and file not in self._opened.values():
            self.uploads.delete(file)


def _write(pixels: np.ndarray, path: Path) -> str:
    # Fast rather than small: it goes no further than to the browser on this machine.
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, compress_level=1)
    return str(path)
