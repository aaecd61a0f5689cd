"""Locks on files that end with the process that holds them, even if it is killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import GlowfaceError

try:
    import fcntl
except ImportError:  # Windows, where two runs in one folder are left to the user's care
    fcntl = None  # type: ignore[assignment]


class LockedError(GlowfaceError):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock on ``path``, a file made for it, while the block runs.

    Args:
        path: the lock's file.
        wait: whether to wait while another process holds it.

    Raises:
        LockedError: another process holds it, and ``wait`` is off.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Opened to append, so that the number of the process which holds it stays readable.
    with path.open("a+") as file:
        if fcntl is not None:
            try:
                # POSIX locks, as children, such as the processes that read pictures, do not inherit them.
                fcntl.lockf(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except (BlockingIOError, PermissionError) as error:
                raise LockedError(f"{path} is held by another process.") from error
        yield
