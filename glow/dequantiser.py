"""Learned dequantisation: where in its bin each value of a picture is put (Ho et al. 2019, arXiv 1902.00275)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glow.coupling import bounded
from glow.layer import FlowLayer, Images, PerPicture
from glow.net import CouplingNet, ScaledConv2d
from glow.squeeze import Squeeze

LOG_SCALE_BOUND, SHIFT_BOUND = 1.0, 4.0
"""Largest absolute log-scale and shift of one affine map of the noise's logits: they stay well inside of the bin."""


class Dequantiser(FlowLayer):
    """Moves each value inside of its own bin: uniform noise becomes noise that suits the picture.

    A flow's density is smooth, and a picture of n bits with uniform noise is all boxes. This flow of the noise, given
    the n-bit picture, puts the values where the density is high. ``-log_prob(y) - logdet`` then bounds the picture's
    code length from above, more tightly than with uniform noise; what encodes and decodes is not touched.

    The noise's logits pass an affine map whose scales and shifts are a function of the whole picture, then affine
    couplings whose nets see that function too. At the start all of these do nothing.

    Args:
        channels: colour channels of the pictures.
        n_bits: colour depth.
        width: hidden channels of the nets.
    """

    def __init__(self, channels: int, n_bits: int, width: int) -> None:
        super().__init__()
        self.bins = 2**n_bits
        self.squeeze = Squeeze()
        squeezed = 4 * channels
        self.context = nn.ModuleList([ScaledConv2d(squeezed, width, 3), ScaledConv2d(width, width, 3)])
        self.affine = ScaledConv2d(width, 2 * squeezed, 1, zero=True)
        self._orders = _orders(squeezed)
        self.nets = nn.ModuleList(CouplingNet(squeezed // 2 + width, width, squeezed) for _ in self._orders)
        self.net_dtype: torch.dtype | None = None
        """The dtype that the nets compute in; None is that of their parameters."""

    @torch.no_grad()
    def initialise(self, x: Images) -> None:
        """Set the nets' actnorms from pictures ``x``, ``(q + u) / 2**n_bits`` with u uniform in [0, 1)."""
        picture, noise = self._parts(x)
        context = self._squeezed(picture)
        for layer in self.context:
            layer.initialise(context)  # type: ignore[operator]
            context = F.relu(layer(context))
        logits = self.squeeze(_logit(noise))[0]
        for order, net in zip(self._orders, self.nets, strict=True):
            net.initialise(_seen(logits[:, order].chunk(2, 1)[0], context))  # type: ignore[operator]

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        """Pictures ``(B, C, H, W)`` in [0, 1] with their values moved, and log|dy/dx|, ``(B,)``."""
        picture, noise = self._parts(x)
        context = self._context(picture)
        before = _logit(noise)
        z = self.squeeze(before)[0]
        log_scale, shift = self._affine(context, z.dtype)
        z = z * log_scale.exp() + shift
        logdet = log_scale.sum((1, 2, 3))
        for order, net in zip(self._orders, self.nets, strict=True):
            kept, moved = z[:, order].chunk(2, 1)
            log_scale, shift = self._coupling(net, kept, context)
            z = torch.cat([kept, moved * log_scale.exp() + shift], 1)[:, _back(order)]
            logdet = logdet + log_scale.sum((1, 2, 3))
        after = self.squeeze.inverse(z)
        return self._joined(picture, torch.sigmoid(after)), logdet + _log_slope(after) - _log_slope(before)

    def inverse(self, y: Images) -> Images:
        picture, noise = self._parts(y)
        context = self._context(picture)
        z = self.squeeze(_logit(noise))[0]
        for order, net in reversed([*zip(self._orders, self.nets, strict=True)]):
            kept, moved = z[:, order].chunk(2, 1)
            log_scale, shift = self._coupling(net, kept, context)
            z = torch.cat([kept, (moved - shift) / log_scale.exp()], 1)[:, _back(order)]
        log_scale, shift = self._affine(context, z.dtype)
        return self._joined(picture, torch.sigmoid(self.squeeze.inverse((z - shift) / log_scale.exp())))

    def _parts(self, x: Images) -> tuple[Tensor, Tensor]:
        """The n-bit picture, whole numbers, and the place of each value in its bin, in [0, 1]."""
        scaled = x * self.bins
        picture = scaled.detach().floor().clamp(0, self.bins - 1)
        return picture, scaled - picture

    def _joined(self, picture: Tensor, noise: Tensor) -> Images:
        return (picture + noise) / self.bins

    def _squeezed(self, picture: Tensor) -> Tensor:
        """The n-bit picture as the nets want it, in [-1, 1]."""
        dtype = self.net_dtype or self.affine.bias.dtype
        x = self.squeeze(picture * (2 / (self.bins - 1)) - 1)[0]
        return x.to(dtype).contiguous(memory_format=torch.channels_last)

    def _context(self, picture: Tensor) -> Tensor:
        """What the nets see of the n-bit picture, ``(B, width, H/2, W/2)``."""
        x = self._squeezed(picture)
        for layer in self.context:
            x = F.relu(layer(x))
        return x

    def _affine(self, context: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        return _log_scale_and_shift(self.affine(context).to(dtype))

    def _coupling(self, net: nn.Module, kept: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        return _log_scale_and_shift(net(_seen(kept, context)).to(kept.dtype))


def _orders(squeezed: int) -> list[list[int]]:
    """For each coupling the order of a 2×2 block's channels that puts what it keeps before what it moves.

    A chequerboard's white pixels move the black ones, then the other way round; then odd rows and even ones.
    """
    places = range(squeezed)
    halves = [[(place // 2 + place) % 2 for place in places], [place % 4 // 2 for place in places]]
    return [sorted(places, key=lambda p, h=half, f=first: h[p] != f) for half in halves for first in (0, 1)]  # type: ignore[misc]


def _back(order: list[int]) -> list[int]:
    return sorted(range(len(order)), key=order.__getitem__)


def _seen(kept: Tensor, context: Tensor) -> Tensor:
    """What a coupling's net sees: the noise itself, in [-2, 2], and the context."""
    seen = (torch.sigmoid(kept) * 4 - 2).to(context.dtype)
    return torch.cat([seen, context], 1).contiguous(memory_format=torch.channels_last)


def _log_scale_and_shift(raw: Tensor) -> tuple[Tensor, Tensor]:
    scale, shift = raw.chunk(2, 1)
    return bounded(scale, LOG_SCALE_BOUND)[1], bounded(shift, SHIFT_BOUND)[1]


def _logit(noise: Tensor) -> Tensor:
    """The logit, which stays finite at a bin's edge."""
    return torch.logit(noise, 8 * torch.finfo(noise.dtype).eps)


def _log_slope(logits: Tensor) -> PerPicture:
    """log of the sigmoid's slope at ``logits``, summed over each picture."""
    return (F.logsigmoid(logits) + F.logsigmoid(-logits)).sum((1, 2, 3))
