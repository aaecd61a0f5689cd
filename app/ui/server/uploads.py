"""The one door for files from clients: how they come in, and which of them a page may open."""

from __future__ import annotations

import shutil
import threading
from collections.abc import AsyncGenerator, Collection
from contextlib import suppress
from pathlib import Path

from gradio.route_utils import GradioMultiPartParser
from gradio.routes import file_upload_statuses
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from app.ui.server.folder import FolderError, ServerFolder, older_than
from errors import GlowfaceError
from faces import MAX_FILE_BYTES

LARGEST = MAX_FILE_BYTES
"""Bytes of the largest file that is taken: of the largest photo that is opened."""

UNOPENED = 2 * LARGEST
"""Bytes that the files which one client has sent, and no page of it has opened yet, may take together."""

MOST_AT_ONCE = 100
"""Files in one upload."""

_LONGEST_NAME = 100
_FRAMING = 1024**2  # what names and boundaries may take in a request


class UploadError(GlowfaceError):
    """A file is not taken; the message says why and what to do.

    Args:
        message: what to tell.
        status: HTTP's number for it.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Uploads:
    """The files that clients have sent to this server and that are still there.

    Args:
        folder: where they lie, each in a box of its client's.
        age: seconds after which a file that no page has opened is deleted.
    """

    def __init__(self, folder: ServerFolder, age: float) -> None:
        self.folder, self.age = folder, age
        self._unopened: dict[Path, str] = {}
        self._opened: set[Path] = set()
        self._lock = threading.Lock()

    async def receive(self, request: Request, client: str, upload_id: str | None) -> list[str]:
        """Take the files of a multipart request; the paths under which :meth:`open` knows them.

        Each lies in a box of its own, so that no two clients ever share one, though the photo be the same.

        Args:
            request: the upload.
            client: who sends it.
            upload_id: under which the page asks how far it is, if it does.

        Raises:
            UploadError: a file is too large, or there are too many.
            FolderError: the temporary folder cannot be used.
        """
        room = self._room(client)
        staging = self.folder.new_box(client)
        if upload_id:
            file_upload_statuses.track(upload_id)
        parser = GradioMultiPartParser(
            request.headers,
            _at_most(room + _FRAMING, request.stream()),
            max_files=MOST_AT_ONCE,
            max_fields=MOST_AT_ONCE,
            upload_dir=staging,
            max_file_size=LARGEST,
            upload_id=upload_id,
            upload_progress=file_upload_statuses if upload_id else None,
        )
        try:
            form = await parser.parse()
            return [str(path) for path in self._kept(form.getlist("files"), client, room)]
        except MultiPartException as error:
            if "exceeded maximum allowed size of" in error.message:
                raise _too_large() from error
            raise UploadError(f"the upload cannot be read ({error.message}); send it again.", 400) from error
        finally:
            if upload_id:
                file_upload_statuses.set_done(upload_id)
            with suppress(FolderError):
                self.folder.remove(staging)

    def _room(self, client: str) -> int:
        with self._lock:
            waiting = [path for path, owner in self._unopened.items() if owner == client]
        taken = sum(path.stat().st_size for path in waiting if path.is_file())
        if taken >= UNOPENED:
            raise UploadError("too many files wait to be opened; open them, or wait until they are gone.", 429)
        return UNOPENED - taken

    def _kept(self, parts: Collection[object], client: str, room: int) -> list[Path]:
        """Move each part from where the parser has written it into a box of its own."""
        kept: list[Path] = []
        for part in parts:
            if not isinstance(part, UploadFile):
                raise UploadError("the upload holds something that is no file; send it again.", 400)
            room -= part.size or 0
            if room < 0:
                raise _too_large()
            path = self.folder.new_box(client) / file_name(part.filename)
            part.file.close()
            shutil.move(str(part.file.name), path)
            with self._lock:
                self._unopened[path] = client
            kept.append(path)
        return kept

    def open(self, path: object, client: str) -> Path:
        """The uploaded file that a component's value names. It stays until it is given to :meth:`delete`.

        Raises:
            FolderError: ``client`` has not sent it here, or it is gone. Nothing is opened, recorded or deleted.
        """
        file = self.folder.readable(path, client)
        with self._lock:
            if file not in self._unopened and file not in self._opened:
                raise FolderError(f"{file.name} was not uploaded here; choose it again.")
            self._unopened.pop(file, None)
            self._opened.add(file)
        return file

    def delete(self, files: Collection[Path]) -> None:
        """Delete files that :meth:`open` has given."""
        for file in files:
            with self._lock:
                self._opened.discard(file)
                self._unopened.pop(file, None)
            self.folder.remove(file.parent)  # its box, in which nothing else lies

    def sweep(self) -> None:
        """Delete what no page has opened for so long that none will."""
        with self._lock:
            waiting = list(self._unopened)
        self.delete([file for file in waiting if older_than(file, self.age) or not file.exists()])


async def _at_most(size: int, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same bytes; those of an endless request are not waited for."""
    async for part in stream:
        size -= len(part)
        if size < 0:
            raise _too_large()
        yield part


def file_name(text: str | None) -> str:
    """A name for a file that a client calls ``text``: one printable name, never a path, not too long for a disk."""
    name = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in Path(text or "").name).strip(". ")
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = name, "", ""
    # Counted in bytes, as disks do.
    short = stem.encode()[:_LONGEST_NAME].decode(errors="ignore")
    return f"{short or 'file'}{dot}{suffix}"


def _too_large() -> UploadError:
    return UploadError(f"a file is larger than {LARGEST // 10**6} MB; make it smaller and choose it again.", 413)
