"""A coupling's net in the inference engine: kernels folded, converted and packed once, and memory that is kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache, partial
from threading import local
from typing import TypeAlias

import torch
from torch import Tensor

from glow.engines.packed_convolution import prepare
from glow.layers.coupling import bounded_input
from glow.layers.coupling_net import ScaledConv2d
from glow.layers.memory_layout import as_pictures

Shape: TypeAlias = tuple[int, int, int]
"""``(C, H, W)`` of pictures."""

KEPT_SIZES = 4
"""Batch sizes that a net keeps memory for: a user of many must not fill the memory."""

HIDDEN_BYTES = 2 * 2**20
"""Size of a coupling net's hidden layer on a CPU: larger batches pass in parts, which then stay in its caches."""


class Workspace(local):
    """What a net works in, of each thread: to ask for it anew, with all views of it, takes as long as some operations.

    Args:
        batch: pictures that come in.
        shape: their ``(C, H, W)``.
        bias: of the last layer.
        dtype: to compute in.
        grid: what the net sees of each position's coordinates, ``(1, 2, H, W)``; None if nothing.
        part: pictures that pass together; None for all.
    """

    def __init__(
        self, batch: int, *, shape: Shape, bias: Tensor, dtype: torch.dtype, grid: Tensor | None, part: int | None
    ) -> None:
        channels, height, width = shape
        inputs = channels if grid is None else channels + grid.shape[1]
        with torch.inference_mode(False):  # it must be usable everywhere
            seen = torch.empty(batch, height, width, inputs, dtype=dtype, device=bias.device)
            self.output = torch.empty(len(bias), batch * height * width, dtype=bias.dtype, device=bias.device)
            if grid is not None:
                seen[:, :, :, channels:] = grid.permute(0, 2, 3, 1)
        self.input = seen.view(batch * height * width, inputs)[:, :channels].t()
        pictures, found = seen.permute(0, 3, 1, 2), as_pictures(self.output, (batch, len(bias), height, width))
        part = part or max(1, batch)  # of no pictures, none is a part
        starts = range(0, batch, part)
        self.parts = [(pictures[start : start + part], found[start : start + part]) for start in starts]


Workspaces: TypeAlias = dict[Hashable, Callable[[int], Workspace]]
"""The workspace for a batch size, by the kind of net."""


class InferenceNet:
    """Convolutions with ReLU between, for pictures of one size, which come as rows: ``(C, B * H * W)``.

    Args:
        convolutions: the layers.
        shape: ``(C, H, W)`` of what comes in.
        dtype: to compute in.
        input_bound: where the input is cut off; None for nowhere.
        grid: what is seen of each position's coordinates besides, ``(1, 2, H, W)``; None if nothing.
        bounded: the output channels that a :func:`glow.layers.coupling.bounded` makes log-scales of, and its bound.
            They come as log-scales; None for no channels.
        workspaces: those of the nets that run one after the other, which share what is alike.
    """

    def __init__(
        self,
        convolutions: Sequence[ScaledConv2d],
        shape: Shape,
        dtype: torch.dtype,
        *,
        input_bound: float | None,
        grid: Tensor | None = None,
        bounded: tuple[slice, float] | None = None,
        workspaces: Workspaces,
    ) -> None:
        sides = shape[1:]
        last = convolutions[-1]
        device = last.bias.device
        self._dtype, self._input_bound, self._bounded = dtype, input_bound, bounded
        self._positions = sides[0] * sides[1]
        part = None
        if device.type == "cpu":
            width = max(len(conv.bias) for conv in convolutions)
            part = max(1, HIDDEN_BYTES // (width * self._positions * dtype.itemsize))
        self._layers = []
        for conv in convolutions:
            kernel, bias = conv.folded(conv.bias.dtype)
            if bounded is not None and conv is last:
                channel, bound = bounded
                kernel[channel] *= 2 / bound
                bias[channel] *= 2 / bound
            # oneDNN lays a kernel out alike for whatever batch.
            like = torch.empty((1, conv.weight.shape[1], *sides), dtype=dtype, device=device)
            kernel = kernel.to(dtype).contiguous(memory_format=torch.channels_last)
            self._layers.append(prepare(kernel, bias.to(dtype), like, relu=conv is not last))
        self._lowest = None if bounded is None else torch.tensor(-bounded[1], dtype=last.bias.dtype, device=device)
        kind = (shape, last.bias.shape, last.bias.dtype, dtype, grid is None, part)
        if kind not in workspaces:
            made = partial(Workspace, shape=shape, bias=last.bias, dtype=dtype, grid=grid, part=part)
            workspaces[kind] = lru_cache(maxsize=KEPT_SIZES)(made)
        self._workspace = workspaces[kind]

    def __call__(self, kept: Tensor) -> Tensor:
        """The output, a row for each channel, in the parameters' dtype.

        It lies in the workspace: the thread's next call of a net of this kind and batch size writes over it.
        """
        workspace = self._workspace(kept.shape[1] // self._positions)
        workspace.input.copy_(bounded_input(kept.to(self._dtype), self._input_bound))
        for part, output in workspace.parts:
            x = part
            for layer in self._layers:
                x = layer(x)
            output.copy_(x)
        if self._bounded is not None and self._lowest is not None:
            channel, bound = self._bounded
            raw = workspace.output[channel].sigmoid_()  # the rest of its argument's factor is in the kernel
            torch.add(self._lowest, raw, alpha=2 * bound, out=raw)
        return workspace.output
