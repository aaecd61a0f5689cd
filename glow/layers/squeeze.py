"""Squeeze: trade height and width for channels."""

from __future__ import annotations

from glow.layers.flow_layer import FlowLayer, Images, PerPicture


class Squeeze(FlowLayer):
    """``(B, C, H, W)`` to ``(B, 4C, H/2, W/2)``: each 2×2 block becomes four channels (arXiv 1605.08803).

    The channels then lie one after the other in memory: see :mod:`glow.layers.memory_layout`.
    """

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        _, _, height, width = x.shape
        blocks = x.unflatten(3, (width // 2, 2)).unflatten(2, (height // 2, 2))
        y = blocks.permute(1, 3, 5, 0, 2, 4).flatten(0, 2).transpose(0, 1)
        return y, x.new_zeros(x.shape[0])

    def inverse(self, y: Images) -> Images:
        blocks = y.unflatten(1, (y.shape[1] // 4, 2, 2))
        return blocks.permute(1, 0, 4, 2, 5, 3).flatten(4, 5).flatten(2, 3).transpose(0, 1)
