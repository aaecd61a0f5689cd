"""Convolutions, on the CPU with kernels that are brought into oneDNN's own layout once and not at every call.

PyTorch's compiler (Inductor) emits these very operators; called directly, they need no compilation. For small batches
re-ordering the kernel costs as much as the convolution itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import torch
from torch import Tensor
from torch.nn import functional as F

_OPERATORS = ("_reorder_convolution_weight", "_convolution_pointwise")
_AVAILABLE = torch.backends.mkldnn.is_available() and all(hasattr(torch.ops.mkldnn, name) for name in _OPERATORS)


def can_pack(x: Tensor) -> bool:
    """Whether convolutions of ``x`` can use packed kernels here: on the CPU, in a dtype that oneDNN computes in."""
    return _AVAILABLE and x.device.type == "cpu" and bool(torch.backends.mkldnn.enabled) and computes_in(x.dtype)


@lru_cache
def computes_in(dtype: torch.dtype) -> bool:
    """Whether oneDNN computes in a dtype on this CPU: those without AVX-512 have no bfloat16 there."""
    if dtype not in (torch.float32, torch.bfloat16):
        return False
    try:
        torch.ops.mkldnn._reorder_convolution_weight(
            torch.zeros(8, 8, 3, 3, dtype=dtype), [1, 1], [1, 1], [1, 1], 1, [1, 8, 8, 8]
        )
    except RuntimeError:
        return False
    return True


def convolve(x: Tensor, weight: Tensor, bias: Tensor, *, relu: bool = False) -> Tensor:
    """Convolution that keeps the sides, where asked with a ReLU behind it, in the same pass where possible.

    Args:
        x: ``(B, C, H, W)``.
        weight: ``(outputs, C, k, k)``, channels last.
        bias: ``(outputs,)``.
        relu: whether negative results become 0.
    """
    padding = weight.shape[-1] // 2
    if can_pack(x):
        return _pointwise(x, weight, bias, [padding, padding], relu=relu)
    y = F.conv2d(x, weight, bias, padding=padding)
    return F.relu(y, inplace=True) if relu else y


def _pointwise(x: Tensor, weight: Tensor, bias: Tensor, padding: list[int], *, relu: bool) -> Tensor:
    # The overload by name: PyTorch takes longer to find it than to run a small convolution.
    y: Tensor = torch.ops.mkldnn._convolution_pointwise.default(
        x, weight, bias, padding, [1, 1], [1, 1], 1, "relu" if relu else "none", [], ""
    )
    return y


def prepare(weight: Tensor, bias: Tensor, like: Tensor, *, relu: bool = False) -> Callable[[Tensor], Tensor]:
    """:func:`convolve` with this kernel for inputs like ``like``, with all done that does not depend on the values.

    Args:
        weight: ``(outputs, C, k, k)``.
        bias: ``(outputs,)``.
        like: a tensor of the dtype, device and shape ``(B, C, H, W)`` of the inputs.
        relu: whether negative results become 0.
    """
    if not can_pack(like):
        return partial(convolve, weight=weight, bias=bias, relu=relu)
    padding = [weight.shape[-1] // 2] * 2
    batch, _, *sides = like.shape
    packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
        weight, padding, [1, 1], [1, 1], 1, [batch, weight.shape[1], *sides]
    )
    return partial(_pointwise, weight=packed, bias=bias, padding=padding, relu=relu)


TENSOR_CORE_CHANNELS = 8
"""The tensor cores of CUDA GPUs compute 16-bit convolutions whose channels are a multiple of this."""


def channel_multiple(device: torch.device, dtype: torch.dtype) -> int:
    """Of what number the channels of convolutions should be multiples, on a device and in a dtype."""
    return TENSOR_CORE_CHANNELS if device.type == "cuda" and dtype in (torch.bfloat16, torch.float16) else 1


def padded_channels(channels: int, multiple: int) -> int:
    """The next multiple of ``multiple`` from ``channels`` on."""
    return -(-channels // multiple) * multiple


def pad_net(net: Sequence[Tensor], multiple: int) -> list[Tensor]:
    """Convolutions with more channels, ``multiple`` times some number, which are all zero and stay so.

    Args:
        net: kernel ``(outputs, inputs, k, k)``, channels last, and bias ``(outputs,)`` of each.
        multiple: 1 leaves them as they are.
    """
    padded = []
    for tensor in net:
        missing = [padded_channels(size, multiple) - size for size in tensor.shape[:2]]
        if tensor.ndim == 1:
            padded.append(F.pad(tensor, (0, missing[0])) if missing[0] else tensor)
        elif any(missing):
            kernel = F.pad(tensor, (0, 0, 0, 0, 0, missing[1], 0, missing[0]))
            padded.append(kernel.contiguous(memory_format=torch.channels_last))
        else:
            padded.append(tensor)
    return padded


FEW_CHANNELS = 8
"""Inputs up to which a convolution's gradient by them is faster by a product with a fold than by oneDNN."""
MANY_CHANNELS = 128
"""Channels on the other side from which matrix products are faster at all."""


def convolution_gradients(
    gradient: Tensor, x: Tensor, kernel: Tensor, *, frozen: bool = False
) -> tuple[Tensor, Tensor | None]:
    """The gradients by input and kernel of a convolution that keeps the sides, in whatever way is fastest.

    Args:
        gradient: by the convolution's output, ``(B, outputs, H, W)``, channels last.
        x: the input, ``(B, inputs, H, W)``, channels last.
        kernel: ``(outputs, inputs, k, k)``, not packed.
        frozen: whether nobody asks for the kernel's, and None comes in its place.

    Returns:
        Tensors of the shapes of ``x`` and ``kernel``, in the gradient's dtype.
    """
    outputs, inputs, size, _ = kernel.shape
    by_rows = size > 1 and max(inputs, outputs) >= MANY_CHANNELS and can_pack(x) and x.dtype == torch.bfloat16
    if by_rows and 2 * outputs <= inputs:
        return gradients_by_rows(gradient, x, kernel, frozen=frozen)
    fold = by_rows and inputs <= FEW_CHANNELS
    if fold and frozen:
        return input_gradient_by_fold(gradient, kernel), None
    by_input, by_kernel, _ = torch.ops.aten.convolution_backward.default(
        gradient,
        x,
        kernel,
        [outputs],
        [1, 1],
        [size // 2] * 2,
        [1, 1],
        False,
        [0, 0],
        1,
        [not fold, not frozen, False],
    )
    return input_gradient_by_fold(gradient, kernel) if fold else by_input, by_kernel


def input_gradient_by_fold(gradient: Tensor, kernel: Tensor) -> Tensor:
    """The gradient by the input of a convolution with few of them, by one matrix product and sums of shifted parts.

    oneDNN computes 16 channels where there are fewer.

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


def gradients_by_rows(
    gradient: Tensor, x: Tensor, kernel: Tensor, *, frozen: bool = False
) -> tuple[Tensor, Tensor | None]:
    """The gradients by input and kernel of a convolution with few outputs, as two matrix products.

    Both see the same thing, a copy of the gradient for each of the kernel's places, shifted to it. It is small where
    there are few outputs.

    Args:
        gradient: by the convolution's output, ``(B, outputs, H, W)``.
        x: the input, ``(B, inputs, H, W)``, channels last.
        kernel: ``(outputs, inputs, k, k)``, not packed.
        frozen: whether nobody asks for the kernel's, and None comes in its place.

    Returns:
        ``(B, inputs, H, W)``, channels last, and ``(outputs, inputs, k, k)``, in the gradient's dtype.
    """
    batch, outputs, height, width = gradient.shape
    inputs, size = kernel.shape[1], kernel.shape[2]
    padded = F.pad(gradient.transpose(0, 1), [size // 2] * 4).contiguous()
    channel, picture, row, column = padded.stride()
    shape, strides = (size, size, outputs, batch, height, width), (row, column, channel, picture, row, column)
    rows = padded.as_strided(shape, strides).reshape(-1, batch * height * width)
    # The gradient at the place left above is by the kernel's corner right below, and so on.
    by_input = rows.T @ kernel.flip(2, 3).permute(2, 3, 0, 1).reshape(-1, inputs)
    by_input = by_input.view(batch, height, width, inputs).permute(0, 3, 1, 2)
    if frozen:
        return by_input, None
    by_kernel = rows @ x.permute(0, 2, 3, 1).reshape(-1, inputs)
    return by_input, by_kernel.view(size, size, outputs, inputs).flip(0, 1).permute(2, 3, 0, 1)
