"""The one door for files from clients: how they come in, and which of them a page may open."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Collection
from contextlib import suppress
from pathlib import Path

from gradio.route_utils import GradioMultiPartParser
from gradio.routes import file_upload_statuses
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from app.request_checks import MULTIPART_OVERHEAD_BYTES
from app.ui.server.folder import FolderError, ServerFolder, older_than
from errors import GlowfaceError
from faces import MAX_FILE_BYTES

MAX_UNOPENED_BYTES = 2 * MAX_FILE_BYTES
"""Bytes that the files which one client has sent, and no page of it has opened yet, may take together."""

MAX_UPLOAD_FILES = 200
"""Files in one upload: those of a batch."""

_MAX_NAME_BYTES = 100
_PROGRESS = 10.0  # seconds after its end for which a page may ask how far an upload is


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
        self._unopened: dict[Path, tuple[str, int]] = {}  # whose they are, and their bytes
        self._opened: set[Path] = set()
        self._incoming: Counter[str] = Counter()
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
        if self._taken(client) >= MAX_UNOPENED_BYTES:
            raise UploadError("too many files wait to be opened; open them, or wait until they are gone.", 429)
        staging = self.folder.new_box(client)
        if upload_id:
            file_upload_statuses.track(upload_id)
        parser = GradioMultiPartParser(
            request.headers,
            self._counted(client, request.stream()),
            max_files=MAX_UPLOAD_FILES,
            max_fields=MAX_UPLOAD_FILES,
            upload_dir=staging,
            max_file_size=MAX_FILE_BYTES,
            upload_id=upload_id,
            upload_progress=file_upload_statuses if upload_id else None,
        )
        try:
            form = await parser.parse()
            return [str(path) for path in self._kept(form.getlist("files"), client)]
        except MultiPartException as error:
            if "exceeded maximum allowed size of" in error.message:
                raise _too_large() from error
            if "Too many files" in error.message:
                raise UploadError(f"at most {MAX_UPLOAD_FILES} files are taken at once; choose fewer.", 413) from error
            raise UploadError(f"the upload cannot be read ({error.message}); send it again.", 400) from error
        finally:
            for file in parser._files_to_close_on_error:
                file.close()
            if upload_id:
                file_upload_statuses.set_done(upload_id)
                asyncio.get_running_loop().call_later(_PROGRESS, _forget_progress, upload_id)
            with suppress(FolderError):
                self.folder.remove(staging)

    def _taken(self, client: str) -> int:
        """Bytes of a client's files that no page has opened, and of those that are coming in."""
        with self._lock:
            waiting = sum(size for owner, size in self._unopened.values() if owner == client)
        return waiting + self._incoming[client]

    async def _counted(self, client: str, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """The same bytes; more than all uploads of a client may take together are not waited for."""
        taken, size = self._taken(client) - self._incoming[client], 0
        try:
            async for part in stream:
                size += len(part)
                self._incoming[client] += len(part)
                if taken + self._incoming[client] > MAX_UNOPENED_BYTES + MULTIPART_OVERHEAD_BYTES:
                    raise _too_large()
                yield part
        finally:
            self._incoming[client] -= size
            if not self._incoming[client]:
                del self._incoming[client]

    def _kept(self, parts: Collection[object], client: str) -> list[Path]:
        """Move each part from where the parser has written it into a box of its own."""
        kept: list[Path] = []
        for part in parts:
            if not isinstance(part, UploadFile):
                raise UploadError("the upload holds something that is no file; send it again.", 400)
            box = self.folder.new_box(client)
            path = box / file_name(part.filename)
            part.file.close()
            try:
                shutil.move(str(part.file.name), path)
            except OSError:
                self.folder.remove(box)
                raise
            with self._lock:
                self._unopened[path] = client, part.size or 0
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

    def delete(self, file: Path) -> None:
        """Delete a file that :meth:`open` has given.

        Raises:
            FolderError: it cannot be deleted, as a link is in its place.
        """
        with self._lock:
            self._opened.discard(file)
        self.folder.remove(file.parent)  # its box, in which nothing else lies

    def sweep(self) -> None:
        """Delete what no page has opened for so long that none will."""
        with self._lock:
            old = [file for file in self._unopened if older_than(file, self.age) or not file.exists()]
            for file in old:
                del self._unopened[file]  # from now on no page can open it
        for file in old:
            with suppress(FolderError):
                self.folder.remove(file.parent)


def _forget_progress(upload_id: str) -> None:
    file_upload_statuses.stop_tracking(upload_id)
    file_upload_statuses._signals.pop(upload_id, None)


def file_name(text: str | None) -> str:
    """A name for a file that a client calls ``text``: one printable name, never a path, not too long for a disk."""
    name = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in Path(text or "").name).strip(". ")
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = name, "", ""
    # Counted in bytes, as disks do.
    short = stem.encode()[:_MAX_NAME_BYTES].decode(errors="ignore")
    return f"{short or 'file'}{dot}{suffix}"


def _too_large() -> UploadError:
    return UploadError(f"a file is larger than {MAX_FILE_BYTES // 10**6} MB; make it smaller and choose it again.", 413)
