"""``read``: what the classifier sees in a face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.moves import load_editor, open_face
from app.commands.options import CommandOptions, WhichFaceOption
from app.commands.telling import error, progress, tell, tell_json
from errors import GlowfaceError


@dataclass(frozen=True, kw_only=True)
class ReadOptions(CommandOptions):
    """Options of ``read``."""

    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", show_default=False)]
    face: WhichFaceOption = "1"


def run_read(options: ReadOptions) -> None:
    """Say what a classifier sees in a face.

    It tells how probable each of the 40 attributes is.
    """
    editor = load_editor(options)
    results: list[dict[str, Any]] = []
    for photo in progress(options.photos, len(options.photos), "photos"):
        labels: dict[str, float] = {}
        failure = ""
        try:
            labels = editor.read(open_face(editor, photo, options.face).decoded)
        except GlowfaceError as problem:
            failure = str(problem)
            error(failure)
        results.append({"photo": str(photo), "labels": labels, "error": failure})
        if labels and not options.as_json:
            tell(str(photo))
            for name, probability in sorted(labels.items(), key=lambda label: -label[1]):
                tell(f"  {name:22}{probability:4.0%}")
    if options.as_json:
        tell_json({"results": results})
    if any(result["error"] for result in results):
        raise typer.Exit(1)
