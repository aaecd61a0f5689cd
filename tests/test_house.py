"""The rooms of the house: every module imports, and imports point one way."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "errors": set(),
    "storage": {"errors"},
    "glow": {"errors", "storage"},
    "faces": {"errors", "storage"},
    "data": {"errors", "storage", "faces"},
    "attributes": {"errors", "storage", "glow", "faces", "data"},
    "train": {"errors", "storage", "glow", "faces", "data", "attributes"},
    "app": {"errors", "storage", "glow", "faces", "data", "attributes"},
}
MODULES = sorted(
    path.relative_to(ROOT)
    for room in MAY_IMPORT
    for path in (ROOT / room).rglob("*.py")
    if "celebahq" not in path.parts
)


def imported(path: Path) -> set[str]:
    """First names of all that a file imports."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_one_way(path: Path) -> None:
    room = path.parts[0]
    assert imported(path) & set(MAY_IMPORT) <= MAY_IMPORT[room] | {room}
    assert "gradio" not in imported(path) or path.parts[:2] == ("app", "ui")


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "__main__.py"], ids=str)
def test_every_module_imports_and_says_what_it_is(path: Path) -> None:
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    assert importlib.import_module(name).__doc__
