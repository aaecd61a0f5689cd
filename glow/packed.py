"""Convolutions on the CPU with kernels that are brought into oneDNN's own layout once, not at every call.

PyTorch's compiler (Inductor) emits these very operators; called directly, they need no compilation. For small batches
re-ordering the kernel costs as much as the convolution itself.
"""

from __future__ import annotations

import torch
from torch import Tensor

_OPERATORS = ("_reorder_convolution_weight", "_convolution_pointwise")


def can_pack(x: Tensor) -> bool:
    """Whether convolutions of ``x`` can use packed kernels here: on the CPU, in a dtype that oneDNN computes in."""
    return bool(
        x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.bfloat16)
        and torch.backends.mkldnn.is_available()
        and torch.backends.mkldnn.enabled
        and all(hasattr(torch.ops.mkldnn, name) for name in _OPERATORS)
    )


def pack(weight: Tensor, input_shape: torch.Size) -> Tensor:
    """A kernel ``(outputs, inputs, k, k)`` in the layout that oneDNN wants for inputs of this shape."""
    padding = weight.shape[-1] // 2
    packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
        weight, [padding, padding], [1, 1], [1, 1], 1, list(input_shape)
    )
    return packed


def packed_conv2d(x: Tensor, packed: Tensor, bias: Tensor, kernel: int, *, relu: bool) -> Tensor:
    """Convolution that keeps the size, with a packed kernel, and the ReLU in the same pass."""
    padding = kernel // 2
    y: Tensor = torch.ops.mkldnn._convolution_pointwise(
        x, packed, bias, [padding, padding], [1, 1], [1, 1], 1, "relu" if relu else "none", [], ""
    )
    return y
