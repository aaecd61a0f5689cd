"""Who is in the picture: how much of each place of a face's square is the person, hair included."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from storage.assets import DEFAULT_MATTE
from storage.tensors import FORMAT_VERSION, read_safetensors, write_safetensors

SIDE = 128
"""Side of the pictures that the network reads, in pixels; others are resized to it."""
WIDTHS = (16, 32, 64, 96)
"""Channels at 64, 32, 16 and 8 pixels."""
KIND = "matte"
SURE = (0.5, 0.8)
"""Probability up to which a place is background, and from which on it is the person alone: what is left of a doubt
would tint walls and skies."""


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class Context(nn.Module):
    """Adds to each place what is known of its wider surroundings and of the whole picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.around = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(channels), nn.ReLU()
        )
        self.told = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        around = self.around(x)
        whole = around.mean((2, 3), keepdim=True).expand_as(around)
        added: Tensor = self.told(torch.cat([around, whole], dim=1))
        return x + added


class MatteNet(nn.Module):
    """A small U-Net (Ronneberger et al. 2015, arXiv 1505.04597) from pictures ``(B, 3, 128, 128)`` in [0, 1] to the log
    odds of the person at each place, ``(B, 1, 128, 128)``."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for before, after in zip((3, *WIDTHS), WIDTHS, strict=False):
            self.down.append(nn.Sequential(_block(before, after, 2), _block(after, after)))
        self.context = Context(WIDTHS[-1])
        for coarse, fine in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True):
            self.up.append(_block(coarse + fine, fine))
        self.last = nn.Sequential(_block(WIDTHS[0] + 3, WIDTHS[0]), nn.Conv2d(WIDTHS[0], 1, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        picture = x = (x - 0.5) / 0.25
        seen = []
        for stage in self.down:
            x = stage(x)
            seen.append(x)
        x = self.context(x)
        for stage, finer in zip(self.up, seen[-2::-1], strict=True):
            x = stage(torch.cat([_twice(x), finer], dim=1))
        found: Tensor = self.last(torch.cat([_twice(x), picture], dim=1))
        return found


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def save_matte(path: Path, net: MatteNet, figures: dict[str, float]) -> None:
    """Write a network to ``path`` (safetensors), its weights in half precision, with what was measured of it."""
    tensors = {name: value for name, value in net.state_dict().items() if value.is_floating_point()}
    tensors = {name: value.half() if value.ndim > 1 else value for name, value in tensors.items()}
    write_safetensors(path, tensors, {"kind": KIND, "version": FORMAT_VERSION, "figures": figures})


@cache
def load_matte(path: Path = DEFAULT_MATTE) -> MatteNet:
    """The network that :func:`save_matte` wrote.

    Raises:
        CheckpointError: the file is missing or broken.
    """
    net = MatteNet()
    known = {name: value for name, value in net.state_dict().items() if value.is_floating_point()}
    tensors, _ = read_safetensors(path, KIND, lambda *_: known)
    net.load_state_dict({name: value.float() for name, value in tensors.items()}, strict=False)
    return net.eval().requires_grad_(False)


def log_odds(net: MatteNet, pictures: Tensor) -> Tensor:
    """What the network sees in pictures ``(B, 3, 128, 128)`` and in their mirror images, averaged."""
    seen: Tensor = (net(pictures) + net(pictures.flip(-1)).flip(-1)) / 2
    return seen


def opacity(log_odds: Tensor) -> Tensor:
    """How much of a place is the person, from 0 to 1, by the network's log odds."""
    return ((torch.sigmoid(log_odds) - SURE[0]) / (SURE[1] - SURE[0])).clamp(0, 1)


@torch.inference_mode()
def matte(pictures: Tensor) -> Tensor:
    """How much of each place is the person.

    Args:
        pictures: ``(B, 3, S, S)`` in [0, 1], faces cut out as they are aligned.

    Returns:
        ``(B, 1, S, S)`` in [0, 1], on the CPU.
    """
    size = pictures.shape[-2:]
    x = functional.interpolate(pictures.cpu().float(), (SIDE, SIDE), mode="bicubic", antialias=True)
    found = opacity(log_odds(load_matte(), x.clamp(0, 1)))
    return functional.interpolate(found, size, mode="bilinear", antialias=True).clamp(0, 1)
