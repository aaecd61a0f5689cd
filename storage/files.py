"""Files: read as what anybody may have made, and written atomically: whole, or not at all."""

from __future__ import annotations

import io
import os
import re
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from errors import GlowfaceError

try:
    import fcntl
except ModuleNotFoundError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

_NAME_KEPT = 40
"""The temporary file beside a file begins with so many characters of its name."""


class FileError(GlowfaceError):
    """A file cannot be read; the message says why, and leaves the file's name and the remedy to who wanted it."""


class BoundedReader(io.BufferedReader):
    """A file of which no more is read than it held when it was opened, and for which no more memory is set aside.

    Args:
        raw: the open file.
        at_once: the most bytes that one call of ``read`` gives, whatever it asks for; None sets no such bound.
    """

    def __init__(self, raw: io.FileIO, at_once: int | None = None) -> None:
        super().__init__(raw)
        self.size = os.fstat(raw.fileno()).st_size
        """Bytes of the file."""
        self.at_once = at_once

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self.size - self.tell())
        wanted = left if size is None or size < 0 else min(size, left)
        return super().read(wanted if self.at_once is None else min(wanted, self.at_once))


def open_regular(path: str | Path, at_once: int | None = None) -> BoundedReader:
    """Open a file for reading, if it is a regular one, or a link to one.

    A pipe could keep its reader waiting for ever, and a device hand it bytes without end.

    Raises:
        FileError: it is missing, may not be read, or is a folder, a pipe, a device or the like.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise FileError("it is no regular file")
        return BoundedReader(io.FileIO(path, "r", opener=_without_waiting), at_once)
    except FileError:
        raise
    except (OSError, ValueError) as error:  # ValueError of a name that no file can have
        raise FileError(getattr(error, "strerror", None) or str(error)) from error


def _without_waiting(path: str, ways: int) -> int:
    """Open a file that may have become a pipe meanwhile, without waiting for the pipe's other end."""
    return os.open(path, ways | getattr(os, "O_NONBLOCK", 0))


def read_bytes(path: str | Path, most: int) -> bytes:
    """A file's content; nothing is read of one that has more than ``most`` bytes.

    Raises:
        FileError: as :func:`open_regular`, or it has more bytes.
    """
    try:
        with open_regular(path) as file:
            if file.size > most:
                raise FileError(f"it has {file.size} bytes, more than {most}")
            return file.read()
    except OSError as error:
        raise FileError(error.strerror or str(error)) from error


def read_text(path: str | Path, most: int) -> str:
    """A file's text, UTF-8 with or without a byte-order mark, of at most ``most`` bytes.

    Raises:
        FileError: as :func:`read_bytes`, or it is no UTF-8.
    """
    try:
        return read_bytes(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"it is no UTF-8 text ({error.reason} at byte {error.start})") from error


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of ``path`` when the block has ended without an error.

    It is flushed to disk and then renamed, so that a crash or a full disk never leaves half a file under the name.
    What a killed process leaves behind goes when the same file is written again, or by :func:`remove_unfinished`.

    Raises:
        OSError: the file cannot be written; what was there before still is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside, file = _open_aside(path)
    try:
        with file:  # held open, and so locked, as long as this process lives
            mode = os.fstat(file.fileno()).st_mode
            if fcntl is None:  # Windows renames no file that is open
                file.close()
            yield aside
            aside.chmod(stat.S_IMODE(mode))  # safetensors makes files that only their owner can read
            with aside.open("rb+") as whole:
                os.fsync(whole.fileno())
            aside.replace(path)
        _sync_folder(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def _open_aside(path: Path) -> tuple[Path, BinaryIO]:
    """A new file beside ``path``, locked where the system can. Its name tells which file it was to become, should its
    writer be killed, and no other writer's has the same."""
    # Short enough for any file system.
    start = f".{path.name[:_NAME_KEPT]}"
    if fcntl is not None:
        aside = path.with_name(f"{start}.part")
        _remove_dead(aside)
        try:
            file = aside.open("xb")
        except FileExistsError:
            pass
        else:
            fcntl.flock(file, fcntl.LOCK_SH)  # which a later writer's question sees
            return aside, file
    aside = path.with_name(f"{start}.{uuid.uuid4().hex}.part")
    return aside, aside.open("xb")


def _remove_dead(aside: Path) -> None:
    """Remove a file that a process was writing, if that process has ended: its lock ended with it."""
    try:
        with open_regular(aside) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            aside.unlink(missing_ok=True)
    except (FileError, OSError):
        return


def check_writable(folder: Path) -> None:
    """See to it that files can be written into a folder, which is made if it is missing, before work is begun for them.

    Raises:
        FileError: they cannot.
    """
    probe = folder / f".{uuid.uuid4().hex}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FileError(error.strerror or str(error)) from error


def remove_unfinished(folder: Path, name: str | None = None) -> None:
    """Remove what processes that were killed have left of :func:`atomic_write`. None may be writing now.

    Args:
        folder: where they wrote.
        name: of the file that they wrote; any if left out.
    """
    kept = r".+" if name is None else re.escape(name[:_NAME_KEPT])
    left_behind = re.compile(rf"\.{kept}(\.[0-9a-f]{{32}})?\.part")
    for path in folder.iterdir() if folder.is_dir() else ():
        if left_behind.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Flush a folder's names to disk, where the system lets folders be opened."""
    if os.name == "posix":
        try:
            number = os.open(folder, os.O_RDONLY)
        except PermissionError:  # one that may be written to, but not listed
            return
        try:
            os.fsync(number)
        finally:
            os.close(number)
