"""What commands say: results on stdout, for people or as JSON; notes, errors and progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from tqdm import tqdm

if TYPE_CHECKING:
    from pathlib import Path

    from faces import Photo

Thing = TypeVar("Thing")


def tell(text: str) -> None:
    """A line for people, above the progress bar if there is one."""
    tqdm.write(text, file=sys.stdout)


def note(text: str) -> None:
    """A line that is no result."""
    tqdm.write(f"note: {text}", file=sys.stderr)


def error(text: str) -> None:
    """What went wrong with one of several things; the others go on."""
    tqdm.write(f"error: {text}", file=sys.stderr)


def tell_json(document: dict[str, Any]) -> None:
    """A command's whole result as one document."""
    print(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False))


def progress(things: Iterable[Thing], total: int, what: str) -> Iterator[Thing]:
    """The things one by one, with a bar on stderr that shows how many are done, where a person sees it."""
    return iter(tqdm(things, what, total, leave=False, disable=None, file=sys.stderr))


def note_depth(photo: Photo) -> None:
    """Say so where a photo loses depth."""
    from app.messages import REDUCED

    if photo.reduced:
        note(f"{photo.name}: {REDUCED}")


def note_little(name: str, value: float, photo: Path | None = None) -> None:
    """Say so where a slider does little on a face; of which photo, where there are several."""
    from app.messages import DOES_LITTLE

    note(f"{'' if photo is None else f'{photo}: '}{name} {value:+g} {DOES_LITTLE}")
