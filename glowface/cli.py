"""The command ``glowface``: the app's commands, with the trainer's and the attributes' each below a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from app.cli import commands
from errors.command_line import run_command_line


class Room(TyperGroup):
    """The commands of another room, which is imported when one of them is asked for: PyTorch takes seconds.

    Args:
        name: the name that they stand below.
        module: where they are.
        help_text: what they do.
    """

    def __init__(self, name: str, module: str, help_text: str) -> None:
        super().__init__(name=name, help=help_text, rich_markup_mode=None)
        self.module = module

    @cached_property
    def group(self) -> Any:
        """What Typer makes of the room's commands."""
        return get_command(import_module(self.module).commands)

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The room's own context, in which its options and commands are read."""
        for option in ("checkpoint", "device") if parent is not None else ():
            if parent.get_parameter_source(option).name == "COMMANDLINE":
                raise typer.BadParameter(f"give --{option} behind the command of `{self.name}`", ctx=parent)
        return self.group.make_context(info_name, args, parent=parent, **extra)


def all_commands() -> Any:
    """The whole command line."""
    group: Any = get_command(commands)
    for room, help_text in (
        ("train", "Train and measure Glow models."),
        ("attributes", "Make sliders, for the 40 labels and of your own."),
    ):
        group.add_command(Room(room, f"{room}.cli", help_text))
    return group


def main(words: Sequence[str] | None = None) -> int:
    """Run ``glowface``; the exit status."""
    return run_command_line(all_commands(), "glowface", words)
