"""Actnorm: a scale and a bias for each channel, set from the first batch of data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from glow.layers.flow_layer import FlowLayer, Images, PerPicture


def channel_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation ``(C,)`` of each channel over batch and positions."""
    flat = x.float().transpose(0, 1).flatten(1)
    # A channel that is constant in the first batch must not get an endless scale.
    return flat.mean(1), flat.std(1, unbiased=False).clamp_min(1e-4)


class ActNorm(FlowLayer):
    """``y = (x + bias) * exp(log_scale)``, one bias and log-scale per channel.

    After :meth:`initialise` the first batch leaves with zero mean and unit variance in each channel
    (Kingma & Dhariwal 2018, arXiv 1807.03039, section 3.1).

    Args:
        channels: C of the ``(B, C, H, W)`` input.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))
        self.log_scale = nn.Parameter(torch.zeros(channels))

    def extra_repr(self) -> str:
        return f"channels={self.bias.numel()}"

    @torch.no_grad()
    def initialise(self, x: Images) -> None:
        """Set bias and scale so that ``x`` comes out with mean 0 and variance 1 per channel."""
        mean, std = channel_statistics(x)
        self.bias.copy_(-mean)
        self.log_scale.copy_(-std.log())

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        y = (x + self.bias[:, None, None]) * self.log_scale.exp()[:, None, None]
        logdet = self.log_scale.sum() * (x.shape[2] * x.shape[3])
        return y, logdet.expand(x.shape[0])

    def inverse(self, y: Images) -> Images:
        return y * (-self.log_scale).exp()[:, None, None] - self.bias[:, None, None]
