"""From the model's pictures back into photos: an edit, a blend, a drawn face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from app.portraits.exposure import as_taken
from app.portraits.portrait import Portrait
from faces import Alignment, Photo, crop_float, paste
from faces.compositing.blend import Person, blended
from faces.compositing.colour import colour_limited
from faces.compositing.matte import matte
from glow import Latent

DRAWN_SIZE = 256
"""Side of the picture of a drawn face, in pixels: the model's own picture, enlarged smoothly."""

FINEST_BLEND = 1024
"""Largest side at which a blend mixes the two photos' fine detail, in pixels."""


def edit_put_back(portrait: Portrait, picture: Tensor, *, lock_background: bool) -> Photo:
    """A portrait's photo with the model's picture ``(1, 3, S, S)`` of its moved face in the place of the face.

    Only the difference to the face as it was is added, so that a face that has not moved gives its photo bit for bit.
    """
    if picture is portrait.decoded:
        return portrait.photo
    change = (picture - portrait.decoded).cpu()
    if lock_background:
        change = change * portrait.matte
    change = as_taken(colour_limited(change), portrait.exposure)
    decoded = as_taken(portrait.decoded.cpu(), portrait.exposure)
    if portrait.drawn:
        return replace(portrait.photo, pixels=enlarged(decoded + change, portrait.photo.pixels.shape[0]))
    return _pasted(portrait, change, decoded)


def blend_put_back(first: Portrait, second: Portrait, mixed: Tensor, ratio: float, *, lock_background: bool) -> Photo:
    """The first photo with a face between both people's.

    Args:
        first: whose photo is kept around the face.
        second: the other.
        mixed: the model's picture of the face between them, ``(1, 3, S, S)`` in [0, 1].
        ratio: how far it is on the way to the second, from 0 to 1.
        lock_background: whether the first photo's background stays.
    """
    size = round(float(np.clip(first.alignment.size, mixed.shape[-1], FINEST_BLEND)))
    dark = first.exposure  # of all that is put into the first photo
    one, other = (
        Person(_square(face, size) * (dark / face.exposure), as_taken(face.decoded.cpu(), dark), face.matte)
        for face in (first, second)
    )
    picture = as_taken(mixed.cpu(), dark)
    return _pasted(first, blended(one, other, picture, matte(mixed), ratio, lock_background=lock_background))


def drawn_portrait(latent: Latent, decoded: Tensor, model_hash: str) -> Portrait:
    """A face that the model drew, ``(1, 3, S, S)`` in [0, 1], as a portrait whose photo is its picture."""
    pixels = enlarged(decoded)
    photo, whole = Photo(pixels, name="drawn face"), Alignment.whole(pixels)
    return Portrait(photo, whole, latent, model_hash, decoded, matte(decoded), drawn=True)


def enlarged(picture: Tensor, size: int = DRAWN_SIZE) -> np.ndarray:
    """A decoded picture ``(1, 3, S, S)`` as uint8 ``(size, size, 3)``."""
    pixels = (picture[0].permute(1, 2, 0) * 255).round().byte().cpu().numpy()
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC))


def _pasted(portrait: Portrait, change: Tensor, guide: Tensor | None = None) -> Photo:
    """A face's photo with a change ``(1, 3, N, N)`` of its square, in as many bits as it has."""
    rows = None if guide is None else _rows(guide)
    photo, where = portrait.photo, portrait.alignment
    return photo.with_pixels(paste(photo.finest, where, _rows(change), rows, grey=portrait.grey))


def _rows(picture: Tensor) -> np.ndarray:
    """A picture ``(1, 3, S, S)`` as ``(S, S, 3)``."""
    return picture[0].permute(1, 2, 0).numpy()


def _square(portrait: Portrait, size: int) -> Tensor:
    """A face's square of its photo, ``(1, 3, size, size)`` in [0, 1]."""
    return torch.from_numpy(crop_float(portrait.photo.pixels, portrait.alignment, size)).permute(2, 0, 1)[None]
