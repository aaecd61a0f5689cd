"""The invertible 1×1 convolution, in its LU form."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glow.layer import FlowLayer, Images, PerPicture


class InvertibleConv1x1(FlowLayer):
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
        gaussian = torch.randn(channels, channels, dtype=torch.float64, generator=generator)
        rotation, r = torch.linalg.qr(gaussian)
        rotation = rotation * r.diagonal().sign()  # makes the rotation uniform over all rotations
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        # Row i of P·A is row permutation[i] of A: an index is exact in any dtype.
        self.register_buffer("permutation", permutation.argmax(1))
        self.register_buffer("sign", diagonal.sign().float())
        self.lower = nn.Parameter(lower.tril(-1).float())
        self.upper = nn.Parameter(upper.triu(1).float())
        self.log_s = nn.Parameter(diagonal.abs().log().float())

    def extra_repr(self) -> str:
        return f"channels={self.log_s.numel()}"

    def _factors(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """L and ``U + diag(s)``, each ``(C, C)``."""
        lower, upper, log_s, sign = (t.to(dtype) for t in (self.lower, self.upper, self.log_s, self.sign))
        eye = torch.eye(log_s.numel(), dtype=dtype, device=log_s.device)
        return lower.tril(-1) + eye, upper.triu(1) + torch.diag(sign * log_s.exp())

    def weight(self, dtype: torch.dtype | None = None) -> Tensor:
        """W, of shape ``(C, C)``."""
        lower, upper = self._factors(dtype or self.lower.dtype)
        return (lower @ upper)[self.permutation]

    def inverse_weight(self) -> Tensor:
        """W⁻¹ in float64, by two triangular solves: a float32 general inverse loses too many digits."""
        lower, upper = self._factors(torch.float64)
        permutation = torch.eye(len(lower), dtype=torch.float64, device=lower.device)[self.permutation]
        solved = torch.linalg.solve_triangular(lower, permutation.T, upper=False, unitriangular=True)
        return torch.linalg.solve_triangular(upper, solved, upper=True)

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        y = F.conv2d(x, self.weight(x.dtype)[:, :, None, None])
        logdet = self.log_s.sum() * (x.shape[2] * x.shape[3])
        return y, logdet.expand(x.shape[0])

    def inverse(self, y: Images) -> Images:
        return F.conv2d(y, self.inverse_weight().to(y.dtype)[:, :, None, None])
