"""One browser tab's visit: its session, and a folder for its pictures that goes when the tab goes."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from secrets import token_hex

import numpy as np
from PIL import Image

from app.editor import Editor
from app.models import Models
from app.portrait import Portrait
from app.session import Session
from app.ui.own_rows import own_rows, row_names
from attributes import Recipe

KEPT_PICTURES = 24
"""Pictures of a visit that stay on disk: the browser may still be fetching the last few."""


class Visit:
    """What one tab has open.

    Args:
        editor: the shared editor of the model to begin with.
        folder: a new folder of the visit's own.
    """

    def __init__(self, editor: Editor, folder: Path) -> None:
        self.session = Session(editor)
        self.blended: list[Portrait | None] = [None, None]
        self.drawn: list[Portrait] = []
        self.drawn_by = editor
        self.close_up = True
        self.marks: list[tuple[float, float]] = []
        self.own = row_names(own_rows(editor))  # as the page has them
        self.photo: str | None = None  # what the upload field shows
        self.recipes: dict[str, Recipe] = {}  # opened or saved by this visit
        self.lock = threading.Lock()
        self.folder = folder
        self.uploads: set[Path] = set()
        self._written: list[Path] = []
        self._gallery: list[Path] = []
        self._numbers = count()
        folder.mkdir(parents=True)

    def use(self, editor: Editor) -> None:
        """Go on with another model, with all that is open."""
        if editor is self.session.editor:
            return
        blended = [face and editor.again(face) for face in self.blended]
        self.session.use(editor)
        self.blended, self.own = blended, row_names(own_rows(editor))

    def new_file(self, name: str) -> Path:
        """A path for a file called ``name``; the oldest files of the visit make room for it."""
        path = self.folder / f"{next(self._numbers)}" / name
        path.parent.mkdir()
        self._written.append(path)
        while len(self._written) > KEPT_PICTURES:
            shutil.rmtree(self._written.pop(0).parent, ignore_errors=True)
        return path

    def show(self, pixels: np.ndarray) -> str:
        """Write uint8 ``(H, W, 3)`` as a PNG for the browser."""
        return _write(pixels, self.new_file("picture.png"))

    def show_all(self, pictures: Iterable[np.ndarray]) -> list[str]:
        """As :meth:`show`, for the pictures of a gallery: they stay until the next ones come."""
        for path in self._gallery:
            path.unlink(missing_ok=True)
        self._gallery = []
        for pixels in pictures:
            self._gallery.append(self.folder / f"face-{next(self._numbers)}.png")
            _write(pixels, self._gallery[-1])
        return [str(path) for path in self._gallery]

    def uploaded(self, path: str) -> Path:
        """An uploaded file's path; the file is deleted when the visit ends."""
        self.uploads.add(Path(path))
        return Path(path)

    def end(self, others: set[Path]) -> None:
        """Delete all that the visit left on disk, but for the uploads of others: the same photo has the same path."""
        with self.lock:  # what still runs for this tab ends first, or it would write into a folder that is going
            shutil.rmtree(self.folder, ignore_errors=True)
            for path in self.uploads - others:
                shutil.rmtree(path.parent, ignore_errors=True)


def _write(pixels: np.ndarray, path: Path) -> str:
    # Fast rather than small: it goes no further than to the browser on this machine.
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, compress_level=1)
    return str(path)


class Visits:
    """All visits by their tab.

    Args:
        models: the models that visits can choose from.
        folder: where the visits' folders are made.
    """

    def __init__(self, models: Models, folder: Path) -> None:
        self.models, self.folder = models, folder
        self._visits: dict[str, Visit] = {}
        self._lock = threading.Lock()

    def of(self, tab: str | None) -> Visit:
        """The visit of a tab, begun where there is none."""
        with self._lock:
            if str(tab) not in self._visits:
                self._visits[str(tab)] = Visit(self.models.first, self.folder / f"visit-{token_hex(8)}")
            return self._visits[str(tab)]

    def end(self, tab: str | None) -> None:
        """Forget a tab's visit and delete its files."""
        with self._lock:
            visit = self._visits.pop(str(tab), None)
            others = {path for other in self._visits.values() for path in other.uploads}
        if visit is not None:
            visit.end(others)
