"""Convolutions, on the CPU with kernels that are brought into oneDNN's own layout once and not at every call.

PyTorch's compiler (Inductor) emits these very operators; called directly, they need no compilation. For small batches
re-ordering the kernel costs as much as the convolution itself.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_OPERATORS = ("_reorder_convolution_weight", "_convolution_pointwise")
_AVAILABLE = torch.backends.mkldnn.is_available() and all(hasattr(torch.ops.mkldnn, name) for name in _OPERATORS)


def can_pack(x: Tensor) -> bool:
    """Whether convolutions of ``x`` can use packed kernels here: on the CPU, in a dtype that oneDNN computes in."""
    return (
        _AVAILABLE
        and x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.bfloat16)
        and bool(torch.backends.mkldnn.enabled)
    )


def pack(weight: Tensor, x: Tensor) -> Tensor:
    """A kernel ``(outputs, inputs, k, k)`` as oneDNN wants it for inputs of the dtype, batch and sides of ``x``.

    It comes back as it is where it cannot be packed.
    """
    if not can_pack(x):
        return weight
    padding = [weight.shape[-1] // 2] * 2
    batch, _, *sides = x.shape
    packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
        weight, padding, [1, 1], [1, 1], 1, [batch, weight.shape[1], *sides]
    )
    return packed


def convolve(x: Tensor, weight: Tensor, bias: Tensor, size: int, *, relu: bool = False) -> Tensor:
    """Convolution that keeps the sides, where asked with a ReLU behind it, in the same pass where possible.

    Args:
        x: ``(B, C, H, W)``.
        weight: packed or not.
        bias: ``(outputs,)``.
        size: side of the kernel, which a packed one does not tell.
        relu: whether negative results become 0.
    """
    padding = size // 2
    if can_pack(x):
        after = "relu" if relu else "none"
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, weight, bias, [padding, padding], [1, 1], [1, 1], 1, after, [], ""
        )
        return y
    y = F.conv2d(x, weight, bias, padding=padding)
    return F.relu(y, inplace=True) if relu else y
