"""How pictures lie in memory.

Along the flow they lie channel after channel: ``(B, C, H, W)`` tensors whose memory is ``(C, B, H, W)``. A 1×1
convolution is then one matrix product for the whole batch, and each half of the channels one block, so that couplings
pass over it at full speed. The nets' convolutions want ``channels_last`` instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def channel_major(x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """``x`` with its channels one after the other in memory, and in ``dtype`` where given."""
    return x.transpose(0, 1).to(dtype or x.dtype, memory_format=torch.contiguous_format).transpose(0, 1)


def join(parts: Sequence[Tensor]) -> Tensor:
    """The channels of all parts, one after the other in memory."""
    return torch.cat([part.transpose(0, 1) for part in parts]).transpose(0, 1)


def for_net(x: Tensor, dtype: torch.dtype) -> Tensor:
    """``x`` as convolutions want it. Two steps: both at once would be slower."""
    return x.to(dtype).contiguous(memory_format=torch.channels_last)


def per_position(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``weight @ x + bias`` at each position: a 1×1 convolution as one matrix product.

    Args:
        x: ``(B, C, H, W)``.
        weight: ``(D, C)``.
        bias: ``(D,)``.

    Returns:
        ``(B, D, H, W)``, with the channels one after the other in memory.
    """
    batch, _, *sides = x.shape
    rows = x.transpose(0, 1).flatten(1)
    y = weight @ rows if bias is None else torch.addmm(bias[:, None], weight, rows)
    return y.unflatten(1, (batch, *sides)).transpose(0, 1)
