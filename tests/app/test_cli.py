"""The command line, as a user types it."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.cli import commands, main
from app.doctor import examine
from attributes import LABEL_NAMES, directions_path, find_recipe, sliders_folder
from attributes.cli import commands as attributes_commands
from attributes.directions.label_sliders import rough_sliders
from storage.assets import DEFAULT_CHECKPOINT, FACES_64
from storage.tensors import read_safetensors, write_safetensors
from tests.parsing import options, read

SMALL = ["--checkpoint", str(FACES_64)]
"""The smaller model, for all that is about no model in particular."""


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_edit_writes_a_changed_picture_of_the_same_size_and_says_what_changed(
    astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.png"
    assert main(["edit", str(astronaut_file), "--set", "smiling=1", "--set", "blond hair=1", "-o", str(out)]) == 0
    assert pixels(out).shape == (512, 512, 3)
    assert not np.array_equal(pixels(out), pixels(astronaut_file))
    said = capsys.readouterr().out
    assert "Smiling +1 (a classifier sees it: 100%, as before)" in said
    hair = re.search(r"Blond_Hair \+1 \(a classifier sees it: (\d+)% → (\d+)%\)", said)
    assert hair is not None
    assert int(hair[2]) > int(hair[1])


def test_edit_without_a_setting_copies_every_pixel(astronaut_file: Path, tmp_path: Path) -> None:
    assert main(["edit", str(astronaut_file), "-o", str(tmp_path / "out.png")]) == 0
    assert np.array_equal(pixels(tmp_path / "out.png"), pixels(astronaut_file))


def test_a_value_beyond_the_range_is_told_and_counts_as_its_end(
    astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("far", "9"), ("end", "1.5")):
        words = ["edit", str(astronaut_file), "--set", f"Smiling={value}", "-o", str(tmp_path / f"{name}.png")]
        assert main([*SMALL, *words]) == 0
        told = "note: Smiling 9 is beyond the end of its range; 1.5 was taken" in capsys.readouterr().err
        assert told == (name == "far")
    assert np.array_equal(pixels(tmp_path / "far.png"), pixels(tmp_path / "end.png"))


def test_blend_and_sample_write_pictures(astronaut_file: Path, tmp_path: Path) -> None:
    flipped = tmp_path / "flipped.png"
    Image.fromarray(pixels(astronaut_file)[:, ::-1]).save(flipped)
    assert main(["blend", str(astronaut_file), str(flipped), "--ratio", "0.5", "-o", str(tmp_path / "blend.png")]) == 0
    assert pixels(tmp_path / "blend.png").shape == (512, 512, 3)
    assert main(["sample", "--count", "6", "--seed", "1", "-o", str(tmp_path / "faces.png")]) == 0
    assert pixels(tmp_path / "faces.png").shape == (2 * 132 - 4, 3 * 132 - 4, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["edit", "missing.jpg", "-o", "x.png"], "missing.jpg"),
        (["edit", "{photo}", "--face", "3", "-o", "x.png"], "face 3 was asked for, and 1 found"),
        (["edit", "{photo}", "-o", "x.doc"], "png"),
        (["edit", "{wall}", "-o", "x.png"], "--face whole"),
        (["blend", "{photo}", "{wall}", "-o", "x.png"], "wall.png: No face was found"),
        (["blend", "{photo}", "{wall}", "-o", "x.png"], "--second-face whole"),
        (["blend", "{photo}", "{photo}", "--ratio", "2", "-o", "x.png"], "the ratio is 2.0"),
        (["blend", "{photo}", "{photo}", "--colours", "2", "-o", "x.png"], "the ratio of colours is 2.0"),
        (["edit", "{photo}", "--set", "Smile=1", "-o", "x.png"], "no such slider; did you mean Smiling"),
        (["edit", "{photo}", "--set", "Beard=1", "-o", "x.png"], "did you mean No_Beard (-1 is more of it)"),
        (["edit", "{photo}", "--set", "grey_hair=1", "-o", "x.png"], "did you mean Gray_Hair"),
        (["edit", "{photo}", "--keep", "Mail", "-o", "x.png"], "no such slider; did you mean Male"),
        (["edit", "{photo}", "--recipe", "nowhere", "-o", "x.png"], "there is no recipe 'nowhere'"),
        (["edit", "{photo}", "-o", "nowhere/x.png"], "there is no folder nowhere"),
        (["--checkpoint", "nowhere.safetensors", "sample", "-o", "x.png"], "there is no file nowhere.safetensors"),
        (["--device", "cuda:99", "sample", "-o", "x.png"], "try --device cpu"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    arguments: list[str], message: str, astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wall = tmp_path / "wall.png"
    Image.new("RGB", (200, 200), "grey").save(wall)
    assert main([*SMALL, *(argument.format(photo=astronaut_file, wall=wall) for argument in arguments)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert message in said


@pytest.mark.parametrize("count", ["0", "-1", "few"])
def test_a_sheet_needs_a_face(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "--count", count, "-o", "x.png"]) == 2
    assert "--count" in capsys.readouterr().err


@pytest.mark.parametrize("setting", ["=1", "Smiling", "Smiling=much", "Smiling=nan"])
def test_wrong_settings_are_refused_before_anything_is_loaded(setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edit", "photo.jpg", "--set", setting, "-o", "x.png"]) == 2
    assert "must be NAME=VALUE" in capsys.readouterr().err


def test_labels_lists_all_40(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["labels"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert sorted(listed) == sorted(LABEL_NAMES)


def test_rough_sliders_are_marked_and_come_last_of_their_group(capsys: pytest.CaptureFixture[str]) -> None:
    rough = rough_sliders(directions_path(DEFAULT_CHECKPOINT))
    assert rough
    assert main(["labels"]) == 0
    groups: list[list[bool]] = []
    for line in capsys.readouterr().out.splitlines():
        if not line.startswith(" "):
            groups.append([])
        else:
            groups[-1].append(line.endswith("(rough)"))
            assert groups[-1][-1] == (line.split()[0] in rough)
    assert all(group == sorted(group) for group in groups)


@pytest.mark.parametrize("command", ["labels", "doctor"])
def test_a_list_may_be_cut_off_by_its_reader(command: str) -> None:
    """As by `head`: whoever reads has gone before the first line comes."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        words = [sys.executable, "-m", "app", *SMALL, command]
        done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_recipes_are_listed_and_applied(
    astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recipes"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert "blonde" in listed
    recipe = find_recipe("blonde")
    out = [tmp_path / f"{number}.png" for number in range(3)]
    settings = [f"--set={name}={value}" for name, value in recipe.moves.items()]
    kept = [f"--keep={name}" for name in recipe.keep]
    edit = [*SMALL, "edit", str(astronaut_file)]
    assert main([*edit, "--recipe", "blonde", "-o", str(out[0])]) == 0
    assert main([*edit, *settings, *kept, "-o", str(out[1])]) == 0
    assert main([*edit, *settings, "-o", str(out[2])]) == 0
    assert np.array_equal(pixels(out[0]), pixels(out[1]))
    assert not np.array_equal(pixels(out[0]), pixels(out[2])), "what is kept fixed changes the move"


def test_the_background_is_locked_unless_it_is_let_go(astronaut_file: Path, tmp_path: Path) -> None:
    out = [tmp_path / f"{number}.png" for number in range(3)]
    edit = [*SMALL, "edit", str(astronaut_file), "--set", "Blond_Hair=1", "-o"]
    assert main([*edit, str(out[0])]) == 0
    assert main([*edit, str(out[1]), "--lock-background"]) == 0
    assert main([*edit, str(out[2]), "--no-lock-background"]) == 0
    assert np.array_equal(pixels(out[0]), pixels(out[1]))
    assert not np.array_equal(pixels(out[0]), pixels(out[2]))


def test_the_lists_of_options_are_these() -> None:
    """People's scripts rely on them."""
    shared = "--checkpoint --device"
    every = f"--json {shared}"
    locked = f"--lock-background --no-lock-background {every}"
    moves, picture = f"--set --recipe --keep {locked}", "--size --close-up --no-close-up"
    series = f"--from --to --face --output {moves} {picture}"
    assert options(commands) == {
        name: set(words.split())
        for name, words in {
            "edit": f"photos --face --output {moves}",
            "batch": f"paths --face --all-faces --format --output {moves}",
            "blend": f"first second --ratio --shape --colours --face --second-face --steps --output {locked} {picture}",
            "sample": f"--count --temperature --seed --columns --size --output {every}",
            "animate": f"photo second --slider --second-face --frames --fps {series}",
            "grid": f"photo --across --down --steps --captions --no-captions {series}",
            "read": f"photos --face {every}",
            "labels": every,
            "recipes": "--json",
            "doctor": every,
            "serve": f"--config --host --page-port --port {shared}",
        }.items()
    }
    assert options(attributes_commands) == {
        name: set(words.split())
        for name, words in {
            "compute": f"--data --output --split --limit --plain {shared}",
            "mapper": f"--data --directions --limit --steps --batch --warm-start --seed {shared}",
            "calibrate": f"--data --classifier --directions --limit --only {shared}",
            "evaluate": f"--data --classifier --directions --limit --faces --witness --json --only --markdown {shared}",
            "classifier": "--data --output --epochs --seed --architecture --device",
            "probes": f"--data --limit {shared}",
            "learn": f"title --with --without --csv --aligned {shared}",
            "components": f"--data --count --limit {shared}",
        }.items()
    }


def test_values_are_read_as_they_are_typed() -> None:
    given = read(commands, "edit photo.jpg --set Smiling=-1 --set 'Blond hair=0.5' --face 2 --keep Male -o x.png")
    assert given["settings"] == [("Smiling", -1), ("Blond hair", 0.5)]
    assert (given["face"], given["keep"], given["lock_background"]) == (1, ["Male"], True)
    assert read(commands, "edit photo.jpg --face whole --no-lock-background -o x.png")["face"] == "whole"
    assert not read(commands, "edit photo.jpg --no-lock-background -o x.png")["lock_background"]
    assert read(commands, "blend a.png b.png --ratio -1 -o x.png")["ratio"] == -1


def test_options_may_stand_before_or_after_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in (
        ("--device first sample -o x.png", "device 'first' cannot be used"),
        ("sample --device second -o x.png", "device 'second' cannot be used"),
        ("--device first sample --device second -o x.png", "device 'second' cannot be used"),
        ("--checkpoint none.safetensors sample --device cpu -o x.png", "there is no file none.safetensors"),
    ):
        assert main(words.split()) == 1
        assert told in capsys.readouterr().err


def test_doctor_finds_all_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--device", "cpu"]) == 0
    report = capsys.readouterr().out
    for text in (
        "torch",
        "made for this model",
        "custom sliders",
        "balanced accuracy",
        "lossless for 8 bits",
        "bits/dim",
        "one decode",
    ):
        assert text in report
    assert "ERROR" not in report


def test_a_model_with_nan_in_it_is_told_wherever_it_is_met(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As trainings that had diverged once left them."""
    tensors, header = read_safetensors(FACES_64, "model")
    tensors[min(tensors)].fill_(math.nan)
    write_safetensors(tmp_path / "nan.safetensors", tensors, header)
    where = ["--checkpoint", str(tmp_path / "nan.safetensors"), "--device", "cpu"]
    for words in (["sample", "-o", str(tmp_path / "x.png")], ["--no-browser", "--port", "0"], ["doctor"]):
        assert main([*words, *where]) == 1
        said = capsys.readouterr()
        assert re.search(rf"nan.safetensors is spoilt: {min(tensors)} holds NaN", said.out + said.err), words
        assert "Traceback" not in said.out + said.err


def test_doctor_says_what_is_wrong(tmp_path: Path) -> None:
    findings = {finding.name: finding for finding in examine(tmp_path / "none.safetensors", "cpu")}
    assert not findings["model"].good
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(FACES_64.read_bytes())
    findings = {finding.name: finding for finding in examine(alone, "cpu")}
    assert findings["model"].good
    assert not findings["directions"].good
    assert "there is no file" in findings["directions"].text
    folder = sliders_folder(FACES_64.with_name("alone.safetensors")).name
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "broken.safetensors").write_bytes(b"no slider")
    shutil.copy(FACES_64.with_suffix(".directions.safetensors"), tmp_path / "alone.directions.safetensors")
    findings = {finding.name: finding for finding in examine(alone, "cpu")}
    assert findings["directions"].good
    assert "broken.safetensors is broken" in findings["custom slider"].text
    assert not findings["custom slider"].good
