"""Putting a blend of two faces back into the first one's photo: who is seen, and whose fine detail."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from faces.compositing.guided import apply_affine, local_affine

TURN = (0.3, 0.7)
"""Ratios between which fine detail goes over from the first face to the second. Both at once, each at half of its
strength, would be a double exposure."""

SHADE = 0.2
"""Ratio up to which what the first person covered is only shaded over, and not yet filled in."""
OUTLINE = 3 / 128
"""How far around a person something of it still shows, such as single hairs, in sides of the square."""


@dataclass(frozen=True)
class Person:
    """One of the two people."""

    photo: Tensor
    """``(1, 3, N, N)`` in [0, 1]: the face's square, cut from its photo."""

    decoded: Tensor
    """``(1, 3, S, S)`` in [0, 1]: the same as the model sees it."""

    matte: Tensor
    """``(1, 1, S, S)`` in [0, 1]: how much of each place is the person."""


def blended(
    first: Person, second: Person, mixed: Tensor, mixed_matte: Tensor, ratio: float, *, lock_background: bool = True
) -> Tensor:
    """What a blend adds to the first photo's square.

    The model's blend is written twice as a local affine function of colour (:mod:`faces.compositing.guided`): of the
    first photo's colours and of the second's, so that each has its own edges and as much of its own detail as the
    blend shows.

    Args:
        first: whose photo it is.
        second: the other.
        mixed: ``(1, 3, S, S)`` in [0, 1], the model's blend.
        mixed_matte: ``(1, 1, S, S)``, the person in it.
        ratio: from 0, the first face, to 1, the second.
        lock_background: whether the first photo's background stays; where the first person covered it and the blend
            does not, it is filled in from around.

    Returns:
        ``(1, 3, N, N)``.
    """
    change, uncovered = mixed - first.decoded, torch.zeros_like(mixed_matte)
    if lock_background:
        outline = max(1, round(OUTLINE * mixed.shape[-1]))
        covered = functional.max_pool2d(first.matte, 4 * outline + 1, 1, 2 * outline)  # half of it for the blur
        covered = functional.avg_pool2d(covered, 2 * outline + 1, 1, outline, count_include_pad=False)
        uncovered = (covered - mixed_matte).clamp_min(0.0) * min(ratio / SHADE, 1.0)
        change = change * torch.maximum(covered, mixed_matte)
        change = change + uncovered * (fill(first.decoded, 1.0 - covered) - mixed)
    wanted = first.decoded + change
    by_first, by_second = (_brought(person, wanted) for person in (first, second))
    # What is filled in has no detail: the first person's hair would shine through.
    by_first = by_first.lerp(_enlarged(wanted[0], first), _enlarged(uncovered[0], first))
    turned = torch.tensor((ratio - TURN[0]) / (TURN[1] - TURN[0])).clamp(0.0, 1.0)
    share = turned * turned * (3.0 - 2.0 * turned)
    if lock_background:
        share = share * _enlarged((second.matte * mixed_matte)[0], second)
    return by_first.lerp(by_second, share) - first.photo


def _brought(person: Person, wanted: Tensor) -> Tensor:
    """A picture ``(1, 3, S, S)`` at a photo's size, with as much of its edges and detail as the picture shows."""
    field = local_affine(person.decoded[0], (wanted - person.decoded)[0])
    return person.photo + apply_affine(_enlarged(field, person), person.photo[0])


def fill(picture: Tensor, known: Tensor) -> Tensor:
    """A picture whose unknown places are filled in smoothly from around: push-pull (Gortler et al. 1996, The Lumigraph,
    doi 10.1145/237170.237200).

    Args:
        picture: ``(B, C, S, S)``.
        known: ``(B, 1, S, S)`` in [0, 1], how far each place is known.
    """
    if picture.shape[-1] < 2 or picture.shape[-2] < 2:
        return picture
    weight = known.clamp(1e-6, 1.0)
    both = functional.avg_pool2d(torch.cat([picture * weight, weight], dim=1), 2, ceil_mode=True)
    coarse, coarse_known = both[:, :-1] / both[:, -1:], (4.0 * both[:, -1:]).clamp(0.0, 1.0)
    around = fill(coarse, coarse_known)
    around = functional.interpolate(around, picture.shape[-2:], mode="bilinear", align_corners=False)
    return around.lerp(picture, weight)


def _enlarged(x: Tensor, person: Person) -> Tensor:
    """``(C, S, S)`` at the size of a photo."""
    return functional.interpolate(x[None], person.photo.shape[-2:], mode="bilinear", align_corners=False)[0]
