"""What all commands share: how one is declared and run, and how what went wrong is told.

A command is a function of one frozen dataclass. Each field is an option or argument, annotated as Typer
(https://typer.tiangolo.com) wants it; commands that share options inherit them.
"""

from __future__ import annotations

import errno
import inspect
import io
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer
from typer.main import get_command

from errors import GlowfaceError
from errors.keyboard_interrupt import telling_of_interrupts
from glowface import __version__

Options = TypeVar("Options")
Run = Callable[[Options], None]
"""What a command does, given its options. It raises :class:`typer.Exit` to end with a status of its own."""

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"glowface {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="print the version and stop")
]
"""``--version`` of a command line."""


Seed = Annotated[int, typer.Option(help="of all that is random", min=-(2**63), max=2**63 - 1)]
"""``--seed`` of a command, as far as PyTorch takes it."""


def command_line(description: str) -> typer.Typer:
    """A command line without commands yet, but with ``--version``; its help is plain text."""
    line = typer.Typer(
        help=description,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    )

    @line.callback()
    def only_version(_: Version = False) -> None:
        pass

    return line


def command(commands: typer.Typer, name: str, **settings: Any) -> Callable[[Run[Options]], Run[Options]]:
    """A decorator that makes a function of one options dataclass a command. Its docstring is the command's help.

    Args:
        commands: the command line that it belongs to.
        name: its name there.
        settings: of Typer's own decorator.
    """

    def add(run: Run[Options]) -> Run[Options]:
        commands.command(name, **settings)(with_options(run))
        return run

    return add


def with_options(run: Run[Options]) -> Callable[..., None]:
    """``run`` as Typer takes it, with a parameter for each field of its options, and what goes wrong told.

    What a person can mend comes out as one line, and the status is then 1. A bug is left to Python.
    """
    options = next(iter(get_type_hints(run).values()))
    hints = get_type_hints(options, include_extras=True)

    def told(**values: Any) -> None:
        with telling_of_interrupts(), _telling(values.values()):
            run(options(**values))

    told.__doc__ = run.__doc__
    told.__annotations__ = hints
    told.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, annotation=hints[field.name], default=_default(field)
            )
            for field in fields(options)
        ]
    )
    return told


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return inspect.Parameter.empty if field.default is MISSING else field.default


@contextmanager
def _telling(values: Iterable[Any]) -> Iterator[None]:
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except GlowfaceError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    except OSError as error:
        if error.errno in FULL_DISK:
            remedy = "the disk is full: make room, then give the same command again"
        elif _is_named(error.filename, values):
            remedy = "check the path, and who may read and write there"
        else:
            raise
        print(f"error: {error}; {remedy}", file=sys.stderr)
        raise typer.Exit(1) from error


def _is_named(file: Any, values: Iterable[Any]) -> bool:
    """Whether a file is one that a command's options name, or lies below it, beside it or above it."""
    if not isinstance(file, str | os.PathLike):
        return False
    place = Path(file).absolute()
    # Other texts, such as a device's name, are no files.
    named = [Path(value).absolute() for value in values if isinstance(value, Path) or _exists(value)]
    named += [name.with_suffix("") for name in named]  # a page's pictures lie in a folder of its name
    return any(
        place.is_relative_to(name) or place.parent == name.parent or name.is_relative_to(place) for name in named
    )


def _exists(value: Any) -> bool:
    return isinstance(value, str) and os.path.exists(value)


def one_of(names: Collection[str]) -> dict[str, Any]:
    """The settings of an option whose value must be one of ``names``, where these are known only when it runs."""

    def checked(value: str | None) -> str | None:
        if value is not None and value not in names:
            raise typer.BadParameter(f"{value!r} is none of {', '.join(sorted(names))}.")
        return value

    return {"callback": checked, "metavar": f"[{'|'.join(sorted(names))}]"}


def run_command_line(commands: typer.Typer | Any, name: str, words: Sequence[str] | None = None) -> int:
    """Run a command line; the exit status: 0, 1 for what a person can mend, 2 for a wrong command.

    Args:
        commands: the command line, or the group that Typer makes of one.
        name: how it is called in its help.
        words: what follows the name; those of this process if left out.
    """
    group = get_command(commands) if isinstance(commands, typer.Typer) else commands
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # of a terminal that lacks letters, as in cp1252 or ASCII
                stream.reconfigure(errors="backslashreplace")
        group.main(sys.argv[1:] if words is None else list(words), prog_name=name)
    except SystemExit as end:  # as Typer always ends
        return int(end.code or 0)
    return 0
