"""How pictures lie in memory.

Along the flow they lie channel after channel: ``(B, C, H, W)`` tensors whose memory is ``(C, B, H, W)``. A 1×1
convolution is then one matrix product for the whole batch, and each half of the channels one block, so that couplings
pass over it at full speed. The nets' convolutions want ``channels_last`` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def channel_major(x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """``x`` with its channels one after the other in memory, and in ``dtype`` where given."""
    return x.transpose(0, 1).to(dtype or x.dtype, memory_format=torch.contiguous_format).transpose(0, 1)


def join(parts: Sequence[Tensor]) -> Tensor:
    """The channels of all parts, one after the other in memory."""
    return torch.cat([part.transpose(0, 1) for part in parts]).transpose(0, 1)


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """Views of the first and the second half of the channels. Their gradients come together in one block again."""
    first, second = x.transpose(0, 1).chunk(2)
    return first.transpose(0, 1), second.transpose(0, 1)


def for_net(x: Tensor, dtype: torch.dtype) -> Tensor:
    """``x`` as convolutions want it."""
    return _laid_out(x, dtype, True)


def from_net(y: Tensor, dtype: torch.dtype) -> Tensor:
    """A net's output as the flow wants it."""
    return _laid_out(y, dtype, False)


def _laid_out(x: Tensor, dtype: torch.dtype, for_net: bool) -> Tensor:
    if torch.is_grad_enabled():
        y: Tensor = _LaidOut.apply(x, dtype, for_net)
        return y
    if for_net:
        return x.to(dtype).contiguous(memory_format=torch.channels_last)  # both in one step would be slower
    return channel_major(x, dtype)


class _LaidOut(torch.autograd.Function):
    """Left to itself, autograd would let gradients lie as nets want them, where the flow wants them otherwise."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dtype: torch.dtype, for_net: bool) -> Tensor:
        ctx.dtype, ctx.for_net = x.dtype, for_net
        return _laid_out(x, dtype, for_net)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _laid_out(gradient, ctx.dtype, not ctx.for_net), None, None


def as_rows(x: Tensor) -> Tensor:
    """Pictures as rows, ``(C, B * H * W)``."""
    return x.transpose(0, 1).flatten(1)


def as_pictures(rows: Tensor, shape: Sequence[int]) -> Tensor:
    """Rows as pictures of ``shape``, ``(B, C, H, W)``."""
    batch, channels, *sides = shape
    return rows.view(channels, batch, *sides).transpose(0, 1)


def rows_for_net(
    parts: Sequence[Tensor], shape: tuple[int, int, int], dtype: torch.dtype, channels: int | None = None
) -> Tensor:
    """Rows ``(C, B * H * W)`` as convolutions want them, one part's channels behind the other's.

    Args:
        parts: rows; ``(C, H * W)`` for channels that are the same in each picture.
        shape: ``(B, H, W)``.
        dtype: of the result.
        channels: of the result, those behind the parts' being zero; as many as the parts have if left out.

    Returns:
        ``(B, C, H, W)``, channels last, with the channels of all parts.
    """
    batch, height, width = shape
    given = sum(map(len, parts))
    y = torch.empty(batch, height * width, channels or given, dtype=dtype, device=parts[0].device)
    if y.shape[2] > given:
        y[:, :, given:] = 0
    start = 0
    for part in parts:
        # Converted first: both in one step would be slower.
        pictures = part.to(dtype).view(len(part), part.shape[1] // (height * width), height * width).permute(1, 2, 0)
        y[:, :, start : start + len(part)].copy_(pictures)
        start += len(part)
    return y.view(batch, height, width, y.shape[2]).permute(0, 3, 1, 2)


def per_position(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``weight @ x + bias`` at each position: a 1×1 convolution as one matrix product.

    Args:
        x: ``(B, C, H, W)``.
        weight: ``(D, C)``.
        bias: ``(D,)``.

    Returns:
        ``(B, D, H, W)``, with the channels one after the other in memory.
    """
    rows = as_rows(x)
    y = weight @ rows if bias is None else torch.addmm(bias[:, None], weight, rows)
    return as_pictures(y, (len(x), len(y), *x.shape[2:]))
