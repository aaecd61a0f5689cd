"""Growing a model to twice the picture size: it starts with all that the smaller one knows."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from glow.config import GlowConfig
from glow.layers.coupling_net import ScaledConv2d
from glow.layers.flow_layer import Images
from glow.layers.flow_step import FlowStep
from glow.layers.invertible_conv import Conv1x1, Conv1x1LU, random_rotation
from glow.layers.mixing import in_float64
from glow.layers.prior import SplitPrior, TopPrior
from glow.model import Glow
from storage.values import InvalidValueError

HAAR = torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], dtype=torch.float64) / 4
"""Mean and three differences of a 2×2 block, row by row."""


def can_grow(small: GlowConfig, config: GlowConfig) -> bool:
    """Whether :func:`grow` makes a model of ``config`` of one of ``small``.

    The picture is to be twice as large, with one level more, whose width is free; all else must be the same, but for
    the dequantiser. Channels must be mixed by learned 1×1 convolutions.
    """
    grown = replace(
        small,
        image_size=2 * small.image_size,
        levels=small.levels + 1,
        widths=(config.widths[0], *small.widths),
        dequantiser_width=config.dequantiser_width,
    )
    return grown == config and small.permutation in ("1x1-lu", "1x1-full")


@torch.no_grad()
def grow(small: Glow, model: Glow, x: Images, generator: torch.Generator | None = None) -> None:
    """Make a fresh ``model`` do to pictures' halved versions what ``small`` does, and nothing yet to their details.

    The new first level begins as a Haar wavelet transform: the means of 2×2 blocks are the picture at half the size,
    and pass; its other channels hold the details, scaled to unit variance. Of these a part goes on with the means, so
    the other levels have twice the channels of the small model's. There the small model's weights act on the means,
    with zeros towards the details, which are only rotated. So ``model``'s latents hold those of ``small``: on each
    scale but the first in the first half of the channels (on the last one, in the first half of each half). Training
    goes on from there; compare Net2Net (Chen et al. 2015, arXiv 1511.05641) for the idea, and Wavelet Flow (Yu et al.
    2020, arXiv 2010.13821) for flows made of wavelets.

    A learned dequantiser looks at each value's neighbours, whatever the picture's size: one of the same width is taken
    over, another is initialised.

    Args:
        small: the model to start from.
        model: a new one, on any device, of a shape for which :func:`can_grow` is true.
        x: a batch of the training pictures at the new size, in [0, 1], dequantised.
        generator: source of the rotations; the global one if left out.

    Raises:
        InvalidValueError: the models, or the pictures, do not fit.
    """
    if not can_grow(small.config, model.config):
        raise InvalidValueError("a model grows to twice the size by one level, all other widths and settings the same.")
    model.check(x)
    _make_wavelet(model, x, generator)
    for level in range(1, model.config.levels):
        for index, (old, new) in enumerate(zip(small.steps(level - 1), model.steps(level), strict=True)):
            _widen_step(old, new, first=index == 0, generator=generator)
    for prior, wider in zip(small.splits, list(model.splits)[1:], strict=True):
        if isinstance(prior, SplitPrior):
            _widen_conv(prior.conv, cast(SplitPrior, wider).conv, blocks=2)
    if model.dequantiser is not None:
        if small.dequantiser is not None and small.config.dequantiser_width == model.config.dequantiser_width:
            model.dequantiser.load_state_dict(small.dequantiser.state_dict())
        else:
            model.dequantiser.initialise(x)
    if isinstance(small.top, TopPrior):
        ours = cast(TopPrior, model.top)
        for theirs, parameter in ((small.top.mean, ours.mean), (small.top.log_std, ours.log_std)):
            parameter.copy_(_with_zeros(theirs, blocks=2))


def _make_wavelet(model: Glow, x: Images, generator: torch.Generator | None) -> None:
    """The first level: means and scaled details of blocks, then rotations of the details."""
    channels = model.config.channels
    # Squeezed, a colour's four places lie together; transformed, all means come first.
    haar = torch.kron(torch.eye(channels, dtype=torch.float64), HAAR).unflatten(0, (channels, 4))
    haar = haar.transpose(0, 1).flatten(0, 1)
    z = model.squeeze(x - 0.5)[0]
    details = torch.einsum("dc,bchw->dbhw", haar[channels:], in_float64(z).to(haar.device))
    haar[channels:] /= details.flatten(1).std(1).clamp_min(1e-4)[:, None]
    for index, step in enumerate(model.steps(0)):
        rotation = random_rotation(3 * channels, generator)
        turned = torch.block_diag(torch.eye(channels, dtype=torch.float64), rotation)
        _set_matrix(step, turned @ haar if index == 0 else turned)
        z = step(z)[0]
        step.coupling.initialise(z)  # which starts as the identity, so z is what its net will see


def _widen_step(old: FlowStep, new: FlowStep, *, first: bool, generator: torch.Generator | None) -> None:
    """Let a step do to half of its channels what ``old`` does to all of its own.

    Args:
        old: the small model's.
        new: the one with twice the channels.
        first: whether it is its level's first: there the details come behind all of the old channels. From there on,
            they come behind each half.
        generator: source of the rotation of the details.
    """
    channels = len(old.actnorm.bias)
    order = _with_zeros(torch.arange(1, channels + 1), blocks=2)
    details = order == 0
    order[details] = torch.arange(channels + 1, 2 * channels + 1)
    sort = torch.eye(2 * channels, dtype=torch.float64)[order - 1]
    matrix = sort @ torch.block_diag(in_float64(old.conv.weight()).cpu(), random_rotation(channels, generator))
    _set_matrix(new, matrix if first else matrix @ sort.T)
    blocks = 1 if first else 2
    new.actnorm.bias.copy_(_with_zeros(old.actnorm.bias, blocks))
    new.actnorm.log_scale.copy_(_with_zeros(old.actnorm.log_scale, blocks))
    ours, theirs = new.coupling.net, old.coupling.net
    _widen_inputs(theirs.first, ours.first, channels // 2)
    ours.second.load_state_dict(theirs.second.state_dict())
    _widen_conv(theirs.last, ours.last, blocks=len(theirs.last.bias) // (channels // 2))


def _set_matrix(step: FlowStep, matrix: Tensor) -> None:
    cast("Conv1x1 | Conv1x1LU", step.conv).set_matrix(matrix)


def _widen_inputs(old: ScaledConv2d, new: ScaledConv2d, seen: int) -> None:
    """A net's first layer: of the first ``seen`` channels and the coordinates as before, nothing of the new ones."""
    new.weight.zero_()
    new.weight[:, :seen] = old.weight[:, :seen]
    new.weight[:, 2 * seen :] = old.weight[:, seen:]
    new.bias.copy_(old.bias)
    new.log_scale.copy_(old.log_scale)


def _widen_conv(old: ScaledConv2d, new: ScaledConv2d, blocks: int) -> None:
    """A last layer: each block of its outputs gets as many more channels, of zeros, and new inputs count nothing."""
    new.weight.zero_()
    new.weight[:, : old.weight.shape[1]] = _with_zeros(old.weight, blocks)
    new.bias.copy_(_with_zeros(old.bias, blocks))
    new.log_scale.copy_(_with_zeros(old.log_scale, blocks))


def _with_zeros(values: Tensor, blocks: int) -> Tensor:
    """``values`` cut into so many blocks along its first axis, each with as many zeros behind it."""
    parts = values.chunk(blocks)
    return torch.cat([part for old in parts for part in (old, torch.zeros_like(old))])
