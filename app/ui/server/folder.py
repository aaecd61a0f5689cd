"""The server's temporary folder: the only place that the web app writes to, serves from and deletes in.

It holds *boxes*: folders with unguessable names, each made for one client, in which one visit's pictures or one
uploaded file lie. Whatever path comes from a client, it is only ever compared with what lies in the client's own boxes.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import threading
import time
from pathlib import Path
from secrets import token_hex

from errors import GlowfaceError

PREFIX = "glowface-"
_BOX = re.compile(r"[0-9a-f]{64}")


class FolderError(GlowfaceError):
    """The temporary folder cannot be used, or a path is none of its own; the message says what to do."""


class ServerFolder:
    """One server's temporary folder.

    Args:
        root: the folder; made by :meth:`ensure`, for this user alone.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._resolved = self.root.resolve()
        self._owners: dict[str, str] = {}
        self._lock = threading.Lock()
        self._closed = False

    @staticmethod
    def create() -> ServerFolder:
        """A new one in the system's folder for temporary files, named after this process."""
        try:
            return ServerFolder(Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")))
        except OSError as error:
            raise FolderError(
                f"There is no folder for temporary files ({error.strerror or error}). Make room, or set TMPDIR to a "
                "folder that may be written to."
            ) from error

    def ensure(self) -> bool:
        """See to it that the folder is there, is no link, and that only this user can look into it.

        Returns:
            Whether it was gone and had to be made anew; what lay in it is lost.

        Raises:
            FolderError: something else has taken its place, or it cannot be made.
        """
        with self._lock:
            if self._closed:  # what still runs when the server ends must not bring it back
                raise FolderError("Glowface has ended; start it again.")
            try:
                made = _make_private(self.root)
            except OSError as error:
                reason = error.strerror or str(error)
                raise FolderError(
                    f"the temporary folder {self.root} cannot be made anew ({reason}); save your work elsewhere and "
                    "start Glowface again."
                ) from error
            about = self.root.lstat()
            if not stat.S_ISDIR(about.st_mode) or not _mine(about):
                raise FolderError(
                    f"something that is not Glowface's has taken the place of its temporary folder {self.root}; "
                    "nothing is written there. Start Glowface again."
                )
            if os.name == "posix" and stat.S_IMODE(about.st_mode) != stat.S_IRWXU:
                self.root.chmod(stat.S_IRWXU)
            return made

    def new_box(self, owner: str) -> Path:
        """An empty box of the client ``owner``.

        Raises:
            FolderError: the folder cannot be used.
        """
        self.ensure()
        box = self.root / token_hex(32)
        box.mkdir(stat.S_IRWXU)
        self._owners[box.name] = owner
        return box

    def restore(self, box: Path) -> bool:
        """Make a box anew that has gone from the disk; whether it had to be.

        Raises:
            FolderError: the folder cannot be used, or the box was deleted by :meth:`remove`.
        """
        if box.name not in self._owners:
            raise FolderError("this page has ended; load it again.")
        self.ensure()
        if box.is_dir():
            return False
        box.mkdir(stat.S_IRWXU)
        return True

    def readable(self, path: object, owner: str) -> Path:
        """The file that a client's ``path`` names, if it may read it: a regular file in a box of its own.

        Args:
            path: whatever the client sent.
            owner: the client.

        Raises:
            FolderError: it may not, or there is no such file. The message tells nothing of other files.
        """
        refusal = FolderError("there is no such file of yours here; choose it again.")
        if not isinstance(path, str):
            raise refusal
        try:
            file = Path(path)
            box = self._box_of(file)
            if file.resolve(strict=True) != self._resolved / file.relative_to(self.root):
                raise refusal  # there is a link on the way
            regular = stat.S_ISREG(file.lstat().st_mode)
        except (OSError, ValueError, RuntimeError) as error:
            raise refusal from error
        if not regular or self._owners.get(box.name) != owner:
            raise refusal
        return file

    def remove(self, path: Path) -> None:
        """Delete a box with all that is in it, or a file or folder of a box.

        Nothing happens where the path is gone already.

        Raises:
            FolderError: the path is no box of this folder and in none, or there is a link on the way to it. Nothing is
                deleted.
        """
        box = self._box_of(path)
        for part in (self.root, *(p for p in reversed(path.parents) if p == box or box in p.parents)):
            if part.is_symlink():
                raise FolderError(f"{part} is a link; nothing is deleted through it.")
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        if path == box:
            self._owners.pop(box.name, None)

    def _box_of(self, path: Path) -> Path:
        """The box that a path is, or lies in.

        Raises:
            FolderError: it does not.
        """
        if not path.is_absolute() or ".." in path.parts or not path.is_relative_to(self.root) or path == self.root:
            raise FolderError(f"{path} does not lie in Glowface's temporary folder; it is left alone.")
        box = self.root / path.relative_to(self.root).parts[0]
        if not _BOX.fullmatch(box.name):
            raise FolderError(f"{path} is no picture or upload of Glowface's; it is left alone.")
        return box

    def close(self) -> None:
        """Delete the folder and all that is in it, if it is still the one that was made; it is not made anew."""
        with self._lock:
            self._closed = True
        delete_folder(self.root)


def delete_folder(folder: Path) -> None:
    """Delete a private folder of this user's with all that is in it, also while what still runs writes a last file."""
    for _ in range(20):
        if _private_folder(folder):
            shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def remove_leftovers() -> None:
    """Delete the folders of this user's servers that died without a chance to do so themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        name = re.fullmatch(rf"{PREFIX}(\d+)-\w+", folder.name)
        if name and not _alive(int(name.group(1))) and _private_folder(folder):
            shutil.rmtree(folder, ignore_errors=True)


def older_than(path: Path, age: float) -> bool:
    """Whether a file or folder was last changed over ``age`` seconds ago."""
    try:
        return time.time() - path.lstat().st_mtime > age
    except OSError:
        return False


def _make_private(folder: Path) -> bool:
    try:
        folder.mkdir(stat.S_IRWXU)
    except FileExistsError:
        return False
    return True


def _mine(about: os.stat_result) -> bool:
    return os.name != "posix" or about.st_uid == os.geteuid()


def _private_folder(folder: Path) -> bool:
    """Whether it is a folder, no link to one, of this user's, that nobody else can write to."""
    try:
        about = folder.lstat()
    except OSError:
        return False
    closed = os.name != "posix" or not stat.S_IMODE(about.st_mode) & 0o022
    return stat.S_ISDIR(about.st_mode) and _mine(about) and closed


def _alive(process: int) -> bool:
    if os.name == "nt":  # there, signal 0 would end the process
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
