"""Whom work is done for, so that a server can be fair between those who ask at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_asker: ContextVar[str] = ContextVar("asker", default="")


@contextmanager
def on_behalf_of(asker: str) -> Iterator[None]:
    """What this thread asks of a model until the end of the block, it asks for ``asker``: a visit, or a program."""
    token = _asker.set(asker)
    try:
        yield
    finally:
        _asker.reset(token)


def asker() -> str:
    """Whom this thread works for; an empty name where nobody has been named."""
    return _asker.get()
