"""``batch``: the same moves for many photos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.moves import asked, load_editor, within_range
from app.commands.options import FACE, MoveOptions
from app.commands.telling import error, note_little, progress, tell, tell_json


@dataclass(frozen=True, kw_only=True)
class BatchOptions(MoveOptions):
    """Options of ``batch``."""

    paths: Annotated[list[Path], typer.Argument(metavar="PATH", show_default=False, help="photos, and folders of them")]
    output: Annotated[
        Path,
        typer.Option("--output", "-o", show_default=False, help="the folder to write to; no file in it is overwritten"),
    ]
    face: Annotated[
        Any, typer.Option(**FACE, help="1 is each photo's largest; 'whole' skips the search", show_default="1")
    ] = None
    all_faces: Annotated[bool, typer.Option("--all-faces", help="move all faces of each photo")] = False
    suffix: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="such as png", show_default="the photo's"),
    ] = None


def run_batch_command(options: BatchOptions) -> None:
    """Give many photos the same moves.

    A photo that fails is told, and the others go on; the exit status is then 1. Of a folder, the photos right in it
    are taken.
    """
    from app.batch import check_folder, photos_in, run_batch

    if options.all_faces and options.face is not None:
        raise typer.BadParameter("give --all-faces or --face, not both")
    suffix = None if options.suffix is None else f".{options.suffix.lstrip('.')}"
    photos = photos_in(options.paths)
    check_folder(options.output, suffix)
    wanted = asked(options)
    editor = load_editor(options)
    values = dict(within_range(editor, wanted.values.items()))
    edited = run_batch(
        editor, photos, options.output, values, wanted.keep, all_faces=options.all_faces,
        lock_background=options.lock_background, suffix=suffix, face=0 if options.face is None else options.face,
    )  # fmt: skip
    results = []
    for result in progress(edited, len(photos), "photos"):
        results.append(result)
        if result.error:
            error(f"{result.source}: {result.error}")
        for name in result.little:
            note_little(name, values[name], result.source)
        if not result.error and not options.as_json:
            tell(f"{result.source} → {result.output}")
    failed = sum(bool(result.error) for result in results)
    if options.as_json:
        tell_json({
            "moves": values,
            "keep": list(wanted.keep),
            "results": [
                {
                    "photo": str(photo),
                    "output": None if output is None else str(output),
                    "error": failure,
                    "does_little": list(little),
                }
                for photo, output, failure, little in results
            ],
            "failed": failed,
        })  # fmt: skip
    else:
        tell(f"{len(results) - failed} of {len(results)} photos done" + (f", {failed} failed" if failed else ""))
    if failed:
        raise typer.Exit(1)
