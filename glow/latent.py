"""The latent of a picture: the normalised noise of every scale, with the arithmetic that edits need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Latent:
    """Normalised noise ("eps") of all scales of a batch, fine to coarse.

    What the learned priors predicted is taken out, so the latent of a face is close to a unit Gaussian.
    It holds as many numbers as the picture: leave a scale out and the picture cannot come back.

    Args:
        scales: tensors ``(B, C, H, W)`` with the shapes of :meth:`GlowConfig.scale_shapes`.
    """

    scales: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "scales", tuple(self.scales))
        if len({scale.shape[0] for scale in self.scales}) != 1:
            raise ValueError(f"the scales of a latent must share one batch size, not {self.shapes}.")

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the scales, the batch included."""
        return tuple(tuple(scale.shape) for scale in self.scales)

    @property
    def device(self) -> torch.device:
        """Where the scales live."""
        return self.scales[0].device

    def __len__(self) -> int:
        return self.scales[0].shape[0]

    def __getitem__(self, index: int | slice) -> Latent:
        """Some of the batch; one index keeps the batch dimension, with size 1."""
        if isinstance(index, int):
            index = range(len(self))[index]
            index = slice(index, index + 1)
        return Latent(tuple(scale[index] for scale in self.scales))

    def __iter__(self) -> Iterator[Latent]:
        return (self[i] for i in range(len(self)))

    def _paired(self, other: Latent) -> Iterator[tuple[Tensor, Tensor]]:
        if [s[1:] for s in self.shapes] != [s[1:] for s in other.shapes]:
            raise ValueError(
                f"latents of different models do not mix: {self.shapes} and {other.shapes}; "
                "encode both pictures with one model."
            )
        return zip(self.scales, other.scales, strict=True)

    def __add__(self, other: Latent) -> Latent:
        return Latent(tuple(a + b for a, b in self._paired(other)))

    def __sub__(self, other: Latent) -> Latent:
        return Latent(tuple(a - b for a, b in self._paired(other)))

    def __mul__(self, factor: float | Tensor) -> Latent:
        return Latent(tuple(scale * factor for scale in self.scales))

    __rmul__ = __mul__

    def __neg__(self) -> Latent:
        return self * -1.0

    def lerp(self, other: Latent, ratio: float) -> Latent:
        """The straight way from this latent (``ratio`` 0) to ``other`` (``ratio`` 1), exact at both ends."""
        if ratio == 0:
            return self
        if ratio == 1:
            return other
        return Latent(tuple(a + ratio * (b - a) for a, b in self._paired(other)))

    def to(self, device: str | torch.device, dtype: torch.dtype | None = None) -> Latent:
        """The latent on another device, or in another dtype."""
        return Latent(tuple(scale.to(device=device, dtype=dtype or scale.dtype) for scale in self.scales))

    def flatten(self) -> Tensor:
        """All numbers as ``(B, D)``, fine to coarse; :meth:`unflatten` is the way back."""
        return torch.cat([scale.flatten(1) for scale in self.scales], dim=1)

    @staticmethod
    def unflatten(flat: Tensor, shapes: Sequence[tuple[int, int, int]]) -> Latent:
        """The latent of ``(B, D)`` numbers, for scales of ``shapes`` ``(C, H, W)``.

        Raises:
            ValueError: D is not the number of values that the shapes hold.
        """
        sizes = [c * h * w for c, h, w in shapes]
        if flat.ndim != 2 or flat.shape[1] != sum(sizes):
            raise ValueError(f"a flat latent has shape (B, {sum(sizes)}), not {tuple(flat.shape)}.")
        parts = flat.split(sizes, dim=1)
        return Latent(tuple(part.unflatten(1, shape) for part, shape in zip(parts, shapes, strict=True)))

    @staticmethod
    def cat(latents: Sequence[Latent]) -> Latent:
        """One batch of several latents."""
        return Latent(tuple(torch.cat(scales) for scales in zip(*(latent.scales for latent in latents), strict=True)))
