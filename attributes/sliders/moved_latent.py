"""A latent that remembers where it came from, so that moves add up exactly and can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from attributes.sliders.slider import Reach
from glow.latent import Latent

Reaches: TypeAlias = Mapping[tuple[str, int], Reach]
"""How far sliders go on some faces, by the slider's name and its side: 1 for values above 0, -1 for those
below. Sliders that are not named go as far as on any face. Each was found with what is kept fixed on that face."""

Moving: TypeAlias = tuple[str, frozenset[str]]
"""A slider's name, and the names of what is kept fixed while it moves."""


@dataclass(frozen=True, repr=False, eq=False)
class MovedLatent(Latent):
    """A latent with the one that it was moved from, and the sum of all moves since.

    Floating point forgets: ``(z + d) - d`` is not z. So a second move starts at the origin again, with both moves'
    values summed as fractions, without rounding. In whatever order moves are made, they lead to the same numbers,
    and moves that sum to 0 lead to the very origin.
    """

    origin: Latent
    """The latent before all moves."""

    sums: Mapping[Moving, Fraction]
    """The sum of values for each slider; none is 0."""

    by: object
    """The directions that made the moves; those of others start from here, not from the origin."""

    reaches: Reaches
    """How far the sliders went on these faces, where that was found."""


def history(latent: Latent, by: object) -> tuple[Latent, dict[Moving, Fraction], Reaches]:
    """Where ``latent`` was before ``by`` moved it, the sum of moves since, and the reaches of sliders there."""
    if isinstance(latent, MovedLatent) and latent.by is by:
        return latent.origin, dict(latent.sums), latent.reaches
    return latent, {}, {}


def add_moves(
    sums: Mapping[Moving, Fraction], values: Mapping[str, float], keep: frozenset[str]
) -> dict[Moving, Fraction]:
    """``sums`` and the moves by ``values``, without those that sum to 0."""
    total = dict(sums)
    for name, value in values.items():
        moving = (name, keep - {name})
        total[moving] = total.get(moving, Fraction(0)) + Fraction(value)
    return {moving: value for moving, value in total.items() if value}
