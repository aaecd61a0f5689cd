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


def folding_pays(x: Tensor) -> bool:
    """Whether :func:`input_gradient` beats oneDNN for inputs ``x``: it computes 16 channels where there are fewer."""
    return can_pack(x) and x.dtype == torch.bfloat16 and x.shape[1] <= 8


def input_gradient(gradient: Tensor, kernel: Tensor) -> Tensor:
    """The gradient by a convolution's input, as one matrix product and a sum over the kernel's places.

    Args:
        gradient: by the convolution's output, ``(B, outputs, H, W)``.
        kernel: ``(outputs, inputs, k, k)``, not packed.

    Returns:
        ``(B, inputs, H, W)`` in the gradient's dtype.
    """
    batch, outputs, height, width = gradient.shape
    inputs, size = kernel.shape[1], kernel.shape[2]
    rows = kernel.permute(2, 3, 1, 0).reshape(-1, outputs)
    parts = (rows @ gradient.permute(0, 2, 3, 1).reshape(-1, outputs).T).view(size, size, inputs, batch, height, width)
    edge = size // 2
    sums = torch.promote_types(gradient.dtype, torch.float32)
    total = gradient.new_zeros(inputs, batch, height + 2 * edge, width + 2 * edge, dtype=sums)
    for row in range(size):
        for column in range(size):
            total[:, :, row : row + height, column : column + width] += parts[row, column]
    return total[:, :, edge : edge + height, edge : edge + width].transpose(0, 1).to(gradient.dtype)
