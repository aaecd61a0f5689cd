"""The two photos that a visit blends, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.editor import Editor
from app.portraits.portrait import Portrait
from app.series.blending import blend_apart
from app.series.frames import small
from app.session import Session
from faces import Photo


@dataclass
class Side:
    """One of the two photos, with its faces."""

    session: Session
    marks: list[tuple[float, float]] = field(default_factory=list)
    """Points of a face that is being marked by hand, in the photo's pixels."""

    photo: str | None = None
    """The file that the photo's field shows."""

    cleared: str | None = None
    """The one that it showed before it was cleared."""

    def clear(self) -> None:
        """Forget the photo."""
        self.cleared = self.photo or self.cleared
        self.session, self.marks, self.photo = Session(self.session.editor), [], None


@dataclass(frozen=True)
class How:
    """How two faces are blended."""

    ratio: float = 0.5
    """From 0, the first face, to 1, the second."""

    apart: bool = False
    """Whether colours have a ratio of their own."""

    colours: float = 0.5
    """That ratio."""

    frame: int = 0
    """Whose photo is kept around the face: 0 for the first's, 1 for the second's."""

    lock_background: bool = True
    close_up: bool = True
    """Whether the face is shown, or the whole photo."""


class Blending:
    """What a visit has open in the tab "Blend".

    Args:
        editor: the shared editor of the model to begin with.
    """

    def __init__(self, editor: Editor) -> None:
        self.sides = (Side(Session(editor)), Side(Session(editor)))
        self.how = How()
        self.in_strip: Any = None  # what the strip on the page shows

    def use(self, editor: Editor) -> None:
        """Go on with another model."""
        for side in self.sides:
            side.session.use(editor)

    @property
    def ready(self) -> bool:
        """Whether there are two faces."""
        return all(side.session.ready for side in self.sides)

    @property
    def name(self) -> str:
        """The name of the photo that is kept around the face, without its ending."""
        photo = self.sides[self.how.frame].session.photo
        return "blend" if photo is None else photo.name.rsplit(".", 1)[0]

    def pictures(self, ratios: Sequence[float], long_side: int | None = None) -> Iterator[Photo]:
        """The blends at some ratios: at the photo's own size, or on a screen of ``long_side`` pixels.

        Both faces must be there. What is changed while the pictures are made does not change them.
        """
        how, editor = self.how, self.sides[0].session.editor
        first, second = (side.session.portrait for side in self.sides)
        kept, other = (first, second) if how.frame == 0 else (second, first)
        if long_side is not None:
            kept = small(kept, face=how.close_up, long_side=long_side)
        return _blends(editor, (kept, other), how, ratios)

    @property
    def looks(self) -> tuple[Any, ...]:
        """What the blends at all ratios depend on."""
        how = replace(self.how, ratio=0.0)
        return how, *(side.session.portrait for side in self.sides if side.session.ready)


def _blends(editor: Editor, faces: tuple[Portrait, Portrait], how: How, ratios: Sequence[float]) -> Iterator[Photo]:
    for ratio in ratios:
        shape, colours = ratio, how.colours if how.apart else ratio
        if how.frame == 1:
            shape, colours = 1 - shape, 1 - colours
        yield blend_apart(editor, *faces, shape, colours, lock_background=how.lock_background)
