"""Names that come from files, shown as text."""

from __future__ import annotations

_SPECIAL = frozenset("\\`*_{}[]()#+!|~<>&:@$=^\"'.-/")


def as_text(text: str) -> str:
    """A text in which Markdown and HTML find nothing to do, whatever a file was called by whoever made it.

    For all that is put into a Markdown component or a note on the page: a file may be called ``<img src=...>`` or
    ``![](http://...)``. As numeric character references, marks are shown and mean nothing, to both.
    """
    return "".join(f"&#{ord(letter)};" if letter in _SPECIAL else letter for letter in text)
