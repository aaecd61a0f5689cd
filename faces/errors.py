"""Errors of the photo room whose messages a user may read as they stand."""

from __future__ import annotations

__all__ = ["FaceError", "NoFaceError", "PhotoError"]


class FaceError(ValueError):
    """Base of every error raised by :mod:`faces`.

    The message says what was wrong, with its value, and the remedy, so that a user interface can show
    ``str(error)`` without a traceback.
    """


class PhotoError(FaceError):
    """A photo cannot be opened, converted or saved."""


class NoFaceError(FaceError):
    """No face was found where one is needed."""
