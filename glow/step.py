"""One step of flow: actnorm, invertible 1×1 convolution, affine coupling."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from glow.actnorm import ActNorm
from glow.conv1x1 import InvertibleConv1x1
from glow.coupling import AffineCoupling
from glow.layer import FlowLayer, Images, PerPicture


class FlowStep(FlowLayer):
    """Actnorm → invertible 1×1 convolution → affine coupling (arXiv 1807.03039, figure 2a).

    Actnorm and convolution are both linear per position, so they run as one convolution. Outside of
    training its kernels are kept from call to call, for as long as the parameters stay what they were.

    Args:
        channels: C of the ``(B, C, H, W)`` input; even.
        width: hidden channels of the coupling net.
        bound: largest absolute log-scale of the coupling.
        coordinates: whether the coupling net also sees each position's coordinates.
        generator: source of the convolution's random rotation.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        bound: float = 0.5,
        coordinates: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.actnorm = ActNorm(channels)
        self.conv = InvertibleConv1x1(channels, generator)
        self.coupling = AffineCoupling(channels, width, bound=bound, coordinates=coordinates)
        self._kept: dict[str, tuple[tuple[object, ...], tuple[Tensor, Tensor]]] = {}

    def initialise(self, x: Images) -> None:
        self.actnorm.initialise(x)
        self.coupling.initialise(self._mix(x))

    def _forward_kernel(self) -> tuple[Tensor, Tensor]:
        weight = self.conv.weight() * self.actnorm.log_scale.exp()
        return weight[:, :, None, None], weight @ self.actnorm.bias

    def _inverse_kernel(self) -> tuple[Tensor, Tensor]:
        weight = self.conv.inverse_weight() * (-self.actnorm.log_scale.double()).exp()[:, None]
        return weight.to(self.actnorm.bias.dtype)[:, :, None, None], -self.actnorm.bias

    def _kernel(self, direction: str) -> tuple[Tensor, Tensor]:
        """Kernel and bias of actnorm and 1×1 convolution as one, for "forward" or "inverse"."""
        make = self._forward_kernel if direction == "forward" else self._inverse_kernel
        if torch.is_grad_enabled():
            return make()
        # In-place changes raise a tensor's version; moves to other memory change its address.
        parts = (self.actnorm.bias, self.actnorm.log_scale, self.conv.lower, self.conv.upper, self.conv.log_s)
        key = tuple((p._version, p.data_ptr(), p.dtype, p.device) for p in parts)
        if direction not in self._kept or self._kept[direction][0] != key:
            self._kept[direction] = (key, make())
        return self._kept[direction][1]

    def _mix(self, x: Images) -> Images:
        return F.conv2d(x, *self._kernel("forward"))

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        y, logdet = self.coupling(self._mix(x))
        per_position = self.actnorm.log_scale.sum() + self.conv.log_s.sum()
        return y, logdet + per_position * (x.shape[2] * x.shape[3])

    def inverse(self, y: Images) -> Images:
        return F.conv2d(self.coupling.inverse(y), *self._kernel("inverse"))
