"""Drawn faces around one of them: like it, or with some of its scales."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch

from app.editor import Editor
from app.portraits.portrait import Portrait
from app.portraits.put_back import drawn_portrait
from glow import Latent
from storage.values import InvalidValueError

Kept = Literal["", "coarse", "fine"]
"""Which scales stay those of a face: none, the coarsest, or all finer ones."""


@dataclass(frozen=True)
class Drawing:
    """What a sheet of drawn faces was made by: the same draws the same faces again."""

    temperature: float = 0.7
    seed: int = 0
    like: Portrait | None = None
    """A face that the others are to be like; it is the first of them."""

    change: float = 0.4
    """How different from it they are, from 0 to 1, where they have nothing of it but what is kept."""

    keep: Kept = ""
    """Which scales stay its own."""

    def faces(self, editor: Editor, count: int) -> list[Portrait]:
        """The faces.

        Raises:
            InvalidValueError: the temperature, the seed or the change cannot be.
        """
        if self.like is None:
            return editor.sample(count, self.temperature, self.seed)
        first = editor.reencoded(self.like)
        others = editor.sample(count - 1, self.temperature, self.seed)
        return [first, *(like(editor, first, other, self.change, self.keep) for other in others)]


def like(editor: Editor, first: Portrait, other: Portrait, change: float, keep: Kept = "") -> Portrait:
    """A face between two, as random as both: where they are noise of one temperature, so is it.

    Args:
        editor: decodes it.
        first: the face that it is like.
        other: what is different comes from this face.
        change: how much that is, from 0, nothing, to 1, all.
        keep: which scales stay the first face's whatever ``change`` is.

    Raises:
        InvalidValueError: ``change`` is not from 0 to 1.
    """
    if not 0 <= change <= 1:
        raise InvalidValueError(f"the change is {change}; it must be from 0 (the same face) to 1 (another).")
    latent = mixed_noise(first.latent, other.latent, change, keep)
    with torch.inference_mode():
        return drawn_portrait(latent, editor.decode(latent), first.model_hash)


def mixed_noise(first: Latent, other: Latent, change: float, keep: Kept = "") -> Latent:
    """Two latents mixed on the circle between them, which keeps the deviation of noise as it is."""
    angle = change * math.pi / 2
    last = len(first.scales) - 1
    return Latent(
        tuple(
            one if keep == ("coarse" if level == last else "fine") else math.cos(angle) * one + math.sin(angle) * two
            for level, (one, two) in enumerate(zip(first.scales, other.scales, strict=True))
        )
    )
