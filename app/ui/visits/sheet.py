"""The sheet of drawn faces that a visit has open."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.editor import Editor
from app.portraits.portrait import Portrait
from app.series.drawing import Drawing

COUNT = 16
"""Faces on a sheet."""

MAX_EARLIER = 50
"""Earlier sheets that are remembered; only how they were drawn is kept."""


@dataclass
class Sheet:
    """Drawn faces, and the way back to those before."""

    drawing: Drawing | None = None
    """What they were drawn by; None before the first."""

    faces: list[Portrait] = field(default_factory=list)
    chosen: int | None = None
    """The face that was clicked."""

    earlier: list[Drawing] = field(default_factory=list)

    def draw(self, editor: Editor, drawing: Drawing) -> None:
        """Draw other faces; of some that are like a face, that one is chosen.

        Raises:
            InvalidValueError: they cannot be drawn; all stays as it was.
        """
        faces = drawing.faces(editor, COUNT)
        before = self.drawing
        if before is not None and (before.seed, before.like) != (drawing.seed, drawing.like):  # not by a drag
            self.earlier = [*self.earlier, before][-MAX_EARLIER:]
        self._show(drawing, faces)

    def back(self, editor: Editor) -> None:
        """The sheet before this one again."""
        drawing = self.earlier[-1]
        self._show(drawing, drawing.faces(editor, COUNT))
        self.earlier = self.earlier[:-1]

    def _show(self, drawing: Drawing, faces: list[Portrait]) -> None:
        self.drawing, self.faces = drawing, faces
        self.chosen = None if drawing.like is None else 0

    @property
    def face(self) -> Portrait | None:
        """The face that was clicked."""
        return None if self.chosen is None else self.faces[self.chosen]
