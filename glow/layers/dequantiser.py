"""Learned dequantisation: where in its bin each value of a picture is put (Ho et al. 2019, arXiv 1902.00275)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glow.layers.coupling import bounded
from glow.layers.coupling_net import CouplingNet, ScaledConv2d
from glow.layers.flow_layer import FlowLayer, Images, PerPicture
from glow.layers.squeeze import Squeeze

LOG_SCALE_BOUND, SHIFT_BOUND = 1.0, 4.0
"""Largest absolute log-scale and shift of one affine map of the noise's logits."""
WHITE, BLACK, ODD, EVEN = (0, 3), (1, 2), (0, 1), (2, 3)
"""Places of a 2×2 block, as :class:`Squeeze` counts them: the colours of a chequerboard, and rows."""
COUPLINGS = ((WHITE, BLACK), (BLACK, WHITE), (ODD, EVEN), (EVEN, ODD))
"""What each coupling keeps, and what it moves."""


class Dequantiser(FlowLayer):
    """Moves each value inside of its own bin: uniform noise becomes noise that suits the picture.

    A flow's density is smooth, and a picture of n bits with uniform noise is all boxes. This flow of the noise, given
    the n-bit picture, puts the values where the density is high. ``-log_prob(y) - logdet`` then bounds the picture's
    code length from above, more tightly than with uniform noise; what encodes and decodes is not touched.

    The noise's logits pass an affine map whose scales and shifts are a function of the picture around each value (10×10
    pixels), then affine couplings whose nets see that function too. At the start all of these do nothing. The inverse
    is exact but for noise that lies at its bin's edge up to rounding.

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
        self.nets = nn.ModuleList(CouplingNet(squeezed // 2 + width, width, squeezed) for _ in COUPLINGS)
        self.net_dtype: torch.dtype | None = None
        """The dtype that the nets compute in; None is that of their parameters."""

    @torch.no_grad()
    def initialise(self, x: Images) -> None:
        """Set the nets' actnorms from pictures ``x``, ``(q + u) / 2**n_bits`` with u uniform in [0, 1)."""
        picture, noise = self._parts(x)
        context = self._squeezed(picture, self.affine.bias.dtype)
        for layer in self.context:
            layer.initialise(context)  # type: ignore[operator]
            context = F.relu(layer(context))
        logits = self.squeeze(self._logit(noise))[0]
        for (kept, _), net in zip(COUPLINGS, self.nets, strict=True):
            net.initialise(_seen(_take(logits, kept), context))  # type: ignore[operator]

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        """Pictures ``(B, C, H, W)`` in [0, 1] with their values moved, and log|dy/dx|, ``(B,)``."""
        picture, noise = self._parts(x)
        context = self._context(picture)
        before = self._logit(noise)
        z = self.squeeze(before)[0]
        log_scale, shift = self._affine(context, z.dtype)
        z = z * log_scale.exp() + shift
        logdet = log_scale.sum((1, 2, 3))
        for (kept, moved), net in zip(COUPLINGS, self.nets, strict=True):
            seen, rest = _take(z, kept), _take(z, moved)
            log_scale, shift = self._coupling(net, seen, context)
            z = _put({kept: seen, moved: rest * log_scale.exp() + shift})
            logdet = logdet + log_scale.sum((1, 2, 3))
        after = self.squeeze.inverse(z)
        return self._joined(picture, torch.sigmoid(after)), logdet + _log_slope(after) - _log_slope(before)

    def inverse(self, y: Images) -> Images:
        picture, noise = self._parts(y)
        context = self._context(picture)
        z = self.squeeze(self._logit(noise))[0]
        for (kept, moved), net in reversed([*zip(COUPLINGS, self.nets, strict=True)]):
            seen, rest = _take(z, kept), _take(z, moved)
            log_scale, shift = self._coupling(net, seen, context)
            z = _put({kept: seen, moved: (rest - shift) / log_scale.exp()})
        log_scale, shift = self._affine(context, z.dtype)
        return self._joined(picture, torch.sigmoid(self.squeeze.inverse((z - shift) / log_scale.exp())))

    def _parts(self, x: Images) -> tuple[Tensor, Tensor]:
        """The n-bit picture, whole numbers, and the place of each value in its bin, in [0, 1]."""
        scaled = x * self.bins
        picture = scaled.detach().floor().clamp(0, self.bins - 1)
        return picture, scaled - picture

    def _joined(self, picture: Tensor, noise: Tensor) -> Images:
        return (picture + noise) / self.bins

    def _logit(self, noise: Tensor) -> Tensor:
        """The logit, finite also at a bin's edge: a picture's digits end before it."""
        return torch.logit(noise, max(8, self.bins / 2) * torch.finfo(noise.dtype).eps)

    def _squeezed(self, picture: Tensor, dtype: torch.dtype) -> Tensor:
        """The n-bit picture as the nets want it, in [-1, 1]."""
        x = self.squeeze(picture * (2 / (self.bins - 1)) - 1)[0]
        return x.to(dtype).contiguous(memory_format=torch.channels_last)

    def _context(self, picture: Tensor) -> Tensor:
        """What the nets see of the n-bit picture, ``(B, width, H/2, W/2)``."""
        x = self._squeezed(picture, self.net_dtype or self.affine.bias.dtype)
        for layer in self.context:
            x = F.relu(layer(x))
        return x

    def _affine(self, context: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        return _log_scale_and_shift(self.affine(context).to(dtype))

    def _coupling(self, net: nn.Module, kept: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        return _log_scale_and_shift(net(_seen(kept, context)).to(kept.dtype))


def _take(z: Tensor, places: tuple[int, int]) -> Tensor:
    """Half of the channels of squeezed logits: those of two places of each block, ``(B, 2C, H/2, W/2)``."""
    blocks = z.unflatten(1, (-1, 4))
    return torch.stack([blocks[:, :, place] for place in places], 2).flatten(1, 2)


def _put(parts: dict[tuple[int, int], Tensor]) -> Tensor:
    """The squeezed logits of which :func:`_take` has taken these parts."""
    found = {place: part.unflatten(1, (-1, 2))[:, :, i] for key, part in parts.items() for i, place in enumerate(key)}
    return torch.stack([found[place] for place in range(4)], 2).flatten(1, 2)


def _seen(kept: Tensor, context: Tensor) -> Tensor:
    """What a coupling's net sees: the noise itself, in [-2, 2], and the context."""
    seen = (torch.sigmoid(kept) * 4 - 2).to(context.dtype)
    return torch.cat([seen, context], 1).contiguous(memory_format=torch.channels_last)


def _log_scale_and_shift(raw: Tensor) -> tuple[Tensor, Tensor]:
    scale, shift = raw.chunk(2, 1)
    return bounded(scale, LOG_SCALE_BOUND), bounded(shift, SHIFT_BOUND)


def _log_slope(logits: Tensor) -> PerPicture:
    """log of the sigmoid's slope at ``logits``, summed over each picture."""
    return (F.logsigmoid(logits) + F.logsigmoid(-logits)).sum((1, 2, 3))
