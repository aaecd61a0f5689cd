"""Our Glow and those of normflows, nflows and FrEIA behind one interface.

The same nets inside, the same L, K, width and pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

THREADS = 2


@dataclass(frozen=True, kw_only=True)
class Size:
    """What all implementations are built for."""

    image_size: int = 64
    levels: int = 3
    flow_steps: int = 8
    width: int = 256
    batch: int = 8

    def pictures(self) -> Tensor:
        """A batch of noise, with values in [0, 1]."""
        return torch.rand(self.batch, 3, self.image_size, self.image_size)


@dataclass(frozen=True)
class Implementation:
    """One implementation, built."""

    module: nn.Module
    """All that has parameters; it may be moved to another device."""
    loss: Callable[[Tensor], Tensor]
    """Mean negative log-likelihood of pictures, to be differentiated."""
    encode: Callable[[Tensor], Any]
    """Latents together with the log-likelihood."""
    decode: Callable[[Any], Tensor]
    """Pictures of what :attr:`encode` gave."""
    initialise: Callable[[Tensor], None]
    """Sets from a first batch what has to see one, as actnorms do."""
    prepare_for_inference: Callable[[], object] = lambda: None
    """What a user does after training, with all parameters frozen, before encoding and decoding."""

    @cached_property
    def parameters(self) -> list[nn.Parameter]:
        """Those that are trained, also when they are frozen later."""
        return [parameter for parameter in self.module.parameters() if parameter.requires_grad]


def coupling_net(inputs: int, outputs: int, width: int) -> nn.Sequential:
    """The net of every implementation: 3×3 – 1×1 – 3×3, ReLU between, the last convolution zero."""
    last = nn.Conv2d(width, outputs, 3, padding=1)
    nn.init.zeros_(last.weight)
    assert last.bias is not None
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(), last)


def _gaussian(z: Tensor) -> Tensor:
    flat = z.flatten(1)
    return -0.5 * (flat.square().sum(1) + flat.shape[1] * math.log(2 * math.pi))


def ours(size: Size, *, memory: str = "store", default: bool = False) -> Implementation:
    """Glowface's own model: all in float32, or by ``default`` in the precisions of ``train fit`` and of loading."""
    from glow import Glow, GlowConfig
    from glow.device import exact_flow_dtype, fastest_net_dtype

    model = Glow(
        GlowConfig(
            image_size=size.image_size,
            levels=size.levels,
            flow_steps=size.flow_steps,
            widths=(size.width,) * size.levels,
        )
    )
    model.memory = memory  # type: ignore[assignment]
    nets = fastest_net_dtype(model.device) if default else None
    model.set_precision(nets=nets)

    def encode(x: Tensor) -> Any:
        latent, logdet = model(x)
        return latent, logdet + sum(_gaussian(scale) for scale in latent.scales)

    return Implementation(
        model,
        lambda x: -model.log_prob(x).mean(),
        encode,
        lambda encoded: model.decode(encoded[0]),
        model.initialise,
        lambda: model.set_precision(nets=nets, flow=exact_flow_dtype(model.device) if default else None),
    )


def _peer(module: nn.Module, encode: Callable[[Tensor], Any], decode: Callable[[Any], Tensor]) -> Implementation:
    """Another implementation, which gives latents and log-likelihood at once, and sees its first batch in doing so."""

    def initialise(x: Tensor) -> None:
        encode(x)

    return Implementation(module, lambda x: -encode(x)[1].mean(), encode, decode, initialise)


def normflows(size: Size) -> Implementation:
    """normflows' MultiscaleFlow of GlowBlocks."""
    import normflows as nf

    flows, merges, bases = [], [], []
    for level in range(size.levels):  # coarse to fine
        depth = size.levels - level
        channels = 3 * 2 ** (depth + 1)
        flows.append([nf.flows.GlowBlock(channels, size.width) for _ in range(size.flow_steps)] + [nf.flows.Squeeze()])
        if level:
            merges.append(nf.flows.Merge())
        shape = (channels if level == 0 else channels // 2, size.image_size >> depth, size.image_size >> depth)
        bases.append(nf.distributions.DiagGaussian(shape, trainable=False))
    model = nf.MultiscaleFlow(bases, flows, merges, class_cond=False)

    def encode(x: Tensor) -> Any:
        z, logdet = model.inverse_and_log_det(x)
        return z, logdet + sum(_gaussian(part) for part in z)

    return _peer(model, encode, lambda encoded: model.forward_and_log_det(encoded[0])[0])


class _Contextless(nn.Module):
    """A coupling net that nflows may call with a context, which is None here."""

    def __init__(self, inputs: int, outputs: int, width: int) -> None:
        super().__init__()
        self.net = coupling_net(inputs, outputs, width)

    def forward(self, x: Tensor, _context: Tensor | None = None) -> Tensor:
        return self.net(x)


def nflows(size: Size) -> Implementation:
    """nflows' MultiscaleCompositeTransform."""
    from nflows import transforms as t

    model = t.MultiscaleCompositeTransform(size.levels)
    channels, side = 3, size.image_size
    for _ in range(size.levels):
        channels, side = channels * 4, side // 2
        mask = torch.cat([torch.zeros(channels // 2), torch.ones(channels // 2)])
        steps: list[Any] = [t.SqueezeTransform()]
        for _ in range(size.flow_steps):
            steps += [
                t.ActNorm(channels),
                t.OneByOneConvolution(channels),
                t.AffineCouplingTransform(mask, lambda inputs, outputs: _Contextless(inputs, outputs, size.width)),
            ]
        kept = model.add_transform(t.CompositeTransform(steps), (channels, side, side))
        channels = kept[0] if kept else channels

    def encode(x: Tensor) -> Any:
        z, logdet = model(x)
        return z, logdet + _gaussian(z)

    return _peer(model, encode, lambda encoded: model.inverse(encoded[0])[0])


def freia(size: Size) -> Implementation:
    """FrEIA's AllInOneBlocks, a SequenceINN for each level."""
    from FrEIA import framework, modules

    levels = nn.ModuleList()
    channels, side = 3, size.image_size
    for level in range(size.levels):
        sequence = framework.SequenceINN(channels, side, side)
        sequence.append(modules.IRevNetDownsampling)
        for _ in range(size.flow_steps):
            sequence.append(
                modules.AllInOneBlock,
                subnet_constructor=lambda inputs, outputs: coupling_net(inputs, outputs, size.width),
                permute_soft=True,
            )
        levels.append(sequence)
        channels, side = channels * 4 // (2 if level < size.levels - 1 else 1), side // 2

    def encode(x: Tensor) -> Any:
        scales, total = [], x.new_zeros(len(x))
        for level, sequence in enumerate(levels):
            x, logdet = sequence(x)
            total = total + logdet
            if level < len(levels) - 1:
                x, leaving = x.chunk(2, dim=1)
                scales.append(leaving)
        scales.append(x)
        return scales, total + sum(_gaussian(part) for part in scales)

    def decode(encoded: Any) -> Tensor:
        scales = encoded[0]
        z = scales[-1]
        for level, sequence in reversed(list(enumerate(levels))):
            if level < len(levels) - 1:
                z = torch.cat([z, scales[level]], dim=1)
            z = sequence(z, rev=True)[0]
        return z

    return _peer(levels, encode, decode)


IMPLEMENTATIONS: dict[str, Callable[[Size], Implementation]] = {
    "Glowface, by default": lambda size: ours(size, default=True),
    "Glowface, float32": ours,
    "Glowface, float32, checkpoint": lambda size: ours(size, memory="checkpoint"),
    "Glowface, float32, reversible": lambda size: ours(size, memory="reversible"),
    "normflows": normflows,
    "nflows": nflows,
    "FrEIA": freia,
}
"""What is measured, by the name in the table."""
MEMORY_MODES = ("Glowface, float32", "Glowface, float32, checkpoint", "Glowface, float32, reversible")
PEERS = ("normflows", "nflows", "FrEIA")
