"""Convolutions by other means than PyTorch's own give what PyTorch's own give."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from glow.engines.packed_convolution import (
    convolution_gradients,
    convolve,
    gradients_by_rows,
    input_gradient_by_fold,
    prepare,
)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_the_gradient_by_the_input_is_autograds(size: int) -> None:
    x = torch.randn(2, 6, 8, 12, dtype=torch.float64, requires_grad=True)
    kernel = torch.randn(7, 6, size, size, dtype=torch.float64)
    y = F.conv2d(x, kernel, padding=size // 2)
    gradient = torch.randn_like(y)
    (expected,) = torch.autograd.grad(y, x, gradient)
    assert torch.allclose(input_gradient_by_fold(gradient, kernel), expected, atol=1e-12)


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("relu", [False, True])
def test_convolutions_are_pytorchs(size: int, relu: bool) -> None:
    x = torch.randn(2, 6, 8, 12)
    kernel, bias = torch.randn(7, 6, size, size), torch.randn(7)
    expected = F.conv2d(x, kernel, bias, padding=size // 2)
    expected = expected.relu() if relu else expected
    assert torch.allclose(convolve(x, kernel, bias, relu=relu), expected, atol=1e-5)
    assert torch.allclose(prepare(kernel, bias, x, relu=relu)(x), expected, atol=1e-5)


@pytest.mark.parametrize("size", [3, 5])
def test_both_gradients_by_matrix_products_are_autograds(size: int) -> None:
    x = torch.randn(2, 6, 8, 12, dtype=torch.float64, requires_grad=True)
    kernel = torch.randn(3, 6, size, size, dtype=torch.float64, requires_grad=True)
    y = F.conv2d(x, kernel, padding=size // 2)
    gradient = torch.randn_like(y)
    expected = torch.autograd.grad(y, (x, kernel), gradient)
    with torch.no_grad():
        got = gradients_by_rows(gradient, x, kernel)
    for one, other in zip(got, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-12)


@pytest.mark.parametrize(
    ("inputs", "outputs", "size"), [(6, 128, 3), (12, 128, 3), (32, 32, 1), (128, 12, 3), (32, 12, 3)]
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_gradients_are_autograds_whichever_way_is_fastest(
    inputs: int, outputs: int, size: int, dtype: torch.dtype, tolerance: float
) -> None:
    x = torch.randn(2, inputs, 8, 12).to(dtype, memory_format=torch.channels_last)
    kernel = torch.randn(outputs, inputs, size, size).to(dtype, memory_format=torch.channels_last)
    gradient = torch.randn(2, outputs, 8, 12).to(dtype, memory_format=torch.channels_last)
    exact = [x.double().requires_grad_(), kernel.double().requires_grad_()]
    expected = torch.autograd.grad(F.conv2d(*exact, padding=size // 2), exact, gradient.double())
    got = convolution_gradients(gradient, x, kernel)
    for one, other in zip(got, expected, strict=True):
        assert one is not None
        assert one.shape == other.shape
        assert float((one.double() - other).abs().max()) < tolerance * float(other.abs().max())
    by_input, nothing = convolution_gradients(gradient, x, kernel, frozen=True)
    torch.testing.assert_close(by_input, got[0], atol=tolerance * float(expected[0].abs().max()), rtol=0)
    assert nothing is None
