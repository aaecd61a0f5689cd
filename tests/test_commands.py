"""The command ``glowface``, and what all commands do with what goes wrong."""

from __future__ import annotations

import errno
import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer

from errors import GlowfaceError
from errors.command_line import command, command_line, run_command_line
from glowface import __version__
from glowface.cli import all_commands, main

commands = command_line("What may go wrong.")


@dataclass(frozen=True, kw_only=True)
class Options:
    """A file, and how to go wrong."""

    file: Annotated[Path, typer.Argument()]
    way: Annotated[str, typer.Option()] = ""


@command(commands, "go")
def go(options: Options) -> None:
    """Go wrong."""
    match options.way:
        case "mistake":
            raise GlowfaceError(f"{options.file} is wrong; mend it.")
        case "bug":
            raise ValueError("a bug")
        case "read":
            options.file.read_text()
        case "write":
            (options.file / "below").write_text("")
        case "elsewhere":
            Path(__file__).with_name("nowhere.txt").read_text()
        case "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        case "stop":
            raise KeyboardInterrupt
        case "status":
            raise typer.Exit(7)
    print("went well")


@command(commands, "stay")
def stay(_: Options) -> None:
    """Without it, `go` would need no name."""


def run(*words: str) -> int:
    return run_command_line(commands, "test", words)


@pytest.mark.parametrize(
    ("way", "status", "told"),
    [
        ("", 0, ""),
        ("mistake", 1, "error: {file} is wrong; mend it."),
        ("read", 1, "error: [Errno 2] No such file or directory: '{file}'; check the path, and who may read and write"),
        ("write", 1, "error: [Errno 2] No such file or directory: '{file}/below'; check the path"),
        ("full", 1, "error: [Errno 28] No space left on device; the disk is full: make room"),
        ("stop", 130, "stopped"),
        ("status", 7, ""),
        ("unknown option", 2, "No such option"),
    ],
)
def test_what_a_person_can_mend_is_told_in_a_line(
    way: str, status: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "file")
    words = ["--nothing"] if way == "unknown option" else ["--way", way]
    assert run("go", file, *words) == status
    said = capsys.readouterr().err
    assert told.format(file=file) in said
    assert said.count("\n") == bool(told) or status == 2


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_terminal_that_lacks_a_letter_gets_its_number(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(written, encoding))
    assert run("go", "--way", "mistake", "日ü\udcfc.png") == 1  # and a byte that is none of UTF-8's
    sys.stderr.flush()
    told = {"cp1252": r"\u65e5ü\ufffd", "ascii": r"\u65e5\xfc\ufffd", "utf-8": "日ü\ufffd"}[encoding]
    assert written.getvalue().decode(encoding) == f"error: {told}.png is wrong; mend it.\n"


@pytest.mark.parametrize(("way", "kind"), [("bug", ValueError), ("elsewhere", FileNotFoundError)])
def test_a_bug_is_no_mistake_of_the_user(
    way: str, kind: type[Exception], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(kind):
        run("go", str(tmp_path / "file"), "--way", way)
    assert "error:" not in capsys.readouterr().err


@pytest.mark.parametrize("room", [[], ["train"], ["attributes"]])
def test_the_version_is_told_everywhere(room: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*room, "--version"]) == 0
    assert capsys.readouterr().out == f"glowface {__version__}\n"
    assert main([*room, "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: glowface")


@pytest.mark.parametrize("module", ["app", "train", "attributes", "glowface"])
def test_every_room_can_be_run_as_a_module(module: str) -> None:
    told = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert told.stdout == f"glowface {__version__}\n"


def test_one_command_has_all_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert {*all_commands().commands} == {
        *("edit", "batch", "blend", "sample", "animate", "grid", "read", "labels", "recipes", "doctor", "serve"),
        *("train", "attributes"),
    }
    assert main(["train", "eval", "--data", "nowhere"]) == 1
    assert "error: no pictures" in capsys.readouterr().err
    assert main(["attributes", "learn"]) == 1
    assert "error: give a name with two folders" in capsys.readouterr().err
    assert main(["train"]) == 2
    assert main(["train", "fit"]) == 2
    capsys.readouterr()
    assert main(["--device", "cpu", "train", "eval", "--data", "nowhere"]) == 2
    assert "give --device behind the command of `train`" in capsys.readouterr().err


def test_help_needs_no_slow_library() -> None:
    """PyTorch and Gradio take seconds to import."""
    program = (
        "import sys; from glowface.cli import main; assert main(['--help']) == main(['edit', '--help']) == 0; "
        "sys.exit(int('torch' in sys.modules or 'gradio' in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
