"""The photos, their edits as the model draws them, and who is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image
from torch import Tensor

from app.editor import Editor
from app.portraits.portrait import Portrait
from benchmarks.edits import Edit
from faces import Alignment
from train.matte import Taught

Array = np.ndarray

LARGE = 2048
"""Side of the large astronaut, in pixels."""
ASTRONAUT = "astronaut"
"""Name of its picture, and of its mask."""


@dataclass(frozen=True)
class Example:
    """One edit of one photo, not yet put back."""

    pixels: Array
    """``(H, W, 3)`` uint8, the photo."""

    alignment: Alignment
    """The face's square."""

    before: Array
    """``(S, S, 3)`` in [0, 1]: the model's picture before the edit."""

    after: Array
    """And after it."""

    ours: Array
    """``(S, S)`` in [0, 1]: the person before the edit, by our own matte."""

    theirs: Array
    """``(H, W)`` in [0, 1]: the person in the photo, by the teacher's mask."""


def examples(editor: Editor, portrait: Portrait, edits: tuple[Edit, ...], theirs: Array) -> Iterator[Example]:
    """Some edits of a face at 1.

    Args:
        editor: makes them.
        portrait: the face.
        edits: what to do to it.
        theirs: uint8 ``(M, M)``, the teacher's mask of the whole photo.
    """
    height, width = portrait.photo.pixels.shape[:2]
    mask = np.asarray(Image.fromarray(theirs).resize((width, height), Image.Resampling.BICUBIC), np.float32) / 255
    for edit in edits:
        picture = editor.moved(portrait, {edit.label: float(edit.side)})
        before, after = (_plane(x) for x in (portrait.decoded, picture))
        yield Example(portrait.photo.pixels, portrait.alignment, before, after, portrait.matte[0, 0].numpy(), mask)


def astronaut(side: int) -> Array:
    """The astronaut, uint8 ``(side, side, 3)``."""
    image = Image.fromarray(skimage.data.astronaut())
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))


def mask_of(taught: Taught, name: str) -> Array | None:
    """The teacher's mask of a picture, uint8; None if there is none."""
    place = taught.place.get(name)
    return None if place is None else taught.masks[place]


def write_astronaut(folder: Path) -> None:
    """Put the astronaut where the teacher can look at it."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(astronaut(512)).save(folder / f"{ASTRONAUT}.png")


def _plane(picture: Tensor) -> Array:
    return picture[0].permute(1, 2, 0).cpu().numpy()
