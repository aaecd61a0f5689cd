"""What was seen in each face before and after each edit, kept as lines of JSON so that a run can go on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from glow import Checkpoint

ROOT = Path(__file__).parent.parent.parent
BEFORE = "before"
"""What stands for an edit's name in the row of a face that was not edited."""
_ROOMS = ("glow", "faces", "attributes", "app")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One face, before or after one edit; see :mod:`benchmarks.edits` for what the words mean."""

    face: str
    """Its picture's name, without the ending."""

    edit: str
    """The edit's name, or :data:`BEFORE`."""

    age: float
    male: float
    mouth: float
    lips: float
    eyes: float
    """As :class:`benchmarks.edits.outside.Outside` has them."""

    identity: float
    """The distance from the face before."""

    found: bool
    """Whether the detector finds it where it was."""

    ends: float
    """The share of the photo's pixels with a channel at its end."""

    witness: list[float] | None = None
    """The 40 probabilities of the held-out classifier; None without one. Files have always called it so."""

    mean: list[list[float] | None] | None = None
    """The same for the plain mean difference at each of its lengths, None for a broken face; None if not looked at."""


class Rows:
    """A file of rows, to which finished ones are added at once.

    A run that is killed leaves at most half a line, which is not read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[tuple[str, str], Row] = {}
        text = path.read_text() if path.exists() else ""
        lines = text.split("\n")
        for line in lines[:-1]:  # the last one is empty, or was not finished
            row = Row(**json.loads(line))
            self.found[row.face, row.edit] = row
        if lines[-1]:
            path.write_text("".join(line + "\n" for line in lines[:-1]))

    def add(self, row: Row) -> None:
        """Keep a row, in the place of an older one of the same face and edit."""
        self.found[row.face, row.edit] = row
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(asdict(row)) + "\n")


def results_path(checkpoint: Checkpoint, files: tuple[Path, ...]) -> Path:
    """Where a run's rows lie: another place for another model, other files beside it, or other code of the app.

    Args:
        checkpoint: the model.
        files: whatever else decides what is seen: directions, classifiers.
    """
    digest = hashlib.sha256(checkpoint.hash.encode())
    code = sorted(path for room in _ROOMS for path in (ROOT / room).rglob("*.py") if "ui" not in path.parts)
    for path in (*files, *code):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return ROOT / "runs" / f"edits-{digest.hexdigest()[:12]}.jsonl"
