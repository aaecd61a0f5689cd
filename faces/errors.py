"""Errors of the photo room whose messages a user may read as they stand."""

from __future__ import annotations

from errors import GlowfaceError

__all__ = ["FaceError", "NoFaceError", "PhotoError"]


class FaceError(GlowfaceError):
    """Base of every error raised by :mod:`faces`."""


class PhotoError(FaceError):
    """A photo cannot be opened, converted or saved."""


class NoFaceError(FaceError):
    """No face was found where one is needed."""
