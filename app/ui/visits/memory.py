"""Memory that nothing uses any more, back to the operating system.

After photos of many people, glibc keeps pages between blocks that are still in use, and more so in many arenas, of
which it makes eight for each core. Other platforms' allocators give back by themselves.
"""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # as malloc.h numbers them
_LARGE = 8 * 2**20
"""Bytes from which a block is a mapping of its own, which goes back when it is freed: no tensor of a decode is so large
(mapping those anew would cost a quarter of the time), but pictures of photos are."""

_KEPT = 32 * 2**20
"""Bytes at an arena's end that wait for the next use. Left to itself, glibc raises both as larger blocks come."""


def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if library is not None and hasattr(library, "gnu_get_libc_version") else None


def limit_fragmentation() -> None:
    """Have large blocks lie apart, and small ones in few arenas; to be called before other threads begin."""
    library = _glibc()
    if library is not None:
        for name, value in ((_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _KEPT), (_ARENA_MAX, os.cpu_count() or 1)):
            library.mallopt(name, value)


def trim_memory() -> None:
    """Give back what the allocator keeps of what was freed."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)
