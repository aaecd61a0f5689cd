"""What is asked of a face, checked: the one place where slider names, values and what is kept fixed are looked at."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real

from attributes.sliders.errors import DirectionsError
from attributes.sliders.slider import Slider
from data.labels import LABELS
from storage.assets import called


@dataclass(frozen=True)
class Moves:
    """Values for some sliders, and what stays as it is meanwhile; made by :meth:`checked` or :meth:`known`."""

    values: Mapping[str, float]
    """A value per slider name, within the slider's range; 0 moves nothing."""

    keep: tuple[str, ...] = field(default=())
    """Names of the sliders whose attributes are kept fixed, each once."""

    @staticmethod
    def checked(sliders: Iterable[Slider], values: Mapping[str, float], keep: Iterable[str] = ()) -> Moves:
        """Moves of ``sliders``. What lies beyond the end of a slider's range counts as the end.

        Args:
            sliders: all that there are.
            values: a number per slider name.
            keep: names of sliders whose attributes shall stay as they are.

        Raises:
            DirectionsError: a name is no slider's, or a value is not a finite number.
        """
        by_name, kept = {slider.name: slider for slider in sliders}, tuple(dict.fromkeys(keep))
        check_names((*values, *kept), tuple(by_name))
        for name, value in values.items():
            if not isinstance(value, Real) or not math.isfinite(value):
                raise DirectionsError(f"the value of {name} is {value!r}; it must be a finite number.")
        return Moves({name: by_name[name].within(value) for name, value in values.items()}, kept)

    @staticmethod
    def known(sliders: Sequence[Slider], values: Mapping[str, float], keep: Iterable[str] = ()) -> Moves:
        """As :meth:`checked`, without what names none of the sliders: of edits that another model may have made."""
        names = {slider.name for slider in sliders}
        known = {name: value for name, value in values.items() if name in names}
        return Moves.checked(sliders, known, (name for name in keep if name in names))

    @property
    def sides(self) -> list[tuple[str, int]]:
        """The sliders that move, each with 1 where its value is above 0, or -1 where it is below."""
        return [(name, 1 if value > 0 else -1) for name, value in self.values.items() if value]


def check_names(asked: Iterable[str], names: Sequence[str], *, by: str | None = None) -> None:
    """Refuse what names no slider.

    Args:
        asked: the names to check.
        names: those that there are.
        by: what names them, such as "the recipe 'Party'"; by default, somebody asks for them.

    Raises:
        DirectionsError: one of them is no slider's; the message says which are near.
    """
    for name in asked:
        if name not in names:
            told = f"{name!r} was asked for" if by is None else f"{by} names {name!r}"
            raise DirectionsError(f"{told}, {no_slider(name, names)}")


def full_name(name: str, names: Sequence[str]) -> str:
    """The slider's name as it is written, for one in other capitals or as people see it; ``name`` itself if it is
    none's."""
    if name in names:
        return name
    known = {label.title.casefold(): label.name for label in LABELS if label.sign > 0}
    return (known | {slider.casefold(): slider for slider in names}).get(name.casefold(), name)


def no_slider(name: str, names: Sequence[str]) -> str:
    """What to say of a name that no slider has, with those that are near, by their names or by what people see."""
    seen = {label.title.casefold(): label for label in LABELS if label.name in names}
    near = []
    for word in difflib.get_close_matches(name.replace("_", " ").casefold(), seen, n=1, cutoff=0.8):
        label = seen[word]
        near.append(f"{label.name} (-1 is more of it)" if label.sign < 0 else label.name)
    near += [other for other in difflib.get_close_matches(name, names, n=3) if not any(other in said for said in near)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"`{called('app labels')}` lists all."
    return f"and there is no such slider; {hint}"
