"""One encoded face: all that sliders need, computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from faces import Alignment, Photo
from glow import Latent


@dataclass(frozen=True)
class Portrait:
    """A face in a photo, encoded. Every edit starts from this and never from an earlier edit."""

    photo: Photo
    """The photo, or for a drawn face its picture, enlarged."""

    alignment: Alignment
    """The square of the photo that the model sees."""

    latent: Latent
    """The face's latent, a batch of one."""

    decoded: Tensor
    """What the model makes of the latent, ``(1, 3, S, S)`` in [0, 1]: the face itself, but for rounding."""

    drawn: bool = False
    """Whether the model drew the face: then the whole picture is the model's, not only a difference."""

    def within(self, photo: Photo) -> Portrait:
        """The same face in another version of its photo: an edited one, or a smaller one of the same shape."""
        height, width = self.photo.pixels.shape[:2]
        factor = np.array([photo.pixels.shape[1] / width, photo.pixels.shape[0] / height]).mean()
        alignment = self.alignment if factor == 1 else Alignment(self.alignment.quad * factor)
        return replace(self, photo=photo, alignment=alignment)


def shrink(photo: Photo, long_side: int) -> Photo:
    """The photo with at most ``long_side`` pixels on its longer side."""
    height, width = photo.pixels.shape[:2]
    factor = long_side / max(height, width)
    if factor >= 1:
        return photo
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return Photo(np.asarray(Photo(photo.pixels).image.resize(size, reducing_gap=2.0)), name=photo.name)
