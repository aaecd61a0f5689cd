"""How a command line reads what is typed, without anything being run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import typer
from typer.main import get_command


def read(commands: Any, words: str | Sequence[str]) -> dict[str, Any]:
    """The values of the command that ``words`` give to a command line, by the names of its parameters.

    Raises:
        typer.BadParameter, or another of Typer's errors of usage: a word is not understood.
    """
    group = get_command(commands) if isinstance(commands, typer.Typer) else commands
    context = group.make_context("command", shlex.split(words) if isinstance(words, str) else list(words))
    while getattr(group, "commands", None) and (rest := [*context._protected_args, *context.args]):
        name, group, rest = group.resolve_command(context, rest)
        context = group.make_context(name, rest, parent=context)
        group = context.command
    return context.params


def options(commands: typer.Typer) -> dict[str, set[str]]:
    """For each command its options, by their long names, and its arguments."""
    group: Any = get_command(commands)
    return {
        name: {
            word
            for parameter in command.params
            for word in ((parameter.name,) if parameter.param_type_name == "argument" else _long(parameter))
        }
        for name, command in group.commands.items()
    }


def _long(parameter: Any) -> list[str]:
    return [word for word in (*parameter.opts, *parameter.secondary_opts) if word.startswith("--")]
