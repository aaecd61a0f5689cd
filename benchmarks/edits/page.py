"""The figures as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.edits import EDITS, Edit
from benchmarks.edits.figures import AGES, Figures, Key, figures, years_by_age
from benchmarks.edits.rows import Row

_HELD_OUT = (
    "| edit | faces that lacked it | seen | leakage | share of `mean`'s | `mean`'s |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
)
_OUTSIDE = (
    "| edit | faces | years | gender | mouth | lips | eyes | identity | under 0.6 | found | blown up |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)

_YEARS = (
    "| years, of faces seen before as | "
    + " | ".join(
        [f"under {AGES[0]}", *(f"{low} to {high - 1}" for low, high in pairwise(AGES)), f"{AGES[-1]} and more"]
    )
    + " |",
    "| --- |" + " ---: |" * (len(AGES) + 1),
)


def tables(rows: Mapping[Key, Row], labels: Mapping[str, np.ndarray]) -> str:
    """All tables in Markdown, a line for each edit; arguments as of :func:`benchmarks.edits.figures.figures`."""
    found = [(edit, got) for edit in EDITS if (got := figures(rows, edit, labels))]
    held_out_lines = [_held_out_line(edit, got) for edit, got in found if got.held_out]
    outside = [_outside_line(edit, got) for edit, got in found]
    parts = [[*_HELD_OUT, *held_out_lines]] if held_out_lines else []
    ages = [_years_line(edit, rows) for edit, _ in found if edit.label == "Young"]
    parts += [[*_OUTSIDE, *outside], *([[*_YEARS, *ages]] if ages else [])]
    text = "\n\n".join(map("\n".join, parts))
    return text.replace("+nan", "–").replace("nan%", "–").replace("nan", "–")


def _held_out_line(edit: Edit, got: Figures) -> str:
    seen = got.held_out
    assert seen is not None
    share = seen.leakage / seen.mean_leakage if seen.mean_leakage else float("nan")
    return _line(
        edit, seen.lacked, f"{seen.seen:.0%}", f"{seen.leakage:.3f}", f"{share:.0%}",
        f"{seen.mean_leakage:.3f} at {seen.mean_seen:.0%}",
    )  # fmt: skip


def _outside_line(edit: Edit, got: Figures) -> str:
    return _line(
        edit, got.faces, f"{got.years:+.1f}", f"{got.gender:.0%}", f"{got.mouth:+.3f}", f"{got.lips:+.3f}",
        f"{got.eyes:+.3f}", f"{got.identity:.3f}", f"{got.same:.1%}", f"{got.found:.1%}", f"{got.blown:+.1f}",
    )  # fmt: skip


def _years_line(edit: Edit, rows: Mapping[Key, Row]) -> str:
    return _line(edit, *(f"{years:+.1f} of {count}" for count, years in years_by_age(rows, edit)))


def _line(edit: Edit, *cells: object) -> str:
    name = f"{edit.label} {'+' if edit.side > 0 else '−'}"
    return "| " + " | ".join(map(str, (name, *cells))) + " |"


def page(text: str, command: str, pictures: int, left_out: Sequence[str], held_out: str | None) -> str:
    """The section of the page: what was measured, how, and the tables."""
    lines = [
        f"{pictures} validation faces of the half that nothing was tuned on, opened, edited with one slider at 1 or "
        "−1 and put back as the app does it. `benchmarks/edits/__init__.py` says what each column means; the networks "
        "are in `benchmarks/edits/outside.py`. Mouth, lips and eyes are in distances between the eyes; for Male, "
        "*gender* is of the faces whose gender was the other one.",
    ]
    if held_out:
        lines[0] += f" The held-out classifier is `{held_out}`."
    if left_out:
        lines[0] += f" No face was found in {len(left_out)} more: {', '.join(left_out)}."
    return "\n\n".join([*lines, f"Command: `{command}`", text])
