"""The options that several commands have."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from storage.assets import DEFAULT_CHECKPOINT

# What is slow to import is imported by the commands that need it, so that help comes at once.
if TYPE_CHECKING:
    from app.editor import WhichFace

Output = Annotated[Path, typer.Option("--output", "-o", show_default=False, help="the file to write")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON document; docs/api.md has its keys")]


@dataclass(frozen=True, kw_only=True)
class SharedOptions:
    """Options that may stand before a command or behind it."""

    checkpoint: Annotated[Path, typer.Option(help="model", show_default="the one that comes with Glowface")] = (
        DEFAULT_CHECKPOINT
    )
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps")] = "auto"


@dataclass(frozen=True, kw_only=True)
class CommandOptions(SharedOptions):
    """What all commands have in common that use the model."""

    as_json: Json = False


@dataclass(frozen=True, kw_only=True)
class PhotoOptions(CommandOptions):
    """What commands have in common that change photos."""

    lock_background: Annotated[bool, typer.Option(help="leave what is not the person as it is, or let it go")] = True


def which_face(text: str) -> WhichFace:
    """The face that ``--face`` names: a number from 1, largest first, or ``whole``."""
    if text == "whole":
        return "whole"
    if not text.isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"{text!r} must be a number from 1 (the largest face), or 'whole'")
    return int(text) - 1


FACE = {"parser": which_face, "metavar": "NUMBER"}
"""The settings of an option that names a face."""

WhichFaceOption = Annotated[Any, typer.Option(**FACE, help="1 is the largest; 'whole' skips the search")]


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


@dataclass(frozen=True, kw_only=True)
class MoveOptions(PhotoOptions):
    """What commands have in common that move faces along sliders."""

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


@dataclass(frozen=True, kw_only=True)
class PictureOptions:
    """How large the pictures of a strip, a sheet or an animation are, and what they show."""

    size: Annotated[int, typer.Option(min=16, max=2048, help="longest side of each picture, in pixels")] = 256
    close_up: Annotated[bool, typer.Option(help="show the face and a little around it, or the whole photo")] = True
