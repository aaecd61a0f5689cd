"""The command line's options are a promise: none comes or goes without a change here."""

from __future__ import annotations

import sys
from dataclasses import fields
from typing import Any

import pytest

from tests.parsing import options, read
from train.cli import commands, main
from train.options import ConfigOptions
from train.settings.config import FitConfig

COMMON = "--device --seed"
PICTURES = "--data --limit --cache --workers"
OPTIONS = {
    "fit": f"{COMMON} {PICTURES} --out --preset --variant --permutation --coupling --image-size --levels --flow-steps "
    "--widths --n-bits --dequantiser-width --steps --batch --accumulation --optimiser --learning-rate --muon-rate "
    "--warmup --decay-share --gradient-clip --ema --patience --no-mirror --freeze-flow --memory --shard --no-graph "
    "--pictures --warm-start --precision --save-every --look-every --log-every",
    "eval": f"{COMMON} {PICTURES} --checkpoint --split --round-trip --frechet --temperatures --json",
    "sample": f"{COMMON} checkpoint --output --columns --temperatures",
    "matte": "--data --masks --output --epochs --seed",
    "prepare": "photos out --size --faces --smallest --device",
}


def test_no_option_comes_or_goes_unnoticed() -> None:
    assert options(commands) == {name: set(words.split()) for name, words in OPTIONS.items()}


def test_every_field_of_the_config_can_be_given() -> None:
    no_numbers = {"model", "initialise_batch", "warm_start", "seed", "mirror", "freeze_flow"}
    assert {field.name for field in fields(ConfigOptions)} | no_numbers == set(FitConfig().to_dict())


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("--widths 96 192 256", "widths", [96, 192, 256]),
        ("--widths 96 --batch 8", "widths", [96]),
        ("--widths 96 192 --batch 8", "batch", 8),
        ("--ema 0", "ema", 0.0),
        ("--seed -3", "seed", -3),
        ("--no-mirror", "no_mirror", True),
        ("--no-graph", "no_graph", True),
        ("", "no_mirror", False),
        ("", "preset", "faces-64"),
        ("", "learning_rate", None),
        ("--memory reversible", "memory", "reversible"),
    ],
)
def test_values_are_read_as_they_are_typed(words: str, name: str, value: Any) -> None:
    assert read(commands, f"fit --data pictures --out run {words}")[name] == value


@pytest.mark.parametrize(
    "words",
    [
        "--batch few",
        "--save-every 0",
        "--limit 0",
        "--preset faces-65",
        "--variant flow",
        "--memory none",
        "--widths",
        "--no-such-option",
        "more",
    ],
)
def test_what_is_no_such_option_or_value_is_wrong_usage(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--data", "pictures", "--out", "run", *words.split()]) == 2
    said = capsys.readouterr().err
    assert "Error: " in said
    assert "Traceback" not in said


def test_training_says_what_to_install_where_tensorboard_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as if it were not there
    assert main(["fit", "--data", "pictures", "--out", "run"]) == 1
    assert "run `pip install tensorboard`" in capsys.readouterr().err
