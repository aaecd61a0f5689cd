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
WRITTEN_BY_COMMANDS = ("docs/attributes", "docs/attributes-64")


def test_every_module_says_what_it_is() -> None:
    modules = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert len(modules) > 100
    silent = [str(path.relative_to(ROOT)) for path in modules if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_no_folder_is_crowded() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("what belongs to the repository is told by git, which is not here")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    files = Counter(str(Path(name).parent) for name in listed if (ROOT / name).exists())
    crowded = {name: count for name, count in files.items() if count > FOLDER and name not in WRITTEN_BY_COMMANDS}
    crowded.pop(".", None)  # where many tools look for their own file
    assert crowded == {}
