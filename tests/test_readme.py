"""The README's commands are real ones."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import torch.distributed.run

import app.cli
import attributes.cli
import train.cli
from glowface.cli import all_commands
from tests.parsing import read

ROOT = Path(__file__).parent.parent
COMMAND_LINES = {"app": app.cli.commands, "train": train.cli.commands, "attributes": attributes.cli.commands}
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md", "assets/MODEL_CARD.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
BLOCKS = [block for path in DOCUMENTS for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.S)]
LINES = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines() if line.strip()]
STARTS = ("python -m ", "glowface ", "torchrun ", "srun torchrun ")
COMMANDS = sorted({line.split("  #")[0].strip() for line in LINES if line.startswith(STARTS)})


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    words = shlex.split(command)
    if words[0] == "glowface":
        read(all_commands(), words[1:])
        return
    if "torchrun" in words:
        start = words.index("torchrun") + 1
        torch.distributed.run.get_args_parser().parse_args(words[start:])
        words = words[start:]
    module, *arguments = words[words.index("-m") + 1 :]
    if module in COMMAND_LINES:
        read(COMMAND_LINES[module], arguments)
    else:
        place = ROOT / Path(*module.split("."))
        assert module in {"pip", "venv"} or place.with_suffix(".py").exists() or (place / "__main__.py").exists()


def test_the_first_commands_set_up_all() -> None:
    readme = (ROOT / "README.md").read_text()
    assert COMMANDS
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    used = re.findall(r"^make ([a-z]+)", readme, re.M)
    assert used[:2] == ["app", "test"]
    assert set(used) <= set(targets)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist(path: Path) -> None:
    """In code style and with their folder; files of an earlier commit are named with it."""
    for name in re.findall(r"`((?:\w+/)+\w+\.py)`(?! of commit)", path.read_text()):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_figure_is_left_to_be_filled_in(path: Path) -> None:
    assert not re.findall(r"\b(?:EVAL[A-Z]+|TODO|TBD|XXX)\b", path.read_text())
