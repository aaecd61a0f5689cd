"""The paper's experiments: runs are read as they were logged, pairs are fair, and commands are those that work."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch

from app.editor import Editor
from benchmarks.paper import depth, faces, mixing_bits, mixing_time, page, permutations, table_2
from benchmarks.paper.training import Curve, came, read_curve, train, with_spread
from glow.layers.invertible_conv import Conv1x1, Conv1x1LU
from tests.parsing import read
from train.cli import commands, main
from train.settings.presets import PRESETS


def test_the_shallow_flow_has_as_many_parameters_as_the_deep_one() -> None:
    shallow = depth.parameters(depth.SHALLOW, depth.shallow_widths())
    assert shallow == pytest.approx(depth.parameters(depth.DEEP, depth.WIDTHS), rel=0.03)


def test_sections_of_the_page_stand_in_the_papers_order(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text("# The page\n\nIts opening.\n")
    for title in (*reversed(page.SECTIONS), page.SECTIONS[2]):
        page.write(title, f"About {title}, of {len(title)} letters.\n\n| a | table |", document)
    text = document.read_text()
    assert text.startswith("# The page\n\nIts opening.\n\n## Permutations")
    assert [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")] == list(page.SECTIONS)
    assert text.count("About ") == len(page.SECTIONS)
    assert "\n\n\n" not in text


def test_the_spread_is_that_of_seeds() -> None:
    assert with_spread([3.0, 3.2]) == "3.100 ± 0.141"
    assert with_spread([3.0]) == "3.000"


def test_what_came_is_told_by_every_seed() -> None:
    assert came([2.0, 2.1], [2.2, 2.3]) == "yes, by 0.200"
    assert came([2.2, 2.3], [2.0, 2.1]) == "**no**: behind by 0.200"
    assert came([2.0, 2.2], [2.1, 2.3]).startswith("**cannot be told**: +0.100")


def test_the_page_says_which_depth_came_out_ahead() -> None:
    def trained(levels: int, widths: tuple[int, ...], bits: float, apart: float) -> depth.Trained:
        return depth.Trained(levels, widths, [Curve((1,), (bits,), 100.0)] * 2, [apart, apart])

    flows = trained(2, depth.shallow_widths(), 2.0, 30.0), trained(4, depth.WIDTHS, 2.1, 20.0)
    text = depth.report(*flows, argparse.Namespace(data=Path("data/celebahq"), pictures=6000, seeds=2))
    assert "| 4 levels ahead in Fréchet distance, as in the paper's samples | yes, by 10.000 |" in text
    assert "| 4 levels ahead in bits/dim | **no**: behind by 0.100 |" in text
    assert "| 4 | 48, 64, 96, 128 |" in text


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
    assert "| fixed shuffle, affine, ahead of reverse, affine | **cannot be told**: +0.000" in text
    assert text.count("cannot be told") == 7


def test_both_forms_of_the_convolution_are_compared_seed_by_seed() -> None:
    def seeds(*bits: float) -> list[Curve]:
        return [Curve((1,), (each,), 100.0) for each in bits]

    curves = {(3, "1x1-full"): seeds(2.0, 2.2), (3, "1x1-lu"): seeds(2.01, 2.21)}
    text = mixing_bits.report(curves, argparse.Namespace(data=Path("data/celebahq"), pictures=6000, seeds=2))
    assert "| 48 | 3 | 2.100 ± 0.141 | 2.110 ± 0.141 | +0.010 ± 0.000 |" in text
    assert "4 minutes of training" in text


def test_both_forms_of_the_convolution_are_timed_on_the_same_work() -> None:
    times = mixing_time.milliseconds(*(mixing_time.layer_work(kind, 12, 2) for kind in (Conv1x1, Conv1x1LU)))
    assert len(times) == 2
    assert min(times) > 0


@pytest.mark.parametrize("row", table_2.ROWS, ids=lambda row: row.title)
def test_a_row_of_table_2_is_a_command_that_lacks_nothing_but_its_pictures(
    row: table_2.Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    start, words = row.command.split(" fit ")
    assert start == "python -m train"
    assert main(["fit", *shlex.split(words)]) == 1
    said = capsys.readouterr().err
    assert "no pictures" in said
    assert f"data/{row.folder}" in said
    config = PRESETS[read(commands, f"fit {words}")["preset"]]()
    model = config.model
    assert (model.n_bits, model.coupling, set(model.widths)) == (8, "affine", {512})
    # Batch, L and K of the paper's table 4.
    expected = {"cifar10": (512, 3, 32), "imagenet32": (512, 3, 48), "imagenet64": (128, 4, 48), "lsun": (128, 4, 48)}
    assert (config.batch, model.levels, model.flow_steps) == expected[row.preset]


def test_the_hours_of_table_2_are_pictures_over_throughput() -> None:
    text = table_2.report({row.preset: 16.0 for row in table_2.ROWS})
    assert "| CIFAR-10 | 3.35 | 3.49 | not run | 256 million | 16.00 | 4,444 |" in text
    assert all(row.command in text for row in table_2.ROWS)
    assert table_2.operations("imagenet32") == pytest.approx(1.5 * table_2.operations("cifar10"))


@torch.no_grad()
def test_a_row_for_each_temperature_and_a_way_between_faces(editor: Editor) -> None:
    model = editor.checkpoint.model
    sheet = np.asarray(faces.temperatures(model, 2, 0))
    rows = sheet[:, faces.MARGIN :]
    apart = [float(np.abs(np.float32(row[:, :96]) - row[:, 100:]).mean()) for row in (rows[:96], rows[-96:])]
    assert apart[0] == 0
    assert apart[1] > 10
    first, second = (portrait.latent for portrait in editor.sample(2, 0.6, 0))
    pictures = faces.way(model, first, second, 3)
    assert np.array_equal(pictures[0], faces.on_screen(model.decode(first))[0])
    assert np.array_equal(pictures[2], faces.on_screen(model.decode(second))[0])
    assert not np.array_equal(pictures[1], pictures[0])
