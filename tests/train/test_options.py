"""The command line's options are a promise: none comes or goes without a change here."""

from __future__ import annotations

import argparse

from train.options import RECIPE_OPTIONS, build_parser
from train.settings.config import FitConfig

COMMON = "--device --seed"
PICTURES = "--data --limit --cache --workers"
OPTIONS = {
    "fit": f"{COMMON} {PICTURES} --out --preset --variant --coupling --image-size --levels --flow-steps --widths "
    "--n-bits --dequantiser-width --steps --batch --accumulation --optimiser --learning-rate --muon-rate --warmup "
    "--decay-share --gradient-clip --ema --patience --no-mirror --freeze-flow --memory --shard --pictures --warm-start "
    "--precision --save-every --look-every --log-every",
    "eval": f"{COMMON} {PICTURES} --checkpoint --split --round-trip --frechet --temperatures --json",
    "sample": f"{COMMON} checkpoint --output --columns --temperatures",
    "matte": "--data --masks --output --epochs --seed",
    "prepare": "photos out --size --faces --smallest --device",
}


def test_no_option_comes_or_goes_unnoticed() -> None:
    commands = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    found = {
        name: {action.option_strings[-1] if action.option_strings else action.dest for action in parser._actions}
        for name, parser in commands.choices.items()
    }
    assert {name: sorted(options - {"--help"}) for name, options in found.items()} == {
        name: sorted(options.split()) for name, options in OPTIONS.items()
    }


def test_every_part_of_the_recipe_can_be_given() -> None:
    no_numbers = {"model", "initialise_batch", "warm_start", "seed", "mirror", "freeze_flow"}
    assert set(RECIPE_OPTIONS) | no_numbers == set(FitConfig().to_dict())
