"""Decoding without a word: Pillow's warnings and libtiff's messages are not for the person who opens a photo."""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from collections.abc import Iterator

__all__ = ["quiet"]

# One photo at a time: warnings and the terminal are everyone's, and each photo's memory is limited by itself.
_DECODING = threading.Lock()


@contextlib.contextmanager
def quiet(decoder_talks: bool) -> Iterator[None]:
    """Neither warnings nor, where the decoder talks, its writing to the terminal, for as long as the block lasts."""
    with _DECODING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _silenced() if decoder_talks else contextlib.nullcontext():
            yield


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """libtiff, in C, writes a line for each broken row to the process's standard error."""
    try:
        kept = os.dup(2)
    except OSError:  # There is no standard error to write to.
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
