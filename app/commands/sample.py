"""``sample``: faces that nobody has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from app.commands.moves import load_editor
from app.commands.options import CommandOptions, Output
from app.commands.telling import progress, tell, tell_json
from errors.command_line import Seed

MAX_TEMPERATURE = 100.0
"""The highest temperature that is taken; from about 1 on, faces fall apart."""


@dataclass(frozen=True, kw_only=True)
class SampleOptions(CommandOptions):
    """Options of ``sample``."""

    output: Output
    count: Annotated[int, typer.Option(min=1)] = 16
    temperature: Annotated[float, typer.Option(help="from 0; higher is more varied and less likely")] = 0.7
    seed: Seed = 0
    columns: Annotated[int | None, typer.Option(min=1, help="faces in a row", show_default="a square sheet")] = None
    size: Annotated[int, typer.Option(min=16, max=2048, help="side of each face, in pixels")] = 128


def run_sample(options: SampleOptions) -> None:
    """Draw random faces, on one sheet."""
    import numpy as np

    from app.series.contact_sheet import contact_sheet
    from faces import Photo, check_target, save_photo
    from storage.values import number

    check_target(options.output)
    number("the temperature", options.temperature, 0, MAX_TEMPERATURE)
    editor = load_editor(options)
    watch = partial(progress, total=options.count, what="faces")
    faces = editor.sample(options.count, options.temperature, options.seed, watch)
    sheet = contact_sheet([face.photo.pixels for face in faces], options.size, columns=options.columns)
    save_photo(Photo(np.asarray(sheet)), options.output)
    if options.as_json:
        asked = {"count": options.count, "temperature": options.temperature, "seed": options.seed}
        tell_json({**asked, "output": str(options.output)})
    else:
        tell(f"{options.output}: {options.count} faces of temperature {options.temperature:g} and seed {options.seed}")
