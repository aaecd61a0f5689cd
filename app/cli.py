"""The commands of ``glowface``, and of ``python -m app``: without one, the web app opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from app.commands.batch import run_batch_command
from app.commands.blend import run_blend
from app.commands.edit import run_edit
from app.commands.lists import run_doctor, run_labels, run_recipes
from app.commands.options import SharedOptions
from app.commands.read import run_read
from app.commands.sample import run_sample
from app.commands.series import run_animate, run_grid
from app.commands.serve import run_serve
from errors.command_line import Run, Version, command, command_line, run_command_line, with_options

commands = command_line("Edit faces in photos. Without a command, opens the web app.")


@dataclass(frozen=True, kw_only=True)
class WebOptions(SharedOptions):
    """Options of the web app."""

    context: typer.Context
    port: Annotated[int, typer.Option(help="the web app's port")] = 7860
    no_browser: Annotated[bool, typer.Option("--no-browser", help="serve the web app, but open no browser")] = False
    desktop: Annotated[bool, typer.Option("--desktop", help="open a window; closing it ends Glowface")] = False
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="for a phone: your address in the network")] = None
    version: Version = False


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
COMMANDS: dict[str, Run[Any]] = {
    "edit": run_edit,
    "batch": run_batch_command,
    "blend": run_blend,
    "sample": run_sample,
    "animate": run_animate,
    "grid": run_grid,
    "read": run_read,
    "labels": run_labels,
    "recipes": run_recipes,
    "doctor": run_doctor,
    "serve": run_serve,
}
"""All commands by name, in the order in which the help lists them."""

for name, run in COMMANDS.items():
    command(commands, name)(run)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    return run_command_line(commands, "python -m app", words)
