"""The page's texts in the reader's language. English texts are the keys."""

from __future__ import annotations

from typing import Any


def t(text: str) -> str:
    """A fixed text of the page: a label, a title, a choice."""
    return text


def say(_language: str, text: str, **values: Any) -> str:
    """A message to a reader of ``_language``, a text with ``{names}`` that ``values`` fill in."""
    return text.format(**values)
