"""How exactly a model gives pictures back, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from glow.model import Glow

LOSSLESS = 1 / 510
"""A round trip with a smaller error than this, of a range of 1, is the same picture after rounding to 8 bits."""


@torch.no_grad()
def round_trip_error(model: Glow, pictures: int = 1) -> float:
    """The largest error of encoding and decoding 8-bit pictures, as a share of the range.

    Half of the pictures are drawn by the model, half are plain noise, the hardest case there is.

    Args:
        model: in the precision that is to be measured.
        pictures: how many of each half; they pass one at a time, as an editor's do.

    Returns:
        The error; NaN where decoding gives NaN. Under :data:`LOSSLESS`, nothing is lost.
    """
    generator = torch.Generator().manual_seed(0)
    shape = (1, model.config.channels, model.config.image_size, model.config.image_size)
    errors = []
    for _ in range(pictures):
        for picture in (model.sample(1, generator=generator), torch.rand(shape, generator=generator)):
            x = (picture.to(model.device) * 255).round().div(255)
            errors.append((model.decode(model.encode(x)) - x).abs().max())
    return float(torch.stack(errors).max())
