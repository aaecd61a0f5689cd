"""The paper's experiments: runs are read as they were logged, and the two depths are a fair pair."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from benchmarks.paper import depth, permutations
from benchmarks.paper.training import Curve, read_curve, train, with_spread


def test_the_shallow_flow_has_as_many_parameters_as_the_deep_one() -> None:
    shallow = depth.parameters(depth.SHALLOW, depth.shallow_widths())
    assert shallow == pytest.approx(depth.parameters(depth.DEEP, depth.WIDTHS), rel=0.03)


def test_the_spread_is_that_of_seeds() -> None:
    assert with_spread([3.0, 3.2]) == "3.100 ± 0.141"
    assert with_spread([3.0]) == "3.000"


@pytest.mark.slow
def test_a_run_is_done_once_and_its_curve_drawn(celebahq_folder: Path, tmp_path: Path) -> None:
    args = argparse.Namespace(data=celebahq_folder, runs=tmp_path / "runs", pictures=256, seeds=1)
    shape = ("--levels", 2, "--flow-steps", 1, "--widths", 8, 8)
    options = (*shape, "--permutation", "shuffle", "--coupling", "additive", "--cache", tmp_path / "cache")
    curve = train("shuffle", options, 0, args)
    assert curve.steps == (1, 2, 3, 4)
    assert curve.bits[0] > curve.last > 0
    log = tmp_path / "runs" / "shuffle-256-0" / "log.jsonl"
    assert read_curve(log) == curve
    model = log.with_name("model.safetensors")
    before = model.stat().st_mtime_ns
    assert train("shuffle", options, 0, args) == curve
    assert model.stat().st_mtime_ns == before
    other = Curve(curve.steps, tuple(bits + 0.1 for bits in curve.bits), 1.0)
    curves = {kind: [curve, other] for kind in permutations.KINDS}
    permutations.draw(curves, tmp_path / "curves.svg")
    assert (tmp_path / "curves.svg").read_text().count("<svg") == 1
    text = permutations.report(curves, args)
    assert f"| fixed shuffle | additive | {with_spread([curve.last, other.last])} |" in text
