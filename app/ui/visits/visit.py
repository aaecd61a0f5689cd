"""One browser tab's visit: its session, and a folder for its pictures that goes when the tab goes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from secrets import token_urlsafe

import numpy as np
from PIL import Image

from app.editor import Editor
from app.models import Models
from app.portraits.portrait import Portrait
from app.session import Session
from app.ui.server.folder import FolderError, ServerFolder
from app.ui.server.uploads import Uploads, file_name
from app.ui.visits.blending import Blending
from app.ui.visits.sheet import Sheet
from attributes import Recipe

KEPT_PICTURES = 24
"""Pictures of a visit that stay on disk: the browser may still be fetching the last few."""

GRACE = 10.0
"""Seconds for which the visit of a page that has gone waits for it to be loaded again."""

MOST_SESSIONS = 10_000
"""Sessions whose clients are remembered; more than that are not open at once."""


class Visit:
    """What one tab has open.

    Args:
        editor: the shared editor of the model to begin with.
        client: the browser that the tab belongs to.
        uploads: the door through which its files come.
    """

    def __init__(self, editor: Editor, client: str, uploads: Uploads) -> None:
        self.session = Session(editor)
        self.blending = Blending(editor)
        self.sheet = Sheet()
        self.close_up = True
        self.undrawn = False  # whether the page has not got the picture of the sliders as they are: the server was busy
        self.revision = 0  # how often all sliders of the page were set from here
        self.marks: list[tuple[float, float]] = []
        self.marking = False  # whether points of a face are asked for though there is one
        self.brushing = False  # whether it is painted where edits may act
        self.details = False  # whether what the classifier sees is unfolded
        self.examples: tuple[Portrait, ...] = ()  # the faces to begin with, as they are shown
        self.subject: Portrait | None = None  # the face that small pictures are of
        self.preset_names: list[str] = []  # of the small pictures, one by one
        self.variations: list[dict[str, float]] = []  # the values that each variation shows
        self.photo: str | None = None  # what the upload field shows
        self.recipes: dict[str, Recipe] = {}  # opened or saved by this visit
        self.stopping = threading.Event()  # whether long work is to end after its next step
        self.lock = threading.Lock()
        self.working = threading.Lock()  # held for each step of long work, which the sliders do not wait for
        self.used = time.monotonic()
        self.client, self.uploads = client, uploads
        self.key = token_urlsafe(24)  # by which its page, loaded again, asks for it
        self.language = "en"
        self.lost = False  # whether the disk has lost the visit's pictures, and the page has not been told yet
        self.folder = uploads.folder.new_box(client)
        self.ended = False
        self._opened: dict[str, Path] = {}
        self._written: list[Path] = []
        self._galleries: dict[str, list[Path]] = {}
        self._keys: dict[str, Hashable] = {}
        self._numbers = count()

    def use(self, editor: Editor) -> None:
        """Go on with another model, or other sliders of the same, with all that is open."""
        self.blending.use(editor)
        self.session.use(editor)

    def new_file(self, name: str) -> Path:
        """A path for a file called ``name``; the oldest files of the visit make room for it.

        Raises:
            FolderError: the server's temporary folder cannot be used.
        """
        self._see_to_folder()
        path = self.folder / f"{next(self._numbers)}" / file_name(name)
        path.parent.mkdir(0o700)
        self._written.append(path)
        while len(self._written) > KEPT_PICTURES:
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

    def end(self) -> None:
        """Delete all that the visit left on disk."""
        self.ended = True
        with self.working, self.lock:  # what still runs for this tab ends first: it would write into the folder
            for field in list(self._opened):
                with suppress(FolderError):  # a link in its place: the others go all the same
                    self.drop_upload(field)
            self.uploads.folder.remove(self.folder)


def _write(pixels: np.ndarray, path: Path) -> str:
    # Fast rather than small: it goes no further than to the browser on this machine.
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, compress_level=1)
    return str(path)


class Visits:
    """All visits by their tab.

    Args:
        models: the models that visits can choose from.
        folder: the server's temporary folder.
        age: seconds after which a visit ends that no browser holds open, and an upload that no page has opened.
    """

    def __init__(self, models: Models, folder: ServerFolder, age: float) -> None:
        self.models, self.age = models, age
        self.uploads = Uploads(folder, age)
        self._visits: dict[str, Visit] = {}
        self._clients: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def belongs(self, tab: str, client: str) -> bool:
        """Whether a tab is a client's. One that nobody has asked for is the client's from then on."""
        with self._lock:
            visit = self._visits.get(tab)
            owner = self._clients.setdefault(tab, client) if visit is None else visit.client
            self._clients[tab] = owner
            self._clients.move_to_end(tab)
            if len(self._clients) > MOST_SESSIONS:
                self._clients.popitem(last=False)
            if visit is not None and owner == client:
                visit.used = time.monotonic()
            return owner == client

    def tabs(self, client: str) -> list[str]:
        """The tabs of a client."""
        with self._lock:
            return [tab for tab, owner in self._clients.items() if owner == client]

    def of(self, tab: str | None) -> Visit:
        """The visit of a tab, begun where there is none.

        Raises:
            FolderError: no client has asked for the tab, or the server's temporary folder cannot be used.
        """
        with self._lock:
            if str(tab) not in self._visits:
                if str(tab) not in self._clients:
                    raise FolderError("this page is no longer known here; load it again.")
                self._visits[str(tab)] = Visit(self.models.first, self._clients[str(tab)], self.uploads)
            return self._visits[str(tab)]

    def come_back(self, tab: str | None, key: object) -> Visit:
        """The visit of a page that was loaded again: the one with the page's ``key``, if it is the same browser's and
        still there, else the tab's own.

        Raises:
            FolderError: as :meth:`of`.
        """
        own = self.of(tab)
        with self._lock:
            former = next((name for name, visit in self._visits.items() if visit.key == key), None)
            if former is None or former == tab or self._visits[former].client != own.client:
                return own
            found = self._visits[str(tab)] = self._visits.pop(former)
            found.used = time.monotonic()
        own.end()
        return found

    def leave(self, tab: str | None) -> None:
        """End a tab's visit a little later: a page that is only loaded again comes back for it."""
        with self._lock:
            visit = self._visits.get(str(tab))

        def end() -> None:
            with self._lock:
                if visit is None or self._visits.get(str(tab)) is not visit:
                    return  # it has come back, or ended
            self.end(tab)

        ending = threading.Timer(GRACE, end)
        ending.daemon = True
        ending.start()

    def end(self, tab: str | None, idle: float = 0.0) -> None:
        """Forget a tab's visit and delete its files, if nobody has used it for ``idle`` seconds."""
        with self._lock:
            visit = self._visits.get(str(tab))
            if visit is None or time.monotonic() - visit.used < idle:
                return
            del self._visits[str(tab)]
        visit.end()

    def sweep(self, held: set[str]) -> None:
        """End what nobody uses any more: old visits but for the tabs ``held`` open, and old uploads."""
        with self._lock:
            open_to_none = self._visits.keys() - held
        for tab in open_to_none:
            self.end(tab, idle=self.age)
        self.uploads.sweep()
