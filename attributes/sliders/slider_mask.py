"""Where a slider acts: glasses lie around the eyes, and a move of the mouth has no business there.

Squares are cut so that eyes and mouth lie at the same places in all of them (:mod:`faces.align`), and each position
of a scale decodes to about its own part of the square. So what a direction changes elsewhere, such as the skin that
glasses are often seen with, is left out of the latent by a weight for each place. The decoder spreads what is left, the
coarse scales over half of the face; so the same weights also say how much of the change is taken over into the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from faces.compositing.colour import broad, luma
from faces.compositing.dark_object import dark_object
from faces.compositing.dark_places import dark_places
from faces.compositing.smoothing import smooth_step
from faces.compositing.teeth import natural_mouth, teeth
from faces.compositing.tint import tinted
from storage.values import InvalidValueError, boolean, number

FACE_CENTRE = (0.5, 0.58)
"""The middle of the face in its square, from the left and from the top, as shares of its side."""
FACE_RADII = (0.24, 0.3)
"""Half of its width and of its height, likewise."""
FACE_FADE = 0.5
"""How far its border fades, as a share of these."""


@dataclass(frozen=True, kw_only=True)
class SliderMask:
    """Weights of a slider's change, from place to place and, in the latent, from scale to scale.

    Raises:
        InvalidValueError: a number is not finite or out of its range.
    """

    scales: tuple[float, ...] = ()
    """The weight of each scale, fine to coarse; empty: 1 for all."""

    top: float = 0.0
    """Where the slider begins to act, and"""

    bottom: float = 1.0
    """where it ends: from the square's top, as shares of its side. 0 and 1 are its borders, and do not fade."""

    fade: float = 0.15
    """How far both borders fade, likewise."""

    face: float = 1.0
    """The weight within the face, for what acts around it,"""

    around: float = 1.0
    """and around it, for what acts within."""

    colour: float = 1.0
    """How much of a broad change of colour the picture takes over, that of its brightness aside: a face that gets
    younger is not to turn yellow."""

    light: float = 1.0
    """How much of a broad change of brightness it takes over: nor are shadows on it to turn into patches."""

    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Red, green and blue, as shares of any brightness, of what becomes lighter where it was dark: black hair is to
    turn blond, and not grey (:mod:`faces.compositing.tint`)."""

    dark_object: bool = False
    """Whether what comes is a thing that is darker than skin, as glasses are. The picture takes over the thing alone:
    no light around it (:mod:`faces.compositing.dark_object`)."""

    spares_dark: bool = False
    """Whether the picture stays as it is where it is dark beside the skin (:mod:`faces.compositing.dark_places`): what
    pales a face, or ages it, is not to pale the frame of its glasses."""

    spares_teeth: bool = False
    """Whether teeth stay as they are (:mod:`faces.compositing.teeth`)."""

    changes_dark: bool = False
    """Whether the attribute is such a dark place: beside a slider of hair's colour, or one that takes glasses off, none
    is spared where it acts."""

    def __post_init__(self) -> None:
        if not isinstance(self.scales, list | tuple):
            raise InvalidValueError(f"the mask's scales are {self.scales!r}; they must be a list of numbers.")
        object.__setattr__(self, "scales", tuple(self.scales))
        for weight in self.scales:
            number("the mask's weight of a scale", weight, 0, 10)
        if not isinstance(self.tint, list | tuple) or len(self.tint) != 3:
            raise InvalidValueError(f"the mask's tint is {self.tint!r}; it must be three numbers.")
        object.__setattr__(self, "tint", tuple(self.tint))
        for share in self.tint:
            number("the mask's tint", share, 0, 3)
        for name in ("top", "bottom", "face", "around", "colour", "light"):
            number(f"the mask's {name}", getattr(self, name), 0, 1)
        number("the mask's fade", self.fade, 1e-3, 1)
        for name in ("dark_object", "spares_dark", "spares_teeth", "changes_dark"):
            boolean(f"the mask's {name}", getattr(self, name))
        if self.top >= self.bottom:
            raise InvalidValueError(f"the mask's top is {self.top}, which is not above its bottom, {self.bottom}.")

    def of_latent(self, shapes: Sequence[tuple[int, int, int]]) -> Tensor:
        """The weights of a latent's values, ``(D,)`` float32.

        Args:
            shapes: ``(C, H, W)`` of its scales, fine to coarse.

        Raises:
            InvalidValueError: it has another number of scales than the mask.
        """
        return _of_latent(self, tuple(shapes))

    def of_picture(self, size: int) -> Tensor:
        """The weights of the pixels of a face's square, ``(size, size)`` float32 in [0, 1]."""
        return _places(self, size, size)


EVERYWHERE = SliderMask()
"""Everywhere alike."""


@dataclass(frozen=True, eq=False)
class PictureMask:
    """How much of sliders' change a picture takes over at each of its places, and what of it.

    All but the tint are ``(size, size)`` float32 in [0, 1]; None stands for what :class:`SliderMask` has by default.
    """

    change: Tensor
    """How much of it,"""

    colour: Tensor | None = None
    """how much of its broad colour (:func:`faces.compositing.colour.broad`),"""

    light: Tensor | None = None
    """of its broad brightness,"""

    dark_object: Tensor | None = None
    """how much of it is to be a dark thing alone,"""

    spares_dark: Tensor | None = None
    """how much dark places are spared,"""

    spares_teeth: Tensor | None = None
    """and teeth,"""

    tint: Tensor | None = None
    """and the tint of those that become lighter, ``(3, size, size)``."""

    def over(self, before: Tensor, moved: Tensor) -> Tensor:
        """Pictures of faces, moved where their sliders act and as they were elsewhere, bit for bit.

        Mouths that open show teeth in the colours of teeth (:func:`faces.compositing.teeth.natural_mouth`).

        Args:
            before: of the faces as they were, ``(B, 3, S, S)`` in [0, 1],
            moved: and of the moved ones.
        """
        taken = self._taken(before, moved)
        return natural_mouth(taken, before).where(moved.isfinite(), moved)

    def _taken(self, before: Tensor, moved: Tensor) -> Tensor:
        """What they take over of the change."""
        where = self.change.to(moved)
        if self.spares_teeth is not None:
            where = where * (1 - self.spares_teeth.to(moved) * teeth(before))
        if all(part is None for part in (self.colour, self.light, self.dark_object, self.spares_dark, self.tint)):
            return before.lerp(moved, where)
        change = (moved - before).nan_to_num()  # of a face that is lost, in part; smoothing would spread it
        if self.colour is not None or self.light is not None:
            broadly = broad(change, where)
            brighter = luma(broadly)
            if self.colour is not None:
                change = change - (1 - self.colour.to(moved)) * (broadly - brighter)
            if self.light is not None:
                change = change - (1 - self.light.to(moved)) * brighter
        if self.dark_object is not None:
            things = self.dark_object.to(moved)
            change = change.lerp(dark_object(change, where * things), things)
        if self.tint is not None:
            change = tinted(change, before, self.tint.to(moved))
        if self.spares_dark is not None:
            where = where * (1 - self.spares_dark.to(moved) * dark_places(before))
        return (before + where * change).clamp(0, 1)


def together(masks: Mapping[SliderMask, float], size: int) -> PictureMask:
    """How much of several sliders' change the picture takes over at each place.

    Each place takes over as much as the slider with the most business there. One that moves by less than a quarter of
    what another does counts for less, so that nothing jumps where a slider leaves 0. What of it is taken over is a
    mean of what the sliders would at that place, weighed by how far they move it; but dark places are not spared where
    a slider acts that is there to change them, and a slider that spares them takes nothing off their tint. Teeth are
    spared where no slider acts that does not spare them: a smile moves them.

    Args:
        masks: of the sliders, with how far each moves the face, above 0.
        size: the side of the picture, in pixels.
    """
    if not masks:
        return PictureMask(torch.zeros(size, size))
    most, places = max(masks.values()), {mask: mask.of_picture(size) for mask in masks}
    shares = {mask: min(1.0, 4 * amount / most) for mask, amount in masks.items()}
    change = torch.stack([share * places[mask] for mask, share in shares.items()]).amax(0)
    if all(getattr(mask, name) == default for name, default in _OF_PICTURES.items() for mask in masks):
        return PictureMask(change)
    moves = {mask: amount * places[mask] for mask, amount in masks.items()}

    def mean(name: str, moves: Mapping[SliderMask, Tensor] = moves) -> Tensor | None:
        default = torch.tensor(_OF_PICTURES[name], dtype=change.dtype)[..., None, None]
        if all(getattr(mask, name) == _OF_PICTURES[name] for mask in moves):
            return None
        values = {mask: torch.tensor(getattr(mask, name), dtype=change.dtype)[..., None, None] for mask in moves}
        apart = torch.stack([(values[mask] - default) * by for mask, by in moves.items()]).sum(0)
        return default + apart / torch.stack([*moves.values()]).sum(0).clamp_min(1e-6)

    spares = mean("spares_dark")
    if spares is not None:
        changed = [share * places[mask] for mask, share in shares.items() if mask.changes_dark]
        spares = spares * (1 - torch.stack([torch.zeros_like(change), *changed]).amax(0))
    of_teeth = None
    if any(mask.spares_teeth for mask in masks):
        moving = [share * places[mask] for mask, share in shares.items() if not mask.spares_teeth]
        of_teeth = 1 - torch.stack([torch.zeros_like(change), *moving]).amax(0)
    tint = mean("tint", {mask: by for mask, by in moves.items() if not mask.spares_dark})
    return PictureMask(change, mean("colour"), mean("light"), mean("dark_object"), spares, of_teeth, tint)


_OF_PICTURES = {
    name: getattr(EVERYWHERE, name)
    for name in ("colour", "light", "tint", "dark_object", "spares_dark", "spares_teeth")
}
"""What fields of a mask that say what of a change a picture takes over are by default: all of it."""


@lru_cache(maxsize=256)
def _of_latent(mask: SliderMask, shapes: tuple[tuple[int, int, int], ...]) -> Tensor:
    of_scales = mask.scales or (1.0,) * len(shapes)
    if len(of_scales) != len(shapes):
        raise InvalidValueError(f"a mask of {len(of_scales)} scales does not fit a latent with {len(shapes)}.")
    return torch.cat(
        [
            (weight * _places(mask, height, width)).expand(channels, -1, -1).flatten()
            for weight, (channels, height, width) in zip(of_scales, shapes, strict=True)
        ]
    )


@lru_cache(maxsize=256)
def _places(mask: SliderMask, height: int, width: int) -> Tensor:
    """The weight at each place of a scale, ``(H, W)``."""
    y, x = ((torch.arange(size) + 0.5) / size for size in (height, width))
    rows = torch.ones(height)
    if mask.top > 0:
        rows = rows * _border((y - mask.top) / mask.fade)
    if mask.bottom < 1:
        rows = rows * _border((mask.bottom - y) / mask.fade)
    across, down = ((at - centre) / radius for at, centre, radius in zip((x, y), FACE_CENTRE, FACE_RADII, strict=True))
    away = torch.hypot(*torch.meshgrid(down, across, indexing="ij"))
    return rows[:, None] * torch.lerp(
        torch.tensor(mask.face), torch.tensor(mask.around), _border((away - 1) / FACE_FADE)
    )


def _border(x: Tensor) -> Tensor:
    """From 0 at -0.5 to 1 at 0.5, smoothly."""
    return smooth_step(x, -0.5, 0.5)
