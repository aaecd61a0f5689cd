"""Which own slider stands where on the page: a page's components are fixed, what they show is not."""

from __future__ import annotations

from collections.abc import Iterable

from app.editor import Editor
from attributes import FOUND, YOUR_OWN, Slider

OWN_GROUPS = (YOUR_OWN, FOUND)
ROOM = 12
"""Own sliders of each group for which the page has room; the command line knows all."""


def own_rows(editor: Editor) -> list[Slider | None]:
    """The slider in each place, :data:`ROOM` for each group; ``None`` for empty ones."""
    rows: list[Slider | None] = []
    for group in OWN_GROUPS:
        members = [direction.slider for direction in editor.own if direction.slider.group == group][:ROOM]
        rows += [*members, *[None] * (ROOM - len(members))]
    return rows


def row_names(rows: Iterable[Slider | None]) -> list[str | None]:
    """The name of the slider in each place."""
    return [slider.name if slider else None for slider in rows]
