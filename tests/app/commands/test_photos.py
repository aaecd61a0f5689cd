"""Commands that take several photos, or make several pictures, as a user types them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.cli import main
from app.commands.telling import progress
from app.editor import Editor
from storage.assets import FACES_64
from tests.conftest import ROOT

MODEL = ["--checkpoint", str(FACES_64), "--device", "cpu"]


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo without a face."""
    path = tmp_path_factory.mktemp("photos") / "wall.png"
    Image.new("RGB", (200, 200), "grey").save(path)
    return path


def test_several_photos_are_edited_into_a_folder(
    editor: Editor, astronaut_file: Path, wall: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    photos = [str(wall), str(astronaut_file), str(astronaut_file)]
    assert main([*MODEL, "edit", *photos, "--set", "smiling=-1", "-o", str(out)]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("error: wall.png: No face was found")
    assert said.err.count("\n") == 1
    assert [line.split(": ")[0] for line in said.out.splitlines()] == [
        str(out / name) for name in ("astronaut.png", "astronaut-2.png")
    ]
    expected = editor.edit(editor.open(astronaut_file), {"Smiling": -1.0}).pixels
    assert np.array_equal(pixels(out / "astronaut.png"), expected)


def test_a_batch_says_how_many_are_done(
    astronaut_file: Path, wall: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["batch", str(astronaut_file), str(wall.parent), "--recipe", "happy", "-o", str(tmp_path)]
    assert main([*MODEL, *words]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"{astronaut_file} → {tmp_path / 'astronaut.png'}",
        "1 of 2 photos done, 1 failed",
    ]
    assert f"error: {wall}: No face" in said.err


def test_read_names_what_is_plain_to_see(
    editor: Editor, astronaut_file: Path, wall: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*MODEL, "read", str(wall), str(astronaut_file)]) == 1
    said = capsys.readouterr()
    assert "error: wall.png: No face was found" in said.err
    lines = said.out.splitlines()
    assert (lines[0], len(lines)) == (str(astronaut_file), 41)
    assert lines[1].split() == ["Smiling", "100%"]
    assert main([*MODEL, "read", str(wall), "--face", "whole", "--json"]) == 0
    labels = json.loads(capsys.readouterr().out)["results"][0]["labels"]
    assert labels == editor.read(editor.open(wall, "whole").decoded)


def test_blend_takes_the_faces_that_are_named_and_makes_strips(
    astronaut_file: Path, wall: Path, tmp_path: Path
) -> None:
    blend = [*MODEL, "blend", str(astronaut_file), str(wall), "--second-face", "whole", "-o", str(tmp_path / "x.png")]
    assert main(blend) == 0
    assert pixels(tmp_path / "x.png").shape == (512, 512, 3)
    assert main([*blend, "--steps", "3", "--size", "64"]) == 0
    height, width, _ = pixels(tmp_path / "x.png").shape
    assert height <= 64
    assert 2 * 64 < width <= 3 * 64 + 2 * 4


def test_a_blend_is_filmed(astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = tmp_path / "film.mp4"
    words = ["animate", str(astronaut_file), str(astronaut_file), "--frames", "3", "--size", "64", "-o", str(film)]
    assert main([*MODEL, *words]) == 0
    assert film.read_bytes()[4:8] == b"ftyp"
    assert capsys.readouterr().out == f"{film}: 4 frames, 0.2 seconds\n"


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["edit", "{photo}", "--set", "Smile=1", "-o", "x.png"], 1, "did you mean Smiling"),
        (["edit", "{photo}", "{photo}", "-o", "x.png"], 2, "x.png is one file; give a folder for 2 photos"),
        (["batch", "{photo}", "--keep", "Smile", "-o", "{folder}"], 1, "did you mean Smiling"),
        (["batch", "{photo}", "--face", "2", "--all-faces", "-o", "{folder}"], 2, "not both"),
        (["batch", "{folder}", "-o", "{folder}"], 1, "there is no photo in the folder"),
        (["batch", "{photo}", "--format", "doc", "-o", "{folder}"], 1, "'.doc' is not known"),
        (["blend", "{photo}", "{photo}", "--ratio", "2", "-o", "x.png"], 1, "the ratio is 2.0; it must be a number"),
        (["blend", "{photo}", "{photo}", "--second-face", "0", "-o", "x.png"], 2, "must be a number from 1"),
        (["sample", "--temperature", "-1", "-o", "x.png"], 1, "the temperature is -1.0; it must be"),
        (["animate", "{photo}", "--slider", "Smile", "-o", "x.gif"], 1, "did you mean Smiling"),
        (["animate", "{photo}", "--slider", "Smiling", "-o", "x.png"], 1, "an animation is written as .gif or .mp4"),
        (["animate", "{photo}", "-o", "x.gif"], 2, "give either --slider or a second photo"),
        (["animate", "{photo}", "{photo}", "--set", "Male=1", "-o", "x.gif"], 2, "go with --slider"),
        (["grid", "{photo}", "--across", "Smile", "-o", "x.png"], 1, "did you mean Smiling"),
        (["grid", "{photo}", "--across", "Young", "--down", "young", "-o", "x.png"], 2, "give two sliders"),
        (["grid", "{photo}", "--across", "Young", "--down", "Male", "--steps", "16", "-o", "x.png"], 2, "at most 15"),
    ],
)
def test_what_is_wrong_is_told_before_any_model_is_loaded(
    words: list[str], status: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    photo = tmp_path / "photo.png"
    photo.touch()
    words = [word.format(photo=photo, folder=tmp_path / "empty") for word in words]
    assert main(["--checkpoint", str(tmp_path / "none.safetensors"), *words, "--json"]) == status
    said = capsys.readouterr()
    assert told in said.err
    assert said.out == ""


def test_progress_is_shown_at_a_terminal_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert list(progress([1, 2], 2, "photos")) == [1, 2]
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]
    termios = pytest.importorskip("termios", reason="Windows has no such terminals")
    reader, writer = os.openpty()
    termios.tcsetwinsize(writer, (24, 80))
    os.set_blocking(reader, False)
    with os.fdopen(writer, "w") as terminal, os.fdopen(reader, "rb", buffering=0) as seen:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert list(progress([1, 2], 2, "photos")) == [1, 2]
        terminal.flush()
        assert b"photos:" in seen.read(1000)


def test_a_seed_too_large_and_the_photo_without_a_face_are_told(
    astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", "--seed", str(2**70), "-o", str(tmp_path / "faces.png")]) == 2
    assert "Invalid value for '--seed'" in capsys.readouterr().err
    Image.new("RGB", (300, 200), (99, 99, 99)).save(tmp_path / "blank.png")
    photos = [str(astronaut_file), str(tmp_path / "blank.png")]
    assert main(["blend", *photos, "--checkpoint", str(FACES_64), "-o", str(tmp_path / "blend.png")]) == 1
    told = capsys.readouterr().err
    assert "blank.png: No face was found" in told
    assert "--second-face whole" in told
    assert "--face " not in told


def test_a_terminal_without_the_letters_of_a_name_gets_a_line_all_the_same(
    astronaut_file: Path, tmp_path: Path
) -> None:
    target = tmp_path / "日.png"
    command = [sys.executable, "-m", "app", "edit", str(astronaut_file), "--set", "Smiling=1", *MODEL]
    surroundings = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*command, "-o", str(target)], env=surroundings, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"\\u65e5.png" in done.stdout
    assert target.is_file()
