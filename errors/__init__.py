"""The base of every error whose message a person may read as it stands. Every room may import this one."""

from __future__ import annotations

LONGEST = 500
"""Characters of the longest message: names and values in it come from files, which may be of any length."""

_REMEDY = 160
"""Characters kept of a long message's end, which says what to do."""


class GlowfaceError(ValueError):
    """Something a person can mend. The message says what was wrong, with its value, and the remedy.

    It is one line of at most :data:`LONGEST` printable characters, whatever was put into it: line breaks and control
    characters of a file's name must not reach a terminal or a page.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shortened(message))


def shortened(message: str) -> str:
    """A message in one line of printable characters, its middle left out where it is too long."""
    if len(message) > LONGEST:
        message = f"{message[: LONGEST - _REMEDY - 3]} … {message[-_REMEDY:]}"
    line = " ".join(message.split())
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)
