"""How exactly a model gives pictures back, measured; and the fastest precision that is exact."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from glow.device import exact_flow_dtype, fastest_net_dtype

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


def set_exact_precision(model: Glow) -> float:
    """Set the fastest precision in which pictures come back without loss; the error of a round trip in it."""
    flow = exact_flow_dtype(model.device)
    # Only a float64 flow keeps round trips exact whatever the nets compute in.
    fastest = fastest_net_dtype(model.device) if flow == torch.float64 else flow
    error = math.nan
    for nets in dict.fromkeys((fastest, flow)):
        model.set_precision(nets=nets, flow=flow)
        error = round_trip_error(model)
        if error < LOSSLESS:
            break
    return error
