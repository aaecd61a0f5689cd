"""Which faces are measured."""

from __future__ import annotations

import argparse
from pathlib import Path

from attributes import FaceSet
from attributes.classifier.network import REPORT_HALF

FACES = 200
"""How many, by default."""


def at_least_1(text: str) -> int:
    """A count of a command line, checked."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of at least 1")
    return int(text)


def face_set(data: Path, count: int) -> FaceSet:
    """The first validation faces of the half on which nothing was tuned or calibrated."""
    faces = FaceSet.open(data, "val")
    labels = None if faces.labels is None else faces.labels[REPORT_HALF][:count]
    return FaceSet(faces.paths[REPORT_HALF][:count], labels, faces.crop)
