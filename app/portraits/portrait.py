"""One encoded face: all that sliders need, computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from app.portraits.view import View
from faces import Alignment, Photo
from glow import Latent


@dataclass(frozen=True, eq=False)
class Portrait:
    """A face in a photo, encoded. Every edit starts from this and never from an earlier edit."""

    photo: Photo
    """The photo, or for a drawn face its picture, enlarged."""

    alignment: Alignment
    """The square of the photo that the model sees."""

    latent: Latent
    """The face's latent, a batch of one."""

    model_hash: str
    """The hash of the checkpoint whose model encoded it."""

    decoded: Tensor
    """What the model makes of the latent, ``(1, 3, S, S)`` in [0, 1]: the face itself, but for rounding."""

    matte: Tensor
    """How much of each place is the person, ``(1, 1, S, S)`` in [0, 1] (:mod:`faces.compositing.matte`)."""

    grey: bool = False
    """Whether the face has no colour at all: then no edit brings any into it."""

    exposure: float = 1.0
    """How bright the face was taken (:mod:`app.portraits.exposure`). :attr:`latent` and :attr:`decoded` are of the
    face at an exposure of 1."""

    drawn: bool = False
    """Whether the model drew the face: then the whole picture is the model's, not only a difference."""

    def seen(self, view: View) -> Portrait:
        """The same face in what a view shows of its photo."""
        return replace(self, photo=view.cut(self.photo), alignment=view.place(self.alignment))
