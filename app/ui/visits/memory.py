"""Memory that nothing uses any more, back to the operating system."""

from __future__ import annotations

import ctypes
import sys


def trim_memory() -> None:
    """Give back what C's allocator keeps of what was freed.

    After photos of many people, glibc keeps pages in between blocks that are still in use: after 300 visits two thirds
    of the server's memory. Other platforms' allocators give back by themselves.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
