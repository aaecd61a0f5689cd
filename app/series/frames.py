"""One face at many values of its sliders, and the way from one face to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from app.editor import Editor
from app.portraits.portrait import Portrait
from app.portraits.view import View, on_screen
from app.series.blending import blend_apart
from faces import Photo

STRIP_PICTURES = 7
"""Pictures in a strip of variations."""

LONG_SIDE = 1024
"""Longest side of a picture of many, in pixels."""


def small(portrait: Portrait, *, face: bool, long_side: int = LONG_SIDE) -> Portrait:
    """The portrait in a photo of at most ``long_side`` pixels, in a screen's colours: its face's surroundings, or all
    of it. A drawn face is all of its picture."""
    whole = portrait.drawn or not face
    view = View.whole(portrait.photo, long_side) if whole else View.face(portrait.photo, portrait.alignment, long_side)
    seen = portrait.seen(view)
    return replace(seen, photo=on_screen(seen.photo))


def linspace(low: float, high: float, count: int = STRIP_PICTURES) -> list[float]:
    """``count`` values from ``low`` to ``high``, at equal distances; the middle alone where there is one."""
    return np.linspace(low, high, count).tolist() if count > 1 else [(low + high) / 2]


def sweep(
    editor: Editor,
    portrait: Portrait,
    name: str,
    amounts: Sequence[float],
    *,
    values: Mapping[str, float] | None = None,
    keep: Iterable[str] = (),
    lock_background: bool = True,
) -> Iterator[Photo]:
    """A face's photo at each of a slider's values.

    Args:
        editor: moves the face.
        portrait: the face.
        name: the slider.
        amounts: its values, as :meth:`Editor.edit` takes them.
        values: of the other sliders, the same in all pictures.
        keep: sliders whose attributes stay as they are.
        lock_background: whether what is not the person stays as it is.

    Raises:
        DirectionsError: a name is no slider, or a value is not a finite number.
    """
    kept = tuple(keep)
    for amount in amounts:
        moves = {**(values or {}), name: amount}
        yield editor.edit(portrait, moves, kept, lock_background=lock_background)


def grid(
    editor: Editor,
    portrait: Portrait,
    across: tuple[str, Sequence[float]],
    down: tuple[str, Sequence[float]],
    *,
    values: Mapping[str, float] | None = None,
    keep: Iterable[str] = (),
    lock_background: bool = True,
) -> Iterator[Photo]:
    """A face's photo at each pair of values of two sliders, row by row.

    Args:
        editor: moves the face.
        portrait: the face.
        across: a slider, and its values from left to right.
        down: another, and its values from top to bottom.
        values: of the other sliders, the same in all pictures.
        keep: sliders whose attributes stay as they are.
        lock_background: whether what is not the person stays as it is.

    Raises:
        DirectionsError: a name is no slider, or a value is not a finite number.
    """
    name, amounts = down
    for amount in amounts:
        moves = {**(values or {}), name: amount}
        yield from sweep(editor, portrait, *across, values=moves, keep=keep, lock_background=lock_background)


def blends(
    editor: Editor,
    first: Portrait,
    second: Portrait,
    ratios: Sequence[float],
    *,
    shape: float | None = None,
    colours: float | None = None,
    lock_background: bool = True,
) -> Iterator[Photo]:
    """The blends of two faces at each ratio, in the first one's photo.

    Args:
        editor: mixes the faces.
        first: whose photo is kept around the face.
        second: the other face.
        ratios: from 0, the first face, to 1, the second.
        shape: whose shape all have, as a ratio; None goes with the ratios.
        colours: whose colours, likewise (:func:`app.series.blending.blend_apart`).
        lock_background: whether the first photo's background stays.

    Raises:
        InvalidValueError: a ratio is not from 0 to 1.
    """
    for ratio in ratios:
        apart = ratio if shape is None else shape, ratio if colours is None else colours
        yield blend_apart(editor, first, second, *apart, lock_background=lock_background)
