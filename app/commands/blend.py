"""``blend``: the faces of two photos in one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.commands.moves import load_editor, open_face
from app.commands.options import Output, PhotoOptions, PictureOptions, WhichFaceOption
from app.commands.telling import note_depth, progress, tell, tell_json


@dataclass(frozen=True, kw_only=True)
class BlendOptions(PictureOptions, PhotoOptions):
    """Options of ``blend``."""

    first: Annotated[Path, typer.Argument(show_default=False, help="the photo to keep around the face")]
    second: Annotated[Path, typer.Argument(show_default=False)]
    output: Output
    ratio: Annotated[float, typer.Option(help="0 is the first face, 1 the second")] = 0.5
    shape: Annotated[float | None, typer.Option(help="whose shape, likewise", show_default="as far as --ratio")] = None
    colours: Annotated[
        float | None, typer.Option(help="whose skin, hair and light, likewise", show_default="as far as --ratio")
    ] = None
    face: WhichFaceOption = "1"
    second_face: WhichFaceOption = "1"
    steps: Annotated[
        int | None, typer.Option(min=2, max=100, help="a strip of so many blends, from the first to the second")
    ] = None


def run_blend(options: BlendOptions) -> None:
    """Blend the faces of two photos."""
    import numpy as np

    from app.series.contact_sheet import contact_sheet
    from app.series.frames import blends, linspace, small
    from faces import Photo, check_target, save_photo
    from storage.values import number

    check_target(options.output, (options.first, options.second))
    number("the ratio", options.ratio, 0, 1)
    apart = {"shape": options.shape, "colours": options.colours}
    for name, value in apart.items():
        if value is not None:
            number(f"the ratio of {name}", value, 0, 1)
    editor = load_editor(options)
    first = open_face(editor, options.first, options.face)
    second = open_face(editor, options.second, options.second_face, "--second-face")
    ratios = [options.ratio] if options.steps is None else linspace(0, 1, options.steps)
    if options.steps is None:
        note_depth(first.photo)
        (picture,) = blends(editor, first, second, ratios, **apart, lock_background=options.lock_background)
    else:
        seen = small(first, face=options.close_up, long_side=options.size)
        made = blends(editor, seen, second, ratios, **apart, lock_background=options.lock_background)
        pictures = [photo.pixels for photo in progress(made, len(ratios), "blends")]
        picture = Photo(np.asarray(contact_sheet(pictures, options.size, columns=len(pictures))))
    save_photo(picture, options.output)
    names = options.first.name, options.second.name
    if options.as_json:
        first_path, second_path = str(options.first), str(options.second)
        paths = {"first": first_path, "second": second_path}
        tell_json({**paths, "ratios": ratios, **apart, "output": str(options.output)})
    elif options.steps is None:
        shape, colours = (options.ratio if value is None else value for value in apart.values())
        ways = f"{shape:.0%}" if shape == colours else f"in shape {shape:.0%}, in colours {colours:.0%}"
        tell(f"{options.output}: {ways} of the way from {names[0]} to {names[1]}")
    else:
        tell(f"{options.output}: {options.steps} steps from {names[0]} to {names[1]}")
