"""Invertible 1×1 convolutions (Kingma & Dhariwal 2018, arXiv 1807.03039, section 3.2).

The channels at each position are mixed by one learned matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from glow.layers.mixing import Mixing, in_float64


def random_rotation(channels: int, generator: torch.Generator | None = None) -> Tensor:
    """A rotation (or reflection) drawn uniformly, ``(C, C)`` in float64."""
    gaussian = torch.randn(channels, channels, dtype=torch.float64, generator=generator)
    rotation, r = torch.linalg.qr(gaussian)
    return rotation * r.diagonal().sign()


class Conv1x1LU(Mixing):
    """A learned mixing of channels, ``W = P L (U + diag(s))``, started at a random rotation.

    P is a fixed permutation, L unit lower and U strictly upper triangular, so that log|det W| is the sum
    of log|s| at each position (Kingma & Dhariwal 2018, arXiv 1807.03039, section 3.2, equation 10).

    Args:
        channels: C of the ``(B, C, H, W)`` input.
        generator: source of the random rotation; the global one if left out.
    """

    permutation: Tensor
    sign: Tensor

    def __init__(self, channels: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.register_buffer("permutation", torch.arange(channels))
        self.register_buffer("sign", torch.ones(channels))
        self.lower = nn.Parameter(torch.empty(channels, channels))
        self.upper = nn.Parameter(torch.empty(channels, channels))
        self.log_s = nn.Parameter(torch.empty(channels))
        self.set_matrix(random_rotation(channels, generator))

    @torch.no_grad()
    def set_matrix(self, matrix: Tensor) -> None:
        """Let W be this invertible matrix, ``(C, C)`` in float64; the permutation is chosen for it."""
        permutation, lower, upper = torch.linalg.lu(matrix)
        diagonal = upper.diagonal()
        # Row i of P·A is row permutation[i] of A: an index is exact in any dtype.
        self.permutation.copy_(permutation.argmax(1))
        self.sign.copy_(diagonal.sign())
        self.lower.copy_(lower.tril(-1))
        self.upper.copy_(upper.triu(1))
        self.log_s.copy_(diagonal.abs().log())

    def extra_repr(self) -> str:
        return f"channels={self.log_s.numel()}"

    def weight(self, dtype: torch.dtype | None = None) -> Tensor:
        return _stacked_lu([self], dtype or self.lower.dtype)[0][0]

    def inverse_weight(self) -> Tensor:
        """W⁻¹ in float64, by two triangular solves."""
        parts = (self.lower, self.upper, self.log_s, self.sign)
        lower, upper = _triangles(*(in_float64(part) for part in parts))
        permutation = torch.eye(len(lower), dtype=torch.float64, device=lower.device)
        permutation = permutation[self.permutation.to(lower.device)]
        solved = torch.linalg.solve_triangular(lower, permutation.T, upper=False, unitriangular=True)
        return torch.linalg.solve_triangular(upper, solved, upper=True)

    def log_abs_det(self) -> Tensor:
        return self.log_s.sum()


def stacked(mixings: Sequence[Mixing], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """W of each of K mixings of one size, ``(K, C, C)`` in ``dtype``, and their log|det W|, ``(K,)``."""
    if all(type(mixing) is Conv1x1LU for mixing in mixings):  # a subclass may have a W of its own
        return _stacked_lu(cast("Sequence[Conv1x1LU]", mixings), dtype)
    weights = torch.stack([mixing.weight(dtype) for mixing in mixings])
    return weights, torch.stack([mixing.log_abs_det() for mixing in mixings])


def _stacked_lu(mixings: Sequence[Conv1x1LU], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """:func:`stacked` in a few operations for all together."""
    orders = torch.stack([mixing.permutation for mixing in mixings])
    log_s = torch.stack([mixing.log_s for mixing in mixings])
    lower, upper = _triangles(
        torch.stack([mixing.lower for mixing in mixings]).to(dtype),
        torch.stack([mixing.upper for mixing in mixings]).to(dtype),
        log_s.to(dtype),
        torch.stack([mixing.sign for mixing in mixings]).to(dtype),
    )
    product = lower @ upper
    return product.gather(1, orders.unsqueeze(2).expand_as(product)), log_s.sum(1)


def _triangles(lower: Tensor, upper: Tensor, log_s: Tensor, sign: Tensor) -> tuple[Tensor, Tensor]:
    """L and ``U + diag(s)`` of their parts, in whatever dtype these have, also stacked."""
    ones = torch.diag_embed(torch.ones_like(log_s))
    return lower.tril(-1) + ones, upper.triu(1) + torch.diag_embed(log_s.exp() * sign)


class Conv1x1(Mixing):
    """A learned mixing of channels whose matrix is itself the parameter (the paper's equation 9).

    The log-determinant costs O(C³) in each step, where the LU form's costs O(C).

    Args:
        channels: C of the ``(B, C, H, W)`` input.
        generator: source of the random rotation; the global one if left out.
    """

    def __init__(self, channels: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.matrix = nn.Parameter(random_rotation(channels, generator).float())

    @torch.no_grad()
    def set_matrix(self, matrix: Tensor) -> None:
        """Let W be this invertible matrix, ``(C, C)``."""
        self.matrix.copy_(matrix)

    def extra_repr(self) -> str:
        return f"channels={len(self.matrix)}"

    def weight(self, dtype: torch.dtype | None = None) -> Tensor:
        return self.matrix.to(dtype or self.matrix.dtype)

    def inverse_weight(self) -> Tensor:
        return torch.linalg.inv(in_float64(self.matrix))

    def log_abs_det(self) -> Tensor:
        # In float64: float32's would cost digits of the likelihood for a matrix of 96 channels and more.
        return torch.linalg.slogdet(in_float64(self.matrix))[1].to(self.matrix.dtype).to(self.matrix.device)
