"""What all endpoints share: whose call it is, the photos that come with it, its results' files, and its errors.

Nothing is kept: a photo is deleted at its call's end, and results go with the caller's visit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import FileData

from app.editor import Editor
from app.portraits.portrait import Portrait
from app.request_checks import asked_face, asked_moves, asked_slider
from app.ui.server.folder import FolderError
from app.ui.visits.visit import Visit, Visits
from errors import GlowfaceError
from faces import FaceError, PhotoError
from storage.values import InvalidValueError


class Call:
    """One call.

    Args:
        visit: the caller's.
        editor: with which it is answered.
        photos: the files that come with it.
    """

    def __init__(self, visit: Visit, editor: Editor, photos: list[Path]) -> None:
        self.visit, self.editor, self.photos = visit, editor, photos

    def portrait(self, place: int, face: Any) -> Portrait:
        """A face of one of the photos.

        Raises:
            PhotoError: the photo cannot be opened.
            InvalidValueError: ``face`` names none.
            FaceError: there is no such face in it; the message names the photo.
        """
        which, photo = asked_face(face), self.photos[place]
        try:
            return self.editor.open(photo, which)
        except PhotoError:
            raise
        except FaceError as error:
            raise FaceError(f"{photo.name}: {error}") from error

    def moves(self, values: Any, keep: Any) -> tuple[dict[str, float], tuple[str, ...]]:
        """Values by the names of sliders, and names that are kept, checked.

        Raises:
            InvalidValueError: they are something else.
            DirectionsError: a name is no slider's.
        """
        return asked_moves(self.editor, values, keep)

    def slider(self, name: Any) -> str:
        """A slider's name in full.

        Raises:
            InvalidValueError: it is no name.
            DirectionsError: it is no slider's.
        """
        return asked_slider(self.editor, name)

    def file(self, name: str, write: Callable[[Path], None]) -> FileData:
        """As :meth:`files`, for one."""
        return self.files([name], lambda _, path: write(path))[0]

    def files(self, names: list[str], write: Callable[[int, Path], None]) -> list[FileData]:
        """Files of these names for the caller, each written by ``write(index, path)``; they go with the visit."""
        with self.visit.lock:
            if self.visit.ended:
                raise InvalidValueError("the caller has gone.")
            first = self.visit.new_file(names[0])
            paths = [first, *(first.with_name(name) for name in names[1:])]
            for index, path in enumerate(paths):
                write(index, path)
        return [FileData(path=str(path), orig_name=path.name) for path in paths]


@contextmanager
def calling(visits: Visits, request: gr.Request, *photos: Any) -> Iterator[Call]:
    """One call: what goes wrong in it comes to the caller as one line, and its photos are deleted at its end.

    Args:
        visits: all visits.
        request: who calls.
        photos: the files that come with it, as Gradio hands them on.

    Raises:
        gr.Error: it went wrong.
    """
    files: list[Path] = []
    uploads = visits.uploads
    try:
        visit = visits.of(request.session_hash)
        for photo in photos:
            files.append(uploads.open(photo.get("path") if isinstance(photo, dict) else photo, visit.client))
        yield Call(visit, visits.models.first, files)
    except GlowfaceError as error:
        raise gr.Error(str(error), print_exception=False) from error
    except Exception as error:
        logging.getLogger("glowface").error("a call failed", exc_info=error)
        raise gr.Error("That did not work; the server's terminal tells more.", print_exception=False) from error
    finally:
        for file in files:
            with suppress(FolderError):  # a link in its place
                uploads.delete(file)
