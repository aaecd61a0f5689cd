"""Ctrl+C: a command that is stopped says so in a line, and ends with the status that shells know it by."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

STATUS = 130
"""128 and the number of SIGINT."""


@contextmanager
def telling_of_interrupts(how_to_go_on: str = "") -> Iterator[None]:
    """End the command where Ctrl+C stops what is in the block, with a line on how to go on, if there is a way."""
    try:
        yield
    except KeyboardInterrupt as error:
        print("; ".join(filter(None, ("stopped", how_to_go_on))), file=sys.stderr)
        raise typer.Exit(STATUS) from error
