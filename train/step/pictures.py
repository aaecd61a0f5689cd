"""Training pictures that lie on the device: a step is sent which of them it takes, not the pictures."""

from __future__ import annotations

import torch
from torch import Tensor

from data.cache import CachedPictures
from data.dequantise import with_noise
from data.picture_set import PictureSet
from glow.config import GlowConfig
from storage.values import InvalidValueError

FREE_SHARE = 0.25
"""The largest share of a GPU's free memory that pictures may take; training needs the rest."""


class PicturesOnDevice:
    """All training pictures on a device, where they are mirrored and dequantised too.

    Args:
        pictures: the copies at the training size.
        n_bits: colour depth of the dequantised pictures.
        device: where they are to lie.
    """

    def __init__(self, pictures: CachedPictures, n_bits: int, device: torch.device) -> None:
        self._pixels, self._n_bits = torch.from_numpy(pictures.array).to(device), n_bits

    def __call__(self, index: Tensor, mirrored: Tensor, noise: Tensor) -> Tensor:
        """The batch that :class:`data.loader.Batches` makes of these on the CPU, number for number.

        Args:
            index: which pictures, ``(B,)``.
            mirrored: which of them are mirrored, ``(B,)``.
            noise: of each value in its bin, ``(B, 3, H, W)`` in [0, 1).

        Returns:
            Float32 ``(B, 3, H, W)`` in [0, 1].
        """
        pixels = self._pixels.index_select(0, index)
        turned = torch.where(mirrored[:, None, None, None], pixels.flip(3), pixels)
        return with_noise(turned, noise, self._n_bits)


def pictures_on_device(
    pictures: PictureSet, model: GlowConfig, device: torch.device, *, wanted: bool | None
) -> PicturesOnDevice | None:
    """The pictures on the device, or None where they are to come from the CPU, batch by batch.

    Args:
        pictures: the training pictures.
        model: what they are for.
        device: which.
        wanted: whether they are to lie there; None for where they are copies and it is a GPU that has enough memory.

    Raises:
        InvalidValueError: they are wanted there and are no copies.
    """
    copied = isinstance(pictures, CachedPictures)
    if wanted is None:
        size = len(pictures) * model.channels * model.image_size**2
        wanted = copied and device.type == "cuda" and size <= FREE_SHARE * torch.cuda.mem_get_info(device)[0]
    if not wanted:
        return None
    if not isinstance(pictures, CachedPictures):
        raise InvalidValueError("only pictures that were copied to the training size can lie on the device.")
    return PicturesOnDevice(pictures, model.n_bits, device)
