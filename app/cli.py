"""The commands of ``glowface``, and of ``python -m app``: without one, the web app opens."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from errors.command_line import Seed, Version, command, command_line, run_command_line, with_options
from storage.assets import DEFAULT_CHECKPOINT

# What is slow to import is imported by the commands that need it, so that help comes at once.
if TYPE_CHECKING:
    from app.editor import WhichFace
    from faces import Photo

commands = command_line("Edit faces in photos. Without a command, opens the web app.")

Output = Annotated[Path, typer.Option("--output", "-o", show_default=False, help="the file to write")]


@dataclass(frozen=True, kw_only=True)
class SharedOptions:
    """Options that may stand before a command or behind it."""

    checkpoint: Annotated[Path, typer.Option(help="model", show_default="the one that comes with Glowface")] = (
        DEFAULT_CHECKPOINT
    )
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps")] = "auto"


@dataclass(frozen=True, kw_only=True)
class WebOptions(SharedOptions):
    """Options of the web app."""

    context: typer.Context
    port: Annotated[int, typer.Option(help="the web app's port")] = 7860
    no_browser: Annotated[bool, typer.Option("--no-browser", help="serve the web app, but open no browser")] = False
    desktop: Annotated[bool, typer.Option("--desktop", help="open a window; closing it ends Glowface")] = False
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="for a phone: your address in the network")] = None
    version: Version = False


@dataclass(frozen=True, kw_only=True)
class PhotoOptions(SharedOptions):
    """What edits and blends have in common."""

    output: Output
    lock_background: Annotated[bool, typer.Option(help="leave what is not the person as it is, or let it go")] = True


class Setting(NamedTuple):
    """One ``--set``."""

    name: str
    value: float


def setting(text: str) -> Setting:
    """``NAME=VALUE`` of ``--set``, its value checked."""
    name, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not name or not equals or not math.isfinite(number):
        raise typer.BadParameter(f"{text!r} must be NAME=VALUE with a number, such as Smiling=1")
    return Setting(name, number)


def which_face(text: str) -> WhichFace:
    """The face that ``--face`` names: a number from 1, largest first, or ``whole``."""
    if text == "whole":
        return "whole"
    if not text.isdigit() or int(text) < 1:
        raise typer.BadParameter(f"{text!r} must be a number from 1 (the largest face), or 'whole'")
    return int(text) - 1


def open_web_app(options: WebOptions) -> None:
    """Edit faces in photos. Without a command, opens the web app."""
    context = options.context
    if context.invoked_subcommand is not None:
        # What stands before a command is the command's own default.
        context.default_map = {
            context.invoked_subcommand: {"checkpoint": str(options.checkpoint), "device": options.device}
        }
        return
    from app.ui.launch import launch  # Gradio takes seconds to import; the other commands need none of it

    launch(
        options.checkpoint, options.device, port=options.port, browser=not options.no_browser,
        desktop=options.desktop, host=options.host,
    )  # fmt: skip


commands.callback(invoke_without_command=True)(with_options(open_web_app))


def in_full(name: str, names: Sequence[str]) -> str:
    """The slider's name as it is written, for one in other capitals or as people see it; ``name`` itself if it is
    none's."""
    if name in names:
        return name
    from attributes import LABELS

    known = {label.title.casefold(): label.name for label in LABELS if label.sign > 0}
    return (known | {slider.casefold(): slider for slider in names}).get(name.casefold(), name)


def _change(before: float, after: float) -> str:
    old, new = f"{before:.0%}", f"{after:.0%}"
    return f"{old}, as before" if old == new else f"{old} → {new}"


def note_depth(photo: Photo) -> None:
    """Say so where a photo loses depth."""
    from app.messages import REDUCED

    if photo.reduced:
        print(f"note: {photo.name}: {REDUCED}", file=sys.stderr)


@dataclass(frozen=True, kw_only=True)
class EditOptions(PhotoOptions):
    """Options of ``edit``."""

    photo: Annotated[Path, typer.Argument()]
    settings: Annotated[
        list[Setting],
        typer.Option(
            "--set",
            parser=setting,
            metavar="NAME=VALUE",
            help="such as Smiling=1, from -1.5 to 1.5; `labels` lists the names; repeatable",
        ),
    ] = field(default_factory=list)
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="RECIPE", help="moves from a JSON file, or of one that `recipes` lists; --set comes on top"
        ),
    ] = None
    keep: Annotated[list[str], typer.Option(metavar="NAME", help="keep this attribute as it is; repeatable")] = field(
        default_factory=list
    )
    face: Annotated[
        Any, typer.Option(parser=which_face, metavar="NUMBER", help="1 is the largest; 'whole' skips the search")
    ] = "1"


@command(commands, "edit")
def run_edit(options: EditOptions) -> None:
    """Move a photo's face along attributes."""
    from app.editor import Editor
    from app.messages import DOES_LITTLE
    from attributes import LABEL_NAMES, check_names, find_recipe, listed_sliders, sliders_folder
    from faces import NoFaceError, check_target, save_photo

    check_target(options.output)
    recipe = find_recipe(options.recipe) if options.recipe else None
    names = [*LABEL_NAMES, *(slider.name for slider in listed_sliders(sliders_folder(options.checkpoint)))]
    given = {in_full(name, names): value for name, value in options.settings}
    values = dict(recipe.moves if recipe else {}) | given
    keep = tuple(dict.fromkeys([*(recipe.keep if recipe else ()), *(in_full(name, names) for name in options.keep)]))
    # A misspelt name is told before the model is loaded; a value of 0 moves nothing, but its name must be right too.
    check_names((*values, *keep), names)
    editor = Editor.load(options.checkpoint, device=options.device)
    for problem in editor.problems:
        print(f"note: {problem}", file=sys.stderr)
    asked, values = values, dict(editor.directions.checked(values).values)
    for name, value in values.items():
        if value != asked[name]:
            print(f"note: {name} {asked[name]:g} is beyond the end of its range; {value:g} was taken", file=sys.stderr)
    try:
        portrait = editor.open(options.photo, options.face)
    except NoFaceError as error:
        raise NoFaceError(f"{error} Here: --face whole.") from error
    note_depth(portrait.photo)
    moved = editor.moved(portrait, values, keep)
    for name in editor.doing_little(portrait, values, keep):
        print(f"note: {name} {values[name]:+g} {DOES_LITTLE}", file=sys.stderr)
    save_photo(editor.put_back(portrait, moved, lock_background=options.lock_background), options.output)
    before, after = editor.read(portrait.decoded, values), editor.read(moved, values)
    told = [
        f"{name} {value:+g}"
        + (f" (a classifier sees it: {_change(before[name], after[name])})" if name in before else "")
        for name, value in values.items()
        if value
    ]
    print(f"{options.output}: {', '.join(told) or 'nothing was moved'}")


@dataclass(frozen=True, kw_only=True)
class BlendOptions(PhotoOptions):
    """Options of ``blend``."""

    first: Annotated[Path, typer.Argument(help="the photo to keep around the face")]
    second: Annotated[Path, typer.Argument()]
    ratio: Annotated[float, typer.Option(help="0 is the first face, 1 the second")] = 0.5


@command(commands, "blend")
def run_blend(options: BlendOptions) -> None:
    """Blend the faces of two photos."""
    from app.editor import Editor
    from faces import check_target, save_photo

    check_target(options.output)
    editor = Editor.load(options.checkpoint, device=options.device)
    first, second = editor.open(options.first), editor.open(options.second)
    note_depth(first.photo)
    save_photo(editor.blend(first, second, options.ratio, lock_background=options.lock_background), options.output)
    print(f"{options.output}: {options.ratio:.0%} of the way from {options.first.name} to {options.second.name}")


@dataclass(frozen=True, kw_only=True)
class SampleOptions(SharedOptions):
    """Options of ``sample``."""

    output: Output
    count: Annotated[int, typer.Option(min=1)] = 16
    temperature: float = 0.7
    seed: Seed = 0
    columns: Annotated[int | None, typer.Option(min=1, help="faces in a row", show_default="a square sheet")] = None


@command(commands, "sample")
def run_sample(options: SampleOptions) -> None:
    """Draw random faces."""
    import numpy as np

    from app.editor import Editor
    from app.series.contact_sheet import contact_sheet
    from faces import Photo, check_target, save_photo

    check_target(options.output)
    editor = Editor.load(options.checkpoint, device=options.device)
    faces = editor.sample(options.count, options.temperature, options.seed)
    sheet = contact_sheet([face.photo.pixels for face in faces], columns=options.columns)
    save_photo(Photo(np.asarray(sheet)), options.output)


@command(commands, "labels")
def run_labels(options: SharedOptions) -> None:
    """List the attributes and custom sliders that --set knows."""
    from attributes import GROUPS, directions_path, labels_in_group, listed_sliders, rough_sliders, sliders_folder

    own, rough = listed_sliders(sliders_folder(options.checkpoint)), rough_sliders(directions_path(options.checkpoint))
    for group in GROUPS:
        print(group)
        for label in sorted(labels_in_group(group), key=lambda label: label.name in rough):
            notes = (" (1 is less of it)" if label.sign < 0 else "") + (" (rough)" if label.name in rough else "")
            print(f"  {label.name:22}{label.title}{notes}")
    for group in dict.fromkeys(slider.group for slider in own):
        print(group)
        for slider in own:
            if slider.group == group:
                print(f"  {slider.name:22}{slider.title}")


@dataclass(frozen=True)
class NoOptions:
    """Options of a command that has none."""


@command(commands, "recipes")
def run_recipes(_: NoOptions) -> None:
    """List the recipes that come with Glowface."""
    from attributes import shipped_recipes

    for name, recipe in shipped_recipes().items():
        moves = ", ".join(f"{slider} {value:+g}" for slider, value in recipe.moves.items())
        kept = f"; keeps {', '.join(recipe.keep)}" if recipe.keep else ""
        print(f"{name:22}{recipe.name}: {moves}{kept}")


@command(commands, "doctor")
def run_doctor(options: SharedOptions) -> None:
    """Check the installation; the exit status says whether all is well."""
    from app.doctor import examine

    findings = examine(options.checkpoint, options.device)
    for finding in findings:
        print(f"{'ok   ' if finding.good else 'ERROR'}  {finding.name:16}{finding.text}")
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    return run_command_line(commands, "python -m app", words)
