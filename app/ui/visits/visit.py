"""One browser tab's visit: its session, and a folder for its pictures that goes when the tab goes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex, token_urlsafe
from typing import Any

from app.editor import Editor
from app.inference.batching import BusyError
from app.models import Models
from app.portraits.portrait import Portrait
from app.session import Session
from app.ui.server.folder import FolderError, ServerFolder
from app.ui.server.uploads import Uploads
from app.ui.visits.blending import Blending
from app.ui.visits.lifetimes import IDLE_SECONDS, RECONNECT_SECONDS
from app.ui.visits.memory import trim_memory
from app.ui.visits.sheet import Sheet
from app.ui.visits.visit_files import VisitFiles
from attributes import Recipe

MAX_VISITS = 500
"""Visits at once, those of pages that have gone and may come back among them."""

MAX_TABS = 10_000
"""Tabs whose clients are remembered; more than that are not open at once."""


class Visit(VisitFiles):
    """What one tab has open.

    Args:
        editor: the shared editor of the model to begin with.
        client: the browser that the tab belongs to.
        uploads: the door through which its files come.
    """

    def __init__(self, editor: Editor, client: str, uploads: Uploads) -> None:
        super().__init__(client, uploads)
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
        self.subject: tuple[Any, ...] | None = None  # the face that small pictures are of
        self.preset_names: list[str] = []  # of the small pictures, one by one
        self.variations: list[dict[str, float]] = []  # the values that each variation shows
        self.photo: str | None = None  # what the upload field shows
        self.recipes: dict[str, Recipe] = {}  # opened or saved by this visit
        self.stopping = threading.Event()  # whether long work is to end after its next step
        self.lock = threading.Lock()
        self.working = threading.Lock()  # held for each step of long work, which the sliders do not wait for
        self.used = time.monotonic()
        self.name = token_hex(8)  # by which its page knows it; answers to others of the browser have it too
        self.key = f"{self.name}.{token_urlsafe(24)}"  # by which its page, loaded again, asks for it
        self.language = "en"
        self.ended = False

    def use(self, editor: Editor) -> None:
        """Go on with another model, or other sliders of the same, with all that is open."""
        self.blending.use(editor)
        self.session.use(editor)

    def end(self) -> None:
        """Delete all that the visit left on disk."""
        self.ended = True
        with self.working, self.lock:  # what still runs for this tab ends first: it would write into the folder
            for field in list(self._opened):
                with suppress(FolderError):  # a link in its place: the others go all the same
                    self.drop_upload(field)
            self.uploads.folder.remove(self.folder)


class Visits:
    """All visits by their tab.

    Args:
        models: the models that visits can choose from.
        folder: the server's temporary folder.
        idle_seconds: after which a visit ends that no page holds open, and an upload that no page has opened.
        most: visits at once.
        reconnect_seconds: for which the visit of a page that has gone waits for it to come back.
    """

    def __init__(
        self,
        models: Models,
        folder: ServerFolder,
        idle_seconds: float = IDLE_SECONDS,
        most: int = MAX_VISITS,
        reconnect_seconds: float = RECONNECT_SECONDS,
    ) -> None:
        self.models, self.most = models, most
        self.idle_seconds, self.reconnect_seconds = idle_seconds, reconnect_seconds
        self.uploads = Uploads(folder, idle_seconds)
        self._visits: dict[str, Visit] = {}
        self._clients: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        self.connected: Callable[[], set[str]] = set
        """Tells which tabs' pages are open, by the tabs' names."""

        self.forget: Callable[[str], object] = str
        """Told which tab's visit has ended, so that the server drops what it has of that page."""

    def name(self, tab: str) -> str:
        """The name of a tab's visit; an empty one where there is none."""
        visit = self._visits.get(tab)
        return "" if visit is None else visit.name

    def belongs(self, tab: str, client: str) -> bool:
        """Whether a tab is a client's. One that nobody has asked for is the client's from then on."""
        with self._lock:
            visit = self._visits.get(tab)
            owner = self._clients.setdefault(tab, client) if visit is None else visit.client
            self._clients[tab] = owner
            self._clients.move_to_end(tab)
            if len(self._clients) > MAX_TABS:
                self._clients.popitem(last=False)
            if visit is not None and owner == client:
                visit.used = time.monotonic()
            return owner == client

    def tabs(self, client: str) -> list[str]:
        """The tabs of a client."""
        with self._lock:
            return [tab for tab, owner in self._clients.items() if owner == client]

    def of(self, tab: str | None) -> Visit:
        """The visit of a tab, begun where there is none: where too many are there, in the place of one that no page
        holds open.

        Raises:
            BusyError: pages hold all of them open.
            FolderError: no client has asked for the tab, or the server's temporary folder cannot be used.
        """
        unused: dict[str, Visit] = {}
        with self._lock:
            if str(tab) not in self._visits:
                if str(tab) not in self._clients:
                    raise FolderError("this page is no longer known here; load it again.")
                if len(self._visits) >= self.most:
                    least = self._least_used()
                    unused[least] = self._visits.pop(least)
                self._visits[str(tab)] = Visit(self.models.first, self._clients[str(tab)], self.uploads)
            found = self._visits[str(tab)]
        for name, visit in unused.items():
            visit.end()
            self.forget(name)
        return found

    def _least_used(self) -> str:
        """The tab that was used longest ago, of those that no page holds open."""
        disconnected = self._visits.keys() - self.connected()
        if not disconnected:
            raise BusyError("Too many people use Glowface at once; try again in a few minutes.")
        return min(disconnected, key=lambda tab: self._visits[tab].used)

    def resume(self, tab: str | None, key: object) -> Visit:
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

    def schedule_end(self, tab: str | None) -> None:
        """End a tab's visit a little later: a page that is loaded again, or had no connection, comes back for it."""
        with self._lock:
            visit = self._visits.get(str(tab))
        ending = threading.Timer(self.reconnect_seconds, self.end_unless_back, (tab, visit))
        ending.daemon = True
        ending.start()

    def end_unless_back(self, tab: str | None, visit: Visit | None) -> None:
        """End a visit of a page that went, but for one that came back: by another tab, or held open by the same."""
        with self._lock:
            now = self._visits.get(str(tab))
            if tab in self.connected() or (now is not None and now is not visit):
                return
        if now is None:  # the page had none, or was loaded again and has it under another name
            self.forget(str(tab))
        else:
            self.end(tab)

    def end(self, tab: str | None, idle: float = 0.0) -> None:
        """Forget a tab's visit and delete its files, if nobody has used it for ``idle`` seconds."""
        with self._lock:
            visit = self._visits.get(str(tab))
            if visit is None or time.monotonic() - visit.used < idle:
                return
            del self._visits[str(tab)]
        visit.end()
        self.forget(str(tab))
        trim_memory()

    def sweep(self) -> None:
        """End what nobody uses any more: old visits but for those that a page holds open, and old uploads."""
        with self._lock:
            disconnected = self._visits.keys() - self.connected()
        for tab in disconnected:
            self.end(tab, idle=self.idle_seconds)
        self.uploads.sweep()
