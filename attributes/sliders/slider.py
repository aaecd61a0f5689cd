"""What a slider is, and the direction in latent space that it goes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from attributes.sliders.oddness import NATURAL
from attributes.sliders.slider_mask import EVERYWHERE, SliderMask
from data.labels import LABEL_NAMES, LABELS, Label
from glow.latent import Latent
from storage.values import InvalidValueError, boolean, caption, number, table

PLAIN = 5.0
"""Log odds at which an attribute is so plain that no stronger edit is called for. Where the classifier just comes to
see a smile, people see hardly any, and another classifier none in nearly half of the faces."""

FURTHEST = 100.0
"""The end of the longest range that a slider may have."""


@dataclass(frozen=True, eq=False)
class Reach:
    """How far one side of a slider goes on each of B faces, in lengths of its vector; see :mod:`attributes.reach`."""

    one: Tensor
    """``(B,)`` float64, above 0: where a value of 1 (or -1) goes."""

    end: Tensor
    """``(B,)`` float64, at least :attr:`one`: where the end of the slider's range goes."""

    little: Tensor | None = None
    """``(B,)`` bool: where so little looks natural that hardly anything can be seen; None where that is not known."""

    vector: Tensor | None = None
    """``(B, D)``: the slider's vector on each of these faces, so that it need not be found again; None for what
    :meth:`attributes.directions.directions.Directions.along` says."""


@dataclass(frozen=True, kw_only=True)
class Companion:
    """What comes with a slider's change, as stubble with men: some of another label's vector.

    Raises:
        InvalidValueError: there is no such label, or a number is out of its range.
    """

    name: str
    """The other label's name."""

    side: int
    """The side of the slider that it comes with, 1 or -1."""

    share: float
    """How many lengths of the other label's vector come with each of the slider's own, from -2 to 2; below 0 the other
    label goes."""

    def __post_init__(self) -> None:
        if self.name not in LABEL_NAMES:
            raise InvalidValueError(f"a slider's companion is {self.name!r}; it must be a label.")
        if self.side not in (1, -1):
            raise InvalidValueError(f"the side of {self.name} as a companion is {self.side!r}; it must be 1 or -1.")
        number(f"the share of {self.name} as a companion", self.share, -2, 2)


@dataclass(frozen=True, kw_only=True)
class Slider:
    """One slider: its names, how far its values go, and where they end.

    Raises:
        InvalidValueError: a name cannot be shown, or a number is not finite or out of its range.
    """

    name: str
    """What the command line and Python call it: for a label, CelebA's name."""

    title: str
    """What people see."""

    group: str
    """Under what it is shown: one of :data:`attributes.GROUPS`, or a group of its own."""

    sign: int = 1
    """-1 where what is shown is the opposite of the name: the shown value is this times the value."""

    up: float = 1.0
    """How many lengths of its vector a value of 1 goes; above 0."""

    down: float = 1.0
    """How many lengths of its vector, backwards, a value of -1 goes; above 0."""

    low: float = -2.0
    """The lowest value that is of use, below 0; what lies beyond counts as it. That of a label's slider comes from the
    file of directions, where calibration has put it (``LABEL_RANGE_END`` of :mod:`attributes.making.calibrate`)."""

    high: float = 2.0
    """The highest value that is of use, above 0; likewise, and from there too."""

    natural_up: float = NATURAL
    """Oddness (:mod:`attributes.sliders.oddness`) up to which a face counts as natural on its way to values above 0,"""

    natural_down: float = NATURAL
    """and to those below 0."""

    natural_turned_up: float = 1.0
    """The share of that oddness that a head bears which is turned far to a side, on its way to values above 0,"""

    natural_turned_down: float = 1.0
    """and to those below 0."""

    plain: float = PLAIN
    """Log odds to the classifier at which a face needs no more of it."""

    all_or_nothing: bool = False
    """Whether half of what it brings looks wrong, as of a pair of glasses: a face that does not come to show it plainly
    is left as it is."""

    mask: SliderMask = EVERYWHERE
    """Where in the latent and in the picture it acts,"""

    mask_down: SliderMask | None = None
    """and where for values below 0; None: there too."""

    companions: tuple[Companion, ...] = ()
    """What comes with its change; it acts where both this slider and the companion's own do."""

    hidden_by: tuple[str, ...] = ()
    """Labels of what hides that which it changes, as a hat hides hair, or leaves none of it: a face that shows one is
    left as it is."""

    only_on: tuple[str, ...] = ()
    """Labels of all that a face must show, as it is before any edit, to get what the slider brings: on women, beards
    are smears. A face that does not is left as it is on the side that brings it."""

    rough: bool = False
    """Whether few faces come to show the attribute in a natural way: a slider to be offered last, and as such."""

    def __post_init__(self) -> None:
        for name in ("name", "title", "group"):
            caption(f"a slider's {name}", getattr(self, name))
        if self.sign not in (1, -1):
            raise InvalidValueError(f"the sign of {self.name} is {self.sign!r}; it must be 1 or -1.")
        for name in ("up", "down", "natural_up", "natural_down"):
            number(f"{name} of {self.name}", getattr(self, name), 1e-6, 1e6)
        for name in ("natural_turned_up", "natural_turned_down"):
            number(f"{name} of {self.name}", getattr(self, name), 1e-6, 1)
        boolean(f"rough of {self.name}", self.rough)
        boolean(f"all_or_nothing of {self.name}", self.all_or_nothing)
        for name in ("hidden_by", "only_on"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # JSON has lists
            if unknown := {*getattr(self, name)} - {*LABEL_NAMES}:
                raise InvalidValueError(f"{name} of {self.name} is {sorted(map(str, unknown))}; these must be labels.")
        number(f"plain of {self.name}", self.plain, -100, 100)
        number(f"low of {self.name}", self.low, -FURTHEST, -1e-6)
        number(f"high of {self.name}", self.high, 1e-6, FURTHEST)

    def within(self, value: float) -> float:
        """The value as moves take it: what lies beyond the end of the range counts as the end."""
        return min(max(value, self.low), self.high)

    def amount(self, value: float) -> float:
        """How many lengths of the vector a value goes."""
        return value * (self.up if value > 0 else self.down)

    def natural(self, side: int) -> float:
        """Oddness up to which a face counts as natural on a side, 1 or -1."""
        return self.natural_up if side > 0 else self.natural_down

    def natural_turned(self, side: int) -> float:
        """The share of that oddness that a head bears which is turned far, on a side, 1 or -1."""
        return self.natural_turned_up if side > 0 else self.natural_turned_down

    def acts(self, side: int) -> SliderMask:
        """Where in the latent it acts on a side, 1 or -1."""
        return self.mask if side > 0 or self.mask_down is None else self.mask_down

    def length(self, value: float, reach: Reach) -> Tensor:
        """How many lengths of its vector a value goes on faces on which the slider's reach is known, ``(B,)``.

        In straight lines from 0 to :attr:`Reach.one` at 1, and on to :attr:`Reach.end` at the end of the range; no
        further.
        """
        side, limit = (1, self.high) if value > 0 else (-1, -self.low)
        size = min(abs(value), max(limit, 1.0))
        if size <= 1:
            return side * size * reach.one
        return side * torch.lerp(reach.one, reach.end, (size - 1) / (limit - 1))

    @staticmethod
    def of_label(label: Label, **fields: Any) -> Slider:
        """The slider of one of CelebA's labels; ``fields`` are those that differ from the defaults."""
        return Slider(name=label.name, title=label.title, group=label.group, sign=label.sign, **fields)

    def measures(self) -> dict[str, Any]:
        """What was measured of a label's slider, for JSON; :meth:`of_measures` reads it."""
        return {name: value for name, value in asdict(self).items() if name in _MEASURES and value not in (None, ())}

    @staticmethod
    def of_measures(label: Label, given: Any) -> Slider:
        """The slider of one of CelebA's labels with what :meth:`measures` gave; what lacks is as by default.

        Raises:
            InvalidValueError: it is not what that gives.
        """
        fields = dict(table("a slider", given))
        companions = [table("a slider's companion", entry) for entry in fields.pop("companions", ())]
        masks = {name: table("a slider's mask", fields.pop(name)) for name in ("mask", "mask_down") if name in fields}
        of_masks = {name for mask in masks.values() for name in mask}
        of_companions = {name for companion in companions for name in companion}
        unknown = sorted(
            {*fields} - _MEASURES | of_masks - {*asdict(EVERYWHERE)} | of_companions - {"name", "side", "share"}
        )
        if unknown:
            raise InvalidValueError(f"its sliders have unknown fields {unknown}.")
        return Slider.of_label(
            label,
            companions=tuple(Companion(**entry) for entry in companions),
            **fields,
            **{name: SliderMask(**mask) for name, mask in masks.items()},
        )


_MEASURES = {
    "low", "high", "up", "down", "natural_up", "natural_down", "natural_turned_up", "natural_turned_down", "plain",
    "all_or_nothing", "mask", "mask_down", "companions", "hidden_by", "only_on", "rough",
}  # fmt: skip
"""Fields of a label's slider that a file of directions holds."""


@dataclass(frozen=True)
class Direction:
    """A slider with its vector, and where faces lie along it."""

    slider: Slider
    """How its values are read."""

    vector: Latent
    """The direction, a batch of one."""

    mean: float
    """The mean over faces z of ``<z, d>`` for the vector d."""

    deviation: float
    """The standard deviation of the same."""


LABEL_SLIDERS: tuple[Slider, ...] = tuple(Slider.of_label(label) for label in LABELS)
"""The sliders of the 40 labels, as they are before anything was measured."""
