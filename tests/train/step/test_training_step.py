"""Steps that are recorded and replayed train what steps train that are not: on the CPU, by a recorder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from data.loader import Batches, Draws, collate
from errors import GlowfaceError
from glow.distributed import World
from glow.graphs import WARM_UP, CudaGraphs, Work
from glow.model import Glow, Memory
from storage.tensors import read_safetensors
from tests.conftest import ROOT
from tests.train.step.cpu_graphs import CPU, MODEL, CpuGraphs, copies, train
from train.ema import EMA
from train.fit import TrainingDivergedError
from train.optimiser import Optimiser
from train.parallel import Objective
from train.settings.config import FitConfig, OptimiserKind
from train.settings.run_options import RunOptions
from train.state import state_files
from train.step.pictures import PicturesOnDevice, pictures_on_device
from train.step.training_step import TrainingStep

SHORT = FitConfig(model=MODEL, steps=6, batch=6, warmup=6, learning_rate=1e-2)


def assert_same(folder: Path, other: Path) -> None:
    """Weights, averages and optimiser state of the last step are the same, bit for bit."""
    assert state_files(folder)[0].name == state_files(other)[0].name
    ours, theirs = (read_safetensors(state_files(path)[0], "training state")[0] for path in (folder, other))
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def test_a_recorded_run_that_was_killed_ends_like_a_plain_one_that_was_not(tmp_path: Path) -> None:
    """With gradients in parts, and the pictures where the model is."""

    def command(how: str) -> list[str]:
        return [sys.executable, "-m", "tests.train.step.cpu_graphs", str(tmp_path / how), how]

    subprocess.run(command("plain"), cwd=ROOT, check=True, timeout=300)
    out = tmp_path / "recorded"
    process = subprocess.Popen(command("recorded"), cwd=ROOT)
    while not state_files(out) and process.poll() is None:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(state_files(out)) > 0
    assert not (out / "model.safetensors").exists(), "it ended before it could be killed"
    told = subprocess.run(command("recorded"), cwd=ROOT, check=True, timeout=300, capture_output=True, text=True).stderr
    assert told.count("each step is replayed as one CUDA graph") == 1
    assert_same(out, tmp_path / "plain")


@pytest.mark.parametrize("memory", ["store", "checkpoint", "reversible"])
def test_the_memory_modes_are_replayed_too(tmp_path: Path, memory: Memory) -> None:
    graphs = CpuGraphs()
    for name, how in (("plain", None), ("recorded", graphs)):
        options = RunOptions(graphs=how, memory=memory, net_dtype=torch.bfloat16)
        train(tmp_path / name, SHORT, options)
    assert graphs.operations > 100
    assert graphs.replays == SHORT.steps - WARM_UP - 1  # one was done by the recording
    assert_same(tmp_path / "recorded", tmp_path / "plain")


class Broken(CpuGraphs):
    """Finds half-way that something cannot be recorded."""

    def capture(self, work: Work, device: torch.device) -> Work:
        super().capture(lambda: None, device)
        with torch.autograd.graph.saved_tensors_hooks(_refuse, _refuse):
            work()
        raise AssertionError("it was recorded")


def _refuse(_: object) -> object:
    raise RuntimeError("operation not permitted when stream is capturing\nand much more")


def test_where_it_cannot_be_recorded_the_run_goes_on_plainly_and_says_so_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tmp_path / "plain", SHORT, RunOptions(graphs=None))
    assert "CUDA graph" not in capsys.readouterr().err
    train(tmp_path / "broken", SHORT, RunOptions(graphs=Broken()))
    told = capsys.readouterr().err
    assert told.count("not as one CUDA graph: operation not permitted when stream is capturing\n") == 1
    assert_same(tmp_path / "broken", tmp_path / "plain")


@pytest.mark.parametrize(
    ("optimiser", "processes", "told"),
    [
        ("adam", 1, []),
        ("adam", 2, ["several processes share the work"]),
        ("adamax", 1, ["adamax has to look whether the gradient is finite"]),
        ("muon", 1, ["muon has to look whether the gradient is finite"]),
    ],
)
def test_what_cannot_be_recorded_is_known_beforehand(optimiser: OptimiserKind, processes: int, told: list[str]) -> None:
    model, config, said = Glow(MODEL), FitConfig(model=MODEL, optimiser=optimiser), []
    parts = Optimiser(model, config), EMA(model, model, 0.9)
    world = World(CPU, size=processes)
    for graphs in (CpuGraphs(), CudaGraphs(), None):
        TrainingStep(Objective(model), *parts, config, world, pictures_of=lambda x: x, graphs=graphs, tell=said.append)
    assert [words.partition("graph: ")[2] for words in said] == told


def test_recorded_steps_without_a_finite_gradient_are_skipped_and_many_of_them_end_the_run(tmp_path: Path) -> None:
    config = FitConfig(model=MODEL, steps=100, batch=2, learning_rate=1e30, warmup=0)
    with pytest.raises(TrainingDivergedError, match="lower --learning-rate"):
        train(tmp_path, config, RunOptions(graphs=CpuGraphs(), log_every=20))


def test_pictures_on_the_device_make_the_batches_that_are_made_without_it(tmp_path: Path) -> None:
    pictures = copies(tmp_path)
    for n_bits in (1, 5, 8):
        there = PicturesOnDevice(pictures, n_bits, CPU)
        plain, draws = (kind(pictures, 8, 11, n_bits, seed=4) for kind in (Batches, Draws))
        for step in range(4):
            drawn = collate([draws[position, draws.picture(position)] for position in draws.places(step)])[0]
            assert torch.equal(there(*drawn), plain(step))


def test_pictures_lie_on_the_device_where_asked_and_must_be_copies(tmp_path: Path) -> None:
    pictures = copies(tmp_path)
    assert pictures_on_device(pictures, MODEL, CPU, wanted=None) is None
    assert pictures_on_device(pictures, MODEL, CPU, wanted=True) is not None

    class Streamed:
        identity = "streamed"

        def __len__(self) -> int:
            return 1

        def read(self, index: int, size: int) -> np.ndarray:
            return np.full((3, size, size), index, np.uint8)

    with pytest.raises(GlowfaceError, match="only pictures that were copied"):
        pictures_on_device(Streamed(), MODEL, CPU, wanted=True)
