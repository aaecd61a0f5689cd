"""The figures as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from benchmarks.pasting import EDITS
from benchmarks.pasting.examples import Array, Example
from benchmarks.pasting.ways import WAYS, Case, guided
from faces import crop_float, paste
from faces.compositing.fade import feather_mask

AS_IT_WAS = "as it was"
OLD_FEATHER = 0.18
"""The fade of that time, in sides."""

Numbers = Sequence[tuple[float, float]]


def put_back(example: Example, way: str) -> Array:
    """The photo with the edit, uint8 ``(H, W, 3)``."""
    change = example.after - example.before
    if way == AS_IT_WAS:
        faded = change * feather_mask(len(change), OLD_FEATHER)[..., None]
        return paste(example.pixels, example.alignment, faded)
    change = change * example.ours[..., None]
    if WAYS[way] is guided:  # as the app does it
        return paste(example.pixels, example.alignment, change, example.before)
    side = round(example.alignment.size)
    photo, before, moved = (
        torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)))
        for x in (crop_float(example.pixels, example.alignment, side), example.before, change)
    )
    return paste(example.pixels, example.alignment, WAYS[way](Case(photo, before, moved)).permute(1, 2, 0).numpy())


def tables(found: Mapping[tuple[str, str, str, str], Numbers]) -> str:
    """A table for each figure and kind of photo, in Markdown: a line for each edit, a column for each way."""
    ways = (AS_IT_WAS, *WAYS)
    parts = []
    for photos in dict.fromkeys(key[1] for key in found if key[0] == "background"):
        count = max(len(numbers) for key, numbers in found.items() if key[:2] == ("background", photos))
        for figure, unit in (("background", "levels"), ("person", "levels"), ("sharpness", "%"), ("seam", "%")):
            lines = [f"{figure.capitalize()}, {count} {photos}, in {unit}:", "", *_head("edit", ways)]
            for edit in EDITS:
                cells = [_cell(figure, found.get((figure, photos, edit.name, way), ())) for way in ways]
                lines.append(_line(f"{edit.title}", cells))
            parts.append("\n".join(lines))
    if count := len(found.get(("teeth", "before", "", ""), ())):
        cells = [f"{_mean(found['teeth', 'photo', '', way]):.0%}" for way in ways]
        sides = [f"{_mean(found['teeth', what, '', '']):.0%}" for what in ("before", "model")]
        lines = [
            f"Teeth between the lips of {count} faces whose mouth is shut:",
            "",
            *_head("before", ("model", *ways)),
        ]
        parts.append("\n".join([*lines, _line(sides[0], [sides[1], *cells])]))
    return "\n\n".join(parts)


def _head(first: str, columns: Sequence[str]) -> list[str]:
    return [_line(first, columns), _line("---", ["---:"] * len(columns))]


def _line(first: str, cells: Sequence[str]) -> str:
    return "| " + " | ".join((first, *cells)) + " |"


def _mean(numbers: Numbers) -> float:
    return float(np.nanmean([value for value, _ in numbers]))


def _cell(figure: str, numbers: Numbers) -> str:
    if figure in ("background", "person"):
        return f"{_mean(numbers):.2f}" if numbers else "–"
    before, after = np.array(numbers).sum(0) if numbers else (0.0, 0.0)
    if before <= 0:
        return "–"
    return f"{np.sqrt(after / before) if figure == 'sharpness' else after / before:.0%}"
