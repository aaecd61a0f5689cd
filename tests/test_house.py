"""Rules of the house that no linter checks. Which room may import which stands in pyproject.toml."""

from __future__ import annotations

import ast
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROOMS = ("app", "attributes", "data", "errors", "faces", "glow", "glowface", "storage", "train")
FOLDER = 12
"""The most files in a folder; a reader should see at a glance what there is."""
LONGEST = 300
"""Lines that a Python file stays under."""
WRITTEN_BY_COMMANDS = ("docs/attributes", "docs/attributes-64")


def test_every_module_says_what_it_is() -> None:
    modules = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert len(modules) > 100
    silent = [str(path.relative_to(ROOT)) for path in modules if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


@pytest.fixture(scope="module")
def listed() -> list[Path]:
    """The repository's files, seen from its top."""
    if not (ROOT / ".git").exists():
        pytest.skip("what belongs to the repository is told by git, which is not here")
    told = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in told.splitlines() if (ROOT / name).exists()]


def test_no_folder_is_crowded(listed: list[Path]) -> None:
    files = Counter(str(path.parent) for path in listed)
    crowded = {name: count for name, count in files.items() if count > FOLDER and name not in WRITTEN_BY_COMMANDS}
    assert crowded == {}


def test_files_stay_small(listed: list[Path]) -> None:
    lengths = {str(path): len((ROOT / path).read_text().splitlines()) for path in listed if path.suffix == ".py"}
    assert {name: count for name, count in lengths.items() if count >= LONGEST} == {}
