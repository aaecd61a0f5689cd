"""Squeeze: trade height and width for channels."""

from __future__ import annotations

from torch.nn import functional as F

from glow.layer import FlowLayer, Images, PerPicture


class Squeeze(FlowLayer):
    """``(B, C, H, W)`` to ``(B, 4C, H/2, W/2)``: each 2×2 block becomes four channels (arXiv 1605.08803)."""

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        return F.pixel_unshuffle(x, 2), x.new_zeros(x.shape[0])

    def inverse(self, y: Images) -> Images:
        return F.pixel_shuffle(y, 2)
