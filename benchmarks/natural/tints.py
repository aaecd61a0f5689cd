"""The colour of hair by its label, which dark hair takes when a slider lightens it (:mod:`faces.compositing.tint`)."""

from __future__ import annotations

import numpy as np

from attributes import LABEL_NAMES, FaceSet
from faces.compositing.paste import LUMA

HAIR = ("Blond_Hair", "Brown_Hair", "Black_Hair", "Gray_Hair")
FACES = 800
"""Of each label, the first ones."""
SIZE = 64
TOP_OF_HEAD = (slice(6, 11), slice(24, 40))
"""Rows and columns of the square at that size in which nearly all see hair, and no forehead."""
BLACK = 4
"""Brightness of 255 up to which no colour can be told."""


def tint(faces: FaceSet, name: str) -> np.ndarray:
    """Red, green and blue ``(3,)`` of the tops of heads with a label, as shares of their brightness, on average."""
    assert faces.labels is not None
    covered = faces.labels[:, [LABEL_NAMES.index(other) for other in ("Wearing_Hat", "Bald")]].any(axis=1)
    chosen = np.nonzero(faces.labels[:, LABEL_NAMES.index(name)] & ~covered)[0][:FACES]
    read = np.concatenate([pixels for _, pixels in faces.batches(SIZE, 100, indices=chosen)])
    tops = read[:, :, *TOP_OF_HEAD].mean(axis=(2, 3))
    tops = tops[tops @ LUMA > BLACK]
    return np.asarray((tops / (tops @ LUMA)[:, None]).mean(axis=0))
