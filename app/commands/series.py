"""``animate`` and ``grid``: many pictures of one face in a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.moves import asked, load_editor, open_face, slider_asked, within_range
from app.commands.options import MoveOptions, Output, PictureOptions, WhichFaceOption
from app.commands.telling import progress, tell, tell_json

if TYPE_CHECKING:
    from app.editor import Editor

GRID_PICTURES = 5
"""Pictures for each of a grid's two sliders; for a single one, :data:`app.series.frames.STRIP_PICTURES`."""

MAX_GRID_PICTURES = 15
"""As many at the most."""


@dataclass(frozen=True, kw_only=True)
class SeriesOptions(PictureOptions, MoveOptions):
    """What both have in common."""

    output: Output
    face: WhichFaceOption = "1"
    low: Annotated[float, typer.Option("--from", help="the slider's value at the start")] = -1.0
    high: Annotated[float, typer.Option("--to", help="and at the end")] = 1.0

    def ends(self, editor: Editor, name: str) -> tuple[float, float]:
        """The two ends within a slider's range."""
        (_, low), (_, high) = within_range(editor, [(name, self.low), (name, self.high)])
        return low, high


@dataclass(frozen=True, kw_only=True)
class AnimateOptions(SeriesOptions):
    """Options of ``animate``."""

    photo: Annotated[Path, typer.Argument(show_default=False)]
    second: Annotated[
        Path | None, typer.Argument(show_default=False, help="a photo whose face the first one's becomes; or --slider")
    ] = None
    slider: Annotated[str | None, typer.Option(metavar="NAME", help="the slider that moves there and back")] = None
    second_face: WhichFaceOption = "1"
    frames: Annotated[int, typer.Option(min=2, max=300, help="pictures one way; as many come back")] = 24
    frames_a_second: Annotated[int, typer.Option("--fps", min=1, max=50, help="pictures a second")] = 20


def run_animate(options: AnimateOptions) -> None:
    """Film a slider there and back, or a blend.

    The suffix of the output, .gif or .mp4, names the format; shown over and over, nothing jumps.
    """
    from app.series.animation import check_animation, save_animation, there_and_back
    from app.series.frames import blends, linspace, small, sweep
    from faces import check_no_source

    check_animation(options.output)
    check_no_source(options.output, [photo for photo in (options.photo, options.second) if photo is not None])
    if (options.slider is None) == (options.second is None):
        raise typer.BadParameter("give either --slider or a second photo")
    wanted = asked(options)
    if options.second is not None and wanted.values:
        raise typer.BadParameter("--set and --recipe go with --slider; two photos are blended as they are")
    name = None if options.slider is None else slider_asked(options, options.slider)
    editor = load_editor(options)
    portrait = open_face(editor, options.photo, options.face)
    seen = small(portrait, face=options.close_up, long_side=options.size)
    locked = options.lock_background
    if name is not None:
        amounts = linspace(*options.ends(editor, name), options.frames)
        values = dict(within_range(editor, wanted.values.items()))
        photos = sweep(editor, seen, name, amounts, values=values, keep=wanted.keep, lock_background=locked)
    elif options.second is not None:
        other = open_face(editor, options.second, options.second_face, "--second-face")
        amounts = linspace(0, 1, options.frames)
        photos = blends(editor, seen, other, amounts, lock_background=locked)
    pictures = [photo.pixels for photo in progress(photos, len(amounts), "frames")]
    film = there_and_back(pictures)
    save_animation(film, options.output, options.frames_a_second)
    if options.as_json:
        second = None if options.second is None else str(options.second)
        tell_json({
            "photo": str(options.photo), "second": second, "slider": name, "values": amounts, "frames": len(film),
            "output": str(options.output),
        })  # fmt: skip
    else:
        tell(f"{options.output}: {len(film)} frames, {len(film) / options.frames_a_second:.1f} seconds")


@dataclass(frozen=True, kw_only=True)
class GridOptions(SeriesOptions):
    """Options of ``grid``."""

    photo: Annotated[Path, typer.Argument(show_default=False)]
    across: Annotated[str, typer.Option(metavar="NAME", show_default=False, help="the slider from left to right")]
    down: Annotated[str | None, typer.Option(metavar="NAME", help="another, from top to bottom")] = None
    steps: Annotated[
        int | None, typer.Option(min=2, max=100, help="pictures for each slider", show_default="7; 5 × 5 for two")
    ] = None
    captions: Annotated[bool, typer.Option(help="write the values below the pictures, or nothing")] = True


def run_grid(options: GridOptions) -> None:
    """Show many values of a slider on one sheet.

    With --down, those of two sliders: one from left to right, the other from top to bottom.
    """
    import numpy as np

    from app.series.contact_sheet import contact_sheet
    from app.series.frames import STRIP_PICTURES, grid, linspace, small, sweep
    from faces import Photo, check_target, save_photo

    check_target(options.output, (options.photo,))
    count = options.steps or (STRIP_PICTURES if options.down is None else GRID_PICTURES)
    if options.down is not None and count > MAX_GRID_PICTURES:
        raise typer.BadParameter(f"two sliders take at most {MAX_GRID_PICTURES} steps each")
    wanted = asked(options)
    across = slider_asked(options, options.across)
    down = None if options.down is None else slider_asked(options, options.down)
    if across == down:
        raise typer.BadParameter(f"--across and --down are both {across}; give two sliders")
    editor = load_editor(options)
    seen = small(open_face(editor, options.photo, options.face), face=options.close_up, long_side=options.size)
    values = dict(within_range(editor, wanted.values.items()))
    columns = linspace(*options.ends(editor, across), count)
    rows = [] if down is None else linspace(*options.ends(editor, down), count)
    keep, locked = wanted.keep, options.lock_background
    if down is None:
        photos = sweep(editor, seen, across, columns, values=values, keep=keep, lock_background=locked)
        captions = [_caption(across, x) for x in columns]
    else:
        places = (across, columns), (down, rows)
        photos = grid(editor, seen, *places, values=values, keep=keep, lock_background=locked)
        captions = [f"{_caption(across, x)}\n{_caption(down, y)}" for y in rows for x in columns]
    amount = len(captions)
    pictures = [photo.pixels for photo in progress(photos, amount, "pictures")]
    written = captions if options.captions else ()
    sheet = contact_sheet(pictures, options.size, columns=count, captions=written)
    save_photo(Photo(np.asarray(sheet)), options.output)
    if options.as_json:
        tell_json({
            "photo": str(options.photo),
            "across": {"slider": across, "values": columns},
            "down": None if down is None else {"slider": down, "values": rows},
            "output": str(options.output),
        })  # fmt: skip
    else:
        tell(f"{options.output}: {amount} pictures, {across}{'' if down is None else f' across and {down} down'}")


def _caption(slider: str, value: float) -> str:
    return f"{slider} {value:+.2g}" if value else f"{slider} 0"
