"""What mixes the channels of a flow step: the contract, and fixed permutations.

The learned kind, invertible 1×1 convolutions, is in :mod:`glow.layers.invertible_conv`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from glow.layers.flow_layer import FlowLayer, Images, PerPicture
from glow.layers.memory_layout import per_position


def in_float64(tensor: Tensor) -> Tensor:
    """The tensor in float64; on the CPU where its device has no such dtype."""
    return tensor.cpu().double() if tensor.device.type == "mps" else tensor.double()


class Mixing(FlowLayer):
    """A matrix W applied to the channels at each position: ``y = W x``.

    Kinds differ in how W is parametrised. One that is added gives :meth:`weight`, :meth:`inverse_weight` and
    :meth:`log_abs_det`; one that is no matrix at each position overrides :meth:`forward` and :meth:`inverse`.
    """

    def weight(self, dtype: torch.dtype | None = None) -> Tensor:
        """W, of shape ``(C, C)``."""
        raise NotImplementedError(f"{type(self).__name__} has no weight.")

    def inverse_weight(self) -> Tensor:
        """W⁻¹ in float64, ``(C, C)``: a float32 general inverse loses too many digits."""
        raise NotImplementedError(f"{type(self).__name__} has no inverse weight.")

    def log_abs_det(self) -> Tensor:
        """log|det W|, a scalar."""
        raise NotImplementedError(f"{type(self).__name__} has no determinant.")

    @torch.no_grad()
    def condition(self) -> float:
        """The condition number of W: by how much the inverse may magnify an error. 1 is a rotation."""
        return float(torch.linalg.cond(in_float64(self.weight())))

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        y = per_position(x, self.weight(x.dtype))
        logdet = self.log_abs_det() * (x.shape[2] * x.shape[3])
        return y, logdet.expand(x.shape[0])

    def inverse(self, y: Images) -> Images:
        return per_position(y, self.inverse_weight().to(y.dtype).to(y.device))


class FixedPermutation(Mixing):
    """The channels in another order, which training does not change; the order is part of the checkpoint.

    Args:
        order: which input channel each output channel is, a permutation of 0 … C-1.
    """

    order: Tensor

    def __init__(self, order: Tensor) -> None:
        super().__init__()
        self.register_buffer("order", order)
        # Permutations have no parameters to tell a dtype and device by.
        self.register_buffer("one", torch.ones(()), persistent=False)

    one: Tensor

    def extra_repr(self) -> str:
        return f"channels={len(self.order)}"

    def weight(self, dtype: torch.dtype | None = None) -> Tensor:
        return torch.eye(len(self.order), dtype=dtype or self.one.dtype, device=self.order.device)[self.order]

    def inverse_weight(self) -> Tensor:
        return in_float64(self.weight().T)

    def log_abs_det(self) -> Tensor:
        return self.one - 1
