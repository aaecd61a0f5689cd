"""Which encoded faces stay in memory: those that were used last, of all users."""

from __future__ import annotations

import threading
from collections import OrderedDict
from weakref import ref

from app.portraits.portrait import Portrait
from faces import Alignment

MAX_PORTRAITS = 128
"""Encoded faces that stay in memory. With the model of 128 pixels each takes about a megabyte, and up to half as much
more for each slider that has moved it."""


class PortraitCache:
    """Keeps the portraits that were used last (LRU).

    Args:
        most: how many.
    """

    def __init__(self, most: int = MAX_PORTRAITS) -> None:
        self.most = most
        self._portraits: OrderedDict[int, Portrait] = OrderedDict()
        self._lock = threading.RLock()  # what is collected as garbage while it is held may ask for it

    def __len__(self) -> int:
        return len(self._portraits)

    def use(self, portrait: Portrait) -> None:
        """Keep a portrait, and let go of those that were used longest ago."""
        with self._lock:
            self._portraits[id(portrait)] = portrait
            self._portraits.move_to_end(id(portrait))
            while len(self._portraits) > self.most:
                self._portraits.popitem(last=False)

    def forget(self, portrait: Portrait) -> None:
        """Keep a portrait no longer: nobody is going to use it."""
        with self._lock:
            self._portraits.pop(id(portrait), None)


CACHE = PortraitCache()
"""Those of this process."""


class EncodedFace:
    """A face of an open photo that a model has encoded, and encodes anew, to the same bits, where it was let go.

    One that the model drew is never let go: its latent is in no photo.
    """

    def __init__(self, portrait: Portrait) -> None:
        self.alignment: Alignment = portrait.alignment
        self._drawn = portrait if portrait.drawn else None
        self._portrait = ref(portrait)
        if not portrait.drawn:
            CACHE.use(portrait)

    @property
    def portrait(self) -> Portrait | None:
        """The face, if it is still there."""
        portrait = self._drawn or self._portrait()
        if portrait is not None and not portrait.drawn:
            CACHE.use(portrait)
        return portrait

    def __del__(self) -> None:
        portrait = self._portrait()
        if portrait is not None:
            CACHE.forget(portrait)
