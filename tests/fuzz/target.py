"""What the fuzzer attacks: a maker of broken files, the reader that must bear them, and its right answers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """One kind of file and its reader."""

    name: str
    """Plain name for the report, such as "photos"."""
    make: Callable[[random.Random, Path], Path]
    """Writes one case's file or files into the empty folder given, and returns what to read."""
    read: Callable[[Path], object]
    """The project's own reader."""
    allowed: tuple[type[Exception], ...]
    """Errors that are right answers."""
