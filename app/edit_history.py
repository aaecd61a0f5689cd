"""What is open and what has been done to its faces, and the steps back and forward through it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.open_photo import OpenPhoto
from app.portraits.area import Stroke

MAX_UNDO = 200

UNDO_MERGE_SECONDS = 2.0
"""Seconds after which the same slider's next move is another step for undo."""

MAX_PHOTOS = 4
"""Photos to which undo leads back, the one that is open among them: each may take hundreds of megabytes."""


@dataclass(frozen=True)
class EditState:
    """A moment of the work, as undo keeps it."""

    opened: OpenPhoto | None = None
    """The photo that is open; values of before there is one wait for it."""

    chosen: int = 0
    """The face that the sliders move."""

    values: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    """Slider values, other than 0, of each face that has any."""

    keep: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Names of the sliders whose attributes stay as they are, of each face that has any."""

    lock_background: bool = True
    """Whether what is not the person stays as it is."""

    area: tuple[Stroke, ...] = ()
    """Where the photo may change; without any, everywhere."""

    def with_values(self, values: Mapping[str, float]) -> EditState:
        """The same with these values of the chosen face's sliders, the others at 0."""
        moved = {name: value for name, value in values.items() if value}
        return replace(self, values={**self.values, self.chosen: moved})

    def with_keep(self, names: tuple[str, ...]) -> EditState:
        """The same with these kept fixed in the chosen face, and no others."""
        return replace(self, keep={**self.keep, self.chosen: names})

    def without_chosen(self) -> EditState:
        """The same without the chosen face; the one behind it is chosen, or the last."""
        if self.opened is None:
            return self
        index, opened = self.chosen, self.opened.without(self.chosen)
        values = {place - (place > index): moved for place, moved in self.values.items() if place != index}
        keep = {place - (place > index): names for place, names in self.keep.items() if place != index}
        chosen = max(0, min(index, len(opened.faces) - 1))
        return replace(self, opened=opened, chosen=chosen, values=values, keep=keep)


class History:
    """The edits as they are now, with undo and redo.

    Args:
        edits: to begin with.
    """

    def __init__(self, edits: EditState) -> None:
        self.now = edits
        self._undo: list[EditState] = []
        self._redo: list[EditState] = []
        self._dragged: str | None = None
        self._moved = 0.0

    def push(self, edits: EditState, slider: str | None = None) -> None:
        """Go on to other edits.

        Args:
            edits: as they are from now on.
            slider: the one that alone has moved, if it is so: further moves of it, without a pause, are the same step
                for undo, as one drag sends many of them.
        """
        now = time.monotonic()
        if slider is None or slider != self._dragged or now - self._moved > UNDO_MERGE_SECONDS:
            self._undo = _trimmed([*self._undo, self.now], edits)
            self._redo = []
        self.now, self._dragged, self._moved = edits, slider, now

    def end_drag(self) -> None:
        """The next move of a slider is a step of its own."""
        self._dragged = None

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to take again."""
        return bool(self._redo)

    def undo(self) -> bool:
        """One step back; whether there was one."""
        if not self._undo:
            return False
        self._redo.append(self.now)
        self.now, self._dragged = self._undo.pop(), None
        return True

    def redo(self) -> bool:
        """One step forward again; whether there was one."""
        if not self._redo:
            return False
        self._undo.append(self.now)
        self.now, self._dragged = self._redo.pop(), None
        return True


def _trimmed(steps: list[EditState], now: EditState) -> list[EditState]:
    """The last steps that undo keeps."""
    steps, photos = steps[-MAX_UNDO:], set()
    for place in range(len(steps), -1, -1):
        opened = now.opened if place == len(steps) else steps[place].opened
        photos |= set() if opened is None else {id(opened.photo)}
        if len(photos) > MAX_PHOTOS:
            return steps[place + 1 :]
    return steps
