"""Opening a set of pictures: which kind it is, told by what lies in its folder. Other kinds of sets are added here."""

from __future__ import annotations

from pathlib import Path

from data.face_set import FaceSet, Split
from data.formats.cifar_imagenet import find_arrays
from data.formats.lsun import find_lsun
from data.picture_set import PictureSet


def open_pictures(folder: str | Path, split: Split, limit: int | None = None) -> PictureSet:
    """The pictures in ``folder``: CIFAR-10, the downsampled ImageNet, LSUN, or one of :class:`FaceSet`'s layouts.

    Args:
        folder: where they lie; nothing is ever downloaded.
        split: which part.
        limit: at most so many, the first ones.

    Raises:
        DatasetError: there are none, or a file is broken.
    """
    place = Path(folder)
    found = find_arrays(place, split, limit) or find_lsun(place, split, limit)
    return FaceSet.open(place, split, limit) if found is None else found
