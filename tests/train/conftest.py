"""Runs of the tiny preset, all with the same copies of the pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from train.__main__ import main

Command = Callable[..., list[str]]
Run = Callable[..., int]


@pytest.fixture(scope="session")
def arguments(celebahq_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Arguments of ``python -m train`` that train the tiny preset on 96 faces: ``arguments(out, *options)``."""
    cache = tmp_path_factory.mktemp("cache")
    fixed = ["fit", "--preset", "tiny-16", "--data", str(celebahq_folder), "--cache", str(cache), "--device", "cpu"]
    return lambda out, *options: [*fixed, "--out", str(out), *options]


@pytest.fixture(scope="session")
def run(arguments: Command) -> Run:
    """Trains here and now: ``run(out, *options)`` is the exit status."""
    return lambda out, *options: main(arguments(out, *options))


@pytest.fixture(scope="session")
def command(arguments: Command) -> Command:
    """The same as a command for a process of its own."""
    return lambda out, *options: [sys.executable, "-m", "train", *arguments(out, *options)]
