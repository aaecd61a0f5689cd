"""Checks of what programs ask of an editor, as they give it: sliders by name, and a face."""

from __future__ import annotations

from typing import Any

from app.editor import Editor, WhichFace
from attributes import check_names, full_name
from attributes.sliders.slider import FURTHEST
from storage.values import InvalidValueError, caption, number, table

MULTIPART_OVERHEAD_BYTES = 1024**2
"""Bytes that names, boundaries and settings may take in a request, beside its files."""

MAX_NAMES = 200
"""Sliders that a call may move, and keep as they are."""


def asked_moves(editor: Editor, values: Any, keep: Any) -> tuple[dict[str, float], tuple[str, ...]]:
    """Values by the names of sliders, and names that are kept, checked.

    Raises:
        InvalidValueError: they are something else.
        DirectionsError: a name is no slider's.
    """
    given = {} if values is None else table("values", values, MAX_NAMES)
    kept = [] if keep is None else keep
    if not isinstance(kept, list) or len(kept) > MAX_NAMES:
        raise InvalidValueError(f'keep is {kept!r}; it must be a list of names, such as ["Male"].')
    moves = {
        asked_slider(editor, name): number(f"the value of {name}", value, -FURTHEST, FURTHEST)
        for name, value in given.items()
    }
    return moves, tuple(asked_slider(editor, name) for name in kept)


def asked_slider(editor: Editor, name: Any) -> str:
    """A slider's name in full.

    Raises:
        InvalidValueError: it is no name.
        DirectionsError: it is no slider's.
    """
    names = editor.directions.names
    full = full_name(caption("a slider's name", name), names)
    check_names([full], names)
    return full


def asked_face(value: Any) -> WhichFace:
    """The face that "1", "2", ... or "whole" names.

    Raises:
        InvalidValueError: it names none.
    """
    if value == "whole":
        return "whole"
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or not 1 <= len(text) <= 4 or int(text) < 1:
        raise InvalidValueError(f"the face is {value!r}; it must be '1' for the largest, '2', ..., or 'whole'.")
    return int(text) - 1
