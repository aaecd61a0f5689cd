"""The command line: ``python -m app`` opens the web app; its subcommands work without one."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.contact_sheet import contact_sheet
from app.doctor import examine
from app.editor import DOES_LITTLE, REDUCED, Editor, WhichFace
from attributes import (
    GROUPS,
    LABEL_NAMES,
    LABELS,
    DirectionsError,
    directions_path,
    find_recipe,
    labels_in_group,
    listed_sliders,
    no_slider,
    rough_sliders,
    shipped_recipes,
    sliders_folder,
)
from faces import FaceError, NoFaceError, Photo, check_target, save_photo
from glow import CheckpointError
from storage.assets import DEFAULT_CHECKPOINT


def setting(text: str) -> tuple[str, float]:
    """``NAME=VALUE`` of ``--set``, its value checked."""
    name, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not name or not equals or not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=VALUE with a number, such as Smiling=1")
    return name, number


def at_least_1(text: str) -> int:
    """A count, checked."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of at least 1")
    return int(text)


def which_face(text: str) -> WhichFace:
    """The face that ``--face`` names: a number from 1, largest first, or ``whole``."""
    if text == "whole":
        return "whole"
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number from 1 (the largest face), or 'whole'")
    return int(text) - 1


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = argparse.ArgumentParser(
        prog="python -m app", description="Edit faces in photos. Without a command, opens the web app."
    )
    # These two may stand before or after the command: a command's own default must not undo the first place.
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    for place in (parser, shared):
        place.add_argument("--checkpoint", type=Path, help="model (default: the one that comes with Glowface)")
        place.add_argument("--device", help="auto, cpu, cuda, mps (default: auto)")
    parser.set_defaults(checkpoint=DEFAULT_CHECKPOINT, device="auto")
    parser.add_argument("--port", type=int, default=7860, help="the web app's port (default: %(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="serve the web app, but open no browser")
    commands = parser.add_subparsers(dest="command", title="commands")

    edit = commands.add_parser("edit", parents=[shared], help="move a photo's face along attributes")
    edit.add_argument("photo", type=Path)
    edit.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="such as Smiling=1, from -1.5 to 1.5; `labels` lists the names; repeatable",
    )
    edit.add_argument(
        "--recipe", metavar="RECIPE", help="moves from a JSON file, or of one that `recipes` lists; --set comes on top"
    )
    edit.add_argument(
        "--keep", action="append", default=[], metavar="NAME", help="keep this attribute as it is; repeatable"
    )
    edit.add_argument("--face", type=which_face, default=0, help="1 is the largest; 'whole' skips the search")
    edit.add_argument("-o", "--output", type=Path, required=True)

    blend = commands.add_parser("blend", parents=[shared], help="blend the faces of two photos")
    blend.add_argument("first", type=Path, help="the photo to keep around the face")
    blend.add_argument("second", type=Path)
    blend.add_argument("--ratio", type=float, default=0.5, help="0 is the first face, 1 the second (default: 0.5)")
    blend.add_argument("-o", "--output", type=Path, required=True)
    for command in (edit, blend):
        command.add_argument(
            "--lock-background",
            action=argparse.BooleanOptionalAction,
            default=True,
            help="leave what is not the person as it is (default: it is left)",
        )

    sample = commands.add_parser("sample", parents=[shared], help="draw random faces")
    sample.add_argument("--count", type=at_least_1, default=16, help="default: %(default)s")
    sample.add_argument("--temperature", type=float, default=0.7, help="default: %(default)s")
    sample.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    sample.add_argument("--columns", type=at_least_1, help="faces in a row (default: a square sheet)")
    sample.add_argument("-o", "--output", type=Path, required=True)

    commands.add_parser("labels", parents=[shared], help="list the attributes and own sliders that --set knows")
    commands.add_parser("recipes", help="list the recipes that come with Glowface")
    commands.add_parser("doctor", parents=[shared], help="check the installation")
    return parser


def in_full(name: str, names: Sequence[str]) -> str:
    """The slider's name as it is written, for one in other capitals or as people see it; ``name`` itself if it is
    none's."""
    if name in names:
        return name
    known = {label.title.casefold(): label.name for label in LABELS if label.sign > 0}
    return (known | {slider.casefold(): slider for slider in names}).get(name.casefold(), name)


def _change(before: float, after: float) -> str:
    old, new = f"{before:.0%}", f"{after:.0%}"
    return f"{old}, as before" if old == new else f"{old} → {new}"


def note_depth(photo: Photo) -> None:
    """Say so where a photo loses depth."""
    if photo.reduced:
        print(f"note: {photo.name}: {REDUCED}", file=sys.stderr)


def run_edit(args: argparse.Namespace) -> None:
    """``edit``."""
    check_target(args.output)
    recipe = find_recipe(args.recipe) if args.recipe else None
    names = [*LABEL_NAMES, *(slider.name for slider in listed_sliders(sliders_folder(args.checkpoint)))]
    given = {in_full(name, names): value for name, value in args.set}
    values = dict(recipe.moves if recipe else {}) | given
    keep = tuple(dict.fromkeys([*(recipe.keep if recipe else ()), *(in_full(name, names) for name in args.keep)]))
    # A misspelt name is told before the model is loaded; a value of 0 moves nothing, but its name must be right too.
    for name in (*values, *keep):
        if name not in names:
            raise DirectionsError(f"{name!r} was asked for, {no_slider(name, names)}")
    editor = Editor.load(args.checkpoint, device=args.device)
    for problem in editor.problems:
        print(f"note: {problem}", file=sys.stderr)
    asked, values = values, dict(editor.directions.checked(values).values)
    for name, value in values.items():
        if value != asked[name]:
            print(f"note: {name} {asked[name]:g} is beyond the end of its range; {value:g} was taken", file=sys.stderr)
    portrait = editor.open(args.photo, args.face)
    note_depth(portrait.photo)
    moved = editor.moved(portrait, values, keep)
    for name in editor.doing_little(portrait, values, keep):
        print(f"note: {name} {values[name]:+g} {DOES_LITTLE}", file=sys.stderr)
    save_photo(editor.put_back(portrait, moved, lock_background=args.lock_background), args.output)
    before, after = editor.read(portrait.decoded, values), editor.read(moved, values)
    told = [
        f"{name} {value:+g}"
        + (f" (a classifier sees it: {_change(before[name], after[name])})" if name in before else "")
        for name, value in values.items()
        if value
    ]
    print(f"{args.output}: {', '.join(told) or 'nothing was moved'}")


def run_blend(args: argparse.Namespace) -> None:
    """``blend``."""
    check_target(args.output)
    editor = Editor.load(args.checkpoint, device=args.device)
    first, second = editor.open(args.first), editor.open(args.second)
    note_depth(first.photo)
    save_photo(editor.blend(first, second, args.ratio, lock_background=args.lock_background), args.output)
    print(f"{args.output}: {args.ratio:.0%} of the way from {args.first.name} to {args.second.name}")


def run_sample(args: argparse.Namespace) -> None:
    """``sample``."""
    check_target(args.output)
    editor = Editor.load(args.checkpoint, device=args.device)
    faces = editor.sample(args.count, args.temperature, args.seed)
    sheet = contact_sheet([face.photo.pixels for face in faces], columns=args.columns)
    save_photo(Photo(np.asarray(sheet)), args.output)


def run_labels(args: argparse.Namespace) -> None:
    """``labels``."""
    own, rough = listed_sliders(sliders_folder(args.checkpoint)), rough_sliders(directions_path(args.checkpoint))
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


def run_recipes() -> None:
    """``recipes``."""
    for name, recipe in shipped_recipes().items():
        moves = ", ".join(f"{slider} {value:+g}" for slider, value in recipe.moves.items())
        kept = f"; keeps {', '.join(recipe.keep)}" if recipe.keep else ""
        print(f"{name:22}{recipe.name}: {moves}{kept}")


def run_doctor(args: argparse.Namespace) -> int:
    """``doctor``; the exit status says whether all is well."""
    findings = examine(args.checkpoint, args.device)
    for finding in findings:
        print(f"{'ok   ' if finding.good else 'ERROR'}  {finding.name:16}{finding.text}")
    return 0 if all(finding.good for finding in findings) else 1


def run_web(args: argparse.Namespace) -> None:
    """No command: the web app."""
    from app.ui.launch import launch  # Gradio takes seconds to import; the other commands need none of it

    launch(args.checkpoint, args.device, port=args.port, browser=not args.no_browser)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    args = build_parser().parse_args(argv)
    status = 0
    try:
        match args.command:
            case None:
                run_web(args)
            case "edit":
                run_edit(args)
            case "blend":
                run_blend(args)
            case "sample":
                run_sample(args)
            case "labels":
                run_labels(args)
            case "recipes":
                run_recipes()
            case "doctor":
                status = run_doctor(args)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (CheckpointError, DirectionsError, FaceError, ValueError, OSError) as error:
        way_on = " Here: --face whole." if isinstance(error, NoFaceError) else ""
        print(f"error: {error}{way_on}", file=sys.stderr)
        return 1
    return status
