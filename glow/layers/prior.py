"""Learned Gaussian priors, written as flow layers that turn what they predict into plain unit noise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from glow.layers.coupling import bounded, bounded_input
from glow.layers.coupling_net import ScaledConv2d
from glow.layers.flow_layer import FlowLayer, Images, PerPicture
from glow.layers.memory_layout import for_net, from_net, halves, join

LOG_STD_BOUND = 3.0
"""Predicted standard deviations stay between exp(-3) and exp(3): an odd latent cannot make them explode."""


def _bounded(log_std: Tensor) -> Tensor:
    return bounded(log_std, LOG_STD_BOUND)


class StandardPrior(FlowLayer):
    """The unit Gaussian: nothing is predicted, so nothing is taken out."""

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        return x, x.new_zeros(x.shape[0])

    def inverse(self, y: Images) -> Images:
        return y


class SplitPrior(FlowLayer):
    """Half of the channels leave the flow; the other half predicts their mean and standard deviation.

    ``y = [z1, eps]`` with ``eps = (z2 - mean(z1)) / std(z1)``: the likelihood of z2 under the conditional
    Gaussian is that of eps under the unit Gaussian plus this layer's log-determinant (arXiv 1807.03039,
    section 3; the net is one convolution that starts at zero).

    Args:
        channels: C of the ``(B, C, H, W)`` input; even.
        input_bound: where what the convolution sees is cut off; None for nowhere.
    """

    def __init__(self, channels: int, *, input_bound: float | None = None) -> None:
        super().__init__()
        self.input_bound = input_bound
        self.conv = ScaledConv2d(channels // 2, channels, 3, zero=True)

    def _mean_and_log_std(self, z1: Tensor) -> tuple[Tensor, Tensor]:
        # In the parameters' dtype, also where the flow's own arithmetic is in float64.
        seen = bounded_input(for_net(z1, self.conv.bias.dtype), self.input_bound)
        mean, log_std = halves(from_net(self.conv(seen), self.conv.bias.dtype))
        return mean, _bounded(log_std)

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        z1, z2 = halves(x)
        mean, log_std = self._mean_and_log_std(z1)
        # Divided by the very number that the other direction multiplies with.
        return join([z1, (z2 - mean) / log_std.exp()]), -log_std.sum((1, 2, 3))

    def inverse(self, y: Images) -> Images:
        z1, eps = halves(y)
        mean, log_std = self._mean_and_log_std(z1)
        return join([z1, eps * log_std.exp() + mean])


class TopPrior(FlowLayer):
    """The learned Gaussian of the last scale, taken out: ``eps = (z - mean) / std``.

    Args:
        shape: ``(C, 1, 1)`` for a mean and scale per channel (the paper), or ``(C, H, W)`` for one at each
            position.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(shape))
        self.log_std = nn.Parameter(torch.zeros(shape))

    def extra_repr(self) -> str:
        return f"shape={tuple(self.mean.shape)}"

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        log_std = _bounded(self.log_std.to(x.dtype))
        logdet = -log_std.expand(x.shape[1:]).sum()
        return (x - self.mean) * (-log_std).exp(), logdet.expand(x.shape[0])

    def inverse(self, y: Images) -> Images:
        return y * _bounded(self.log_std.to(y.dtype)).exp() + self.mean
