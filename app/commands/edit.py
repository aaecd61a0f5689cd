"""``edit``: move a face of each photo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from app.commands.moves import Asked, asked, load_editor, open_face, within_range
from app.commands.options import MoveOptions, WhichFaceOption
from app.commands.telling import error, note_depth, note_little, progress, tell, tell_json
from errors import GlowfaceError

if TYPE_CHECKING:
    from app.editor import Editor


@dataclass(frozen=True, kw_only=True)
class EditOptions(MoveOptions):
    """Options of ``edit``."""

    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", show_default=False)]
    output: Annotated[
        Path, typer.Option("--output", "-o", show_default=False, help="the file to write; a folder for several photos")
    ]
    face: WhichFaceOption = "1"


class Edited(NamedTuple):
    """What became of one photo."""

    photo: Path
    output: Path | None
    error: str = ""
    seen: dict[str, tuple[float, float]] = {}  # noqa: RUF012 (never changed)
    """How probable the moved labels are, before and after, as the classifier sees it."""
    little: tuple[str, ...] = ()
    """The sliders that do little on this face."""

    @property
    def document(self) -> dict[str, Any]:
        """The result as a dictionary, for ``--json``."""
        seen = {name: {"before": before, "after": after} for name, (before, after) in self.seen.items()}
        output = None if self.output is None else str(self.output)
        return {
            "photo": str(self.photo),
            "output": output,
            "error": self.error,
            "seen": seen,
            "does_little": list(self.little),
        }


def run_edit(options: EditOptions) -> None:
    """Move a photo's face along attributes.

    With several photos, one that fails is told, and the others go on; the exit status is then 1.
    """
    from app.batch import check_folder
    from faces import check_target

    # A misspelt name or a wrong place is told before the model is loaded.
    into_folder = _is_folder(options)
    if into_folder:
        check_folder(options.output)
    else:
        check_target(options.output, options.photos)
    wanted = asked(options)
    editor = load_editor(options)
    wanted = wanted._replace(values=dict(within_range(editor, wanted.values.items())))
    if into_folder:
        results = list(progress(_edited(editor, options, wanted), len(options.photos), "photos"))
    else:
        results = [_edit(editor, options, wanted, options.photos[0], options.output)]
        if not options.as_json:
            tell(_line(results[0], wanted))
    if options.as_json:
        tell_json({
            "moves": wanted.values,
            "keep": list(wanted.keep),
            "results": [result.document for result in results],
            "failed": sum(bool(result.error) for result in results),
        })  # fmt: skip
    if any(result.error for result in results):
        raise typer.Exit(1)


def _is_folder(options: EditOptions) -> bool:
    """Whether the output is a folder for the pictures, and not one picture."""
    named = options.output.is_dir()
    if len(options.photos) > 1 and not named and options.output.suffix:
        raise typer.BadParameter(f"{options.output} is one file; give a folder for {len(options.photos)} photos")
    return named or len(options.photos) > 1


def _edited(editor: Editor, options: EditOptions, wanted: Asked) -> Iterator[Edited]:
    """Each photo's result, told as it comes; one that fails stops none of the others."""
    from app.batch import free_name

    for photo in options.photos:
        try:
            result = _edit(editor, options, wanted, photo, free_name(options.output, photo))
        except GlowfaceError as failure:
            result = Edited(photo, None, str(failure))
            error(result.error)
        else:
            if not options.as_json:
                tell(_line(result, wanted))
        yield result


def _edit(editor: Editor, options: EditOptions, wanted: Asked, photo: Path, output: Path) -> Edited:
    from faces import save_photo

    values, keep = wanted
    portrait = open_face(editor, photo, options.face)
    note_depth(portrait.photo)
    moved = editor.moved(portrait, values, keep)
    little = editor.doing_little(portrait, values, keep)
    for name in little:
        note_little(name, values[name], photo if len(options.photos) > 1 else None)
    save_photo(editor.put_back(portrait, moved, lock_background=options.lock_background), output)
    before, after = editor.read(portrait.decoded, values), editor.read(moved, values)
    seen = {name: (before[name], after[name]) for name, value in values.items() if value and name in before}
    return Edited(photo, output, seen=seen, little=tuple(little))


def _line(result: Edited, wanted: Asked) -> str:
    told = [
        f"{name} {value:+g}"
        + (f" (a classifier sees it: {_change(*result.seen[name])})" if name in result.seen else "")
        for name, value in wanted.values.items()
        if value
    ]
    return f"{result.output}: {', '.join(told) or 'nothing was moved'}"


def _change(before: float, after: float) -> str:
    old, new = f"{before:.0%}", f"{after:.0%}"
    return f"{old}, as before" if old == new else f"{old} → {new}"
