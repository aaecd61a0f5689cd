"""The key and the grades, as CSV files without pictures, and what they say."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from benchmarks.edits import BY_NAME, EDITS
from benchmarks.grading import SETS, GradingError
from benchmarks.grading.drawing import Item

KEY = ("item", "set", "face", "label", "value", "seed")
GRADES = ("item", "keep")

Key = Mapping[int, Item]
"""The items by their numbers."""


def write_key(path: Path, items: Sequence[Item], seed: int) -> None:
    """Which item is of which set, face and edit."""
    edits = [BY_NAME[item.edit] for item in items]
    rows = [(i.number, i.of, i.face, e.label, e.side, seed) for i, e in zip(items, edits, strict=True)]
    _write(path, [KEY, *rows])


def write_empty_grades(path: Path, items: Sequence[Item]) -> None:
    """A line for each item, to be filled in."""
    _write(path, [GRADES, *((item.number, "") for item in items)])


def read_key(path: Path) -> Key:
    """The key that :func:`write_key` wrote.

    Raises:
        GradingError: it is no such file.
    """
    names = {(edit.label, str(edit.side)): edit.name for edit in EDITS}
    found: dict[int, Item] = {}
    for row in _rows(path, KEY):
        edit = names.get((row["label"], row["value"]))
        if edit is None or row["set"] not in SETS:
            raise GradingError(f"item {row['item']} of {path} is no edit that is graded; give the key of the sheets.")
        found[int(row["item"])] = Item(int(row["item"]), row["set"], row["face"], edit)
    return found


def read_grades(path: Path) -> dict[int, bool]:
    """Which items would be kept; those without a grade are left out.

    Raises:
        GradingError: it is no such file.
    """
    found: dict[int, bool] = {}
    for row in _rows(path, GRADES):
        item, keep = int(row["item"]), row["keep"].strip()
        if keep not in ("", "0", "1") or item in found:
            raise GradingError(f"item {item} of {path} has the grade {keep!r}; give each item one: 1, 0 or nothing.")
        if keep:
            found[item] = keep == "1"
    return found


def graded(key: Key, grades: Mapping[int, bool]) -> list[tuple[Item, bool]]:
    """The items that have a grade, and whether they would be kept.

    Raises:
        GradingError: an item that is graded is not in the key, or nothing is graded.
    """
    unknown = sorted(set(grades) - set(key))
    if unknown or not grades:
        what = f"the key has no item {unknown[0]}" if unknown else "nothing is graded"
        raise GradingError(f"{what}; give the key and the filled-in grades of the same sheets.")
    return [(key[item], keep) for item, keep in grades.items()]


def scores(key: Key, grades: Mapping[int, bool]) -> str:
    """A table with the share of each set that would be kept, for each edit and in all; errors as of :func:`graded`."""
    found = graded(key, grades)
    columns = {of: [(item.edit, keep) for item, keep in found if item.of == of] for of in SETS}
    lines = table(columns)
    if len(grades) < len(key):
        lines += ["", f"{len(key) - len(grades)} of {len(key)} items are not graded."]
    return "\n".join(lines)


def table(columns: Mapping[str, Sequence[tuple[str, bool]]]) -> list[str]:
    """The lines of a table of the shares that would be kept, for each edit and in all.

    Args:
        columns: for each title, edits' names and whether they would be kept.
    """

    def cell(column: Sequence[tuple[str, bool]], names: Collection[str]) -> str:
        kept = [keep for name, keep in column if name in names]
        return f"{sum(kept) / len(kept):.0%} of {len(kept)}" if kept else "–"

    there = {name for column in columns.values() for name, _ in column}
    named = [(edit.title, [edit.name]) for edit in EDITS if edit.name in there]
    lines = [f"| kept | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for title, names in [*named, ("**all**", list(BY_NAME))]:
        lines.append(f"| {title} | {' | '.join(cell(column, names) for column in columns.values())} |")
    return lines


def _write(path: Path, rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GradingError(f"{path} cannot be read as a CSV table ({error}); check the path.") from error
    for number, row in enumerate(rows, start=2):
        if tuple(row) != tuple(columns) or None in row.values() or not row["item"].isdigit():
            raise GradingError(f"line {number} of {path} does not have the columns {','.join(columns)}; mend it.")
    return rows
