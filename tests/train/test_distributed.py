"""Several processes train what one trains: shares without repeats, the same losses, restarts, shards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from data.cache import CachedPictures
from data.loader import Batches
from glow import load_checkpoint
from tests.conftest import ROOT
from tests.train.conftest import Command, Run
from train.state import state_files

TORCHRUN = [
    sys.executable,
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--nproc-per-node",
    "2",
    "--max-restarts",
    "1",
]
OPTIONS = ("--precision", "float32", "--steps", "30", "--save-every", "5", "--look-every", "15", "--log-every", "5")


def log(out: Path, name: str) -> dict[int, float]:
    """A figure of the run's log, by step."""
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return {line["step"]: line[name] for line in lines if name in line}


@pytest.fixture(scope="module")
def alone(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process makes of it."""
    out = tmp_path_factory.mktemp("alone")
    assert run(out, *OPTIONS) == 0
    return out


def assert_alike(out: Path, alone: Path) -> None:
    """The same losses and weights but for rounding, which Adam enlarges where gradients are near 0."""
    for name in ("train", "validation", "gradient"):
        ours, theirs = log(out, name), log(alone, name)
        assert ours.keys() == theirs.keys()
        np.testing.assert_allclose(
            list(ours.values()), list(theirs.values()), rtol=1e-2 if name == "gradient" else 5e-4
        )
    ours, theirs = (
        torch.nn.utils.parameters_to_vector(load_checkpoint(path / "model.safetensors").model.parameters())
        for path in (out, alone)
    )
    assert float((ours - theirs).abs().mean()) < 1e-4


def test_two_processes_one_of_them_killed_train_what_one_trains(
    arguments: Command, alone: Path, tmp_path: Path
) -> None:
    words = [*TORCHRUN, "-m", "train", *arguments(tmp_path, *OPTIONS)]
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while len(state_files(tmp_path)) < 2 and process.poll() is None:
        time.sleep(0.005)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(workers[1]), signal.SIGKILL)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert told.count("2 processes") == 2, "it was not started anew"
    assert_alike(tmp_path, alone)


@pytest.mark.parametrize("memory", ["checkpoint", "store"])
def test_a_sharded_run_trains_the_same_and_one_process_goes_on_with_it(
    arguments: Command, run: Run, alone: Path, tmp_path: Path, memory: str
) -> None:
    options = ("--shard", "--memory", memory, "--accumulation", "2")
    words = [*TORCHRUN, "-m", "train", *arguments(tmp_path, *OPTIONS, *options)]
    process = subprocess.Popen(words, cwd=ROOT)
    while not any(path.stem >= "state-000000015" for path in state_files(tmp_path)) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    assert process.wait() != 0, "it ended before it could be stopped"
    assert run(tmp_path, *OPTIONS) == 0
    assert_alike(tmp_path, alone)


def test_two_processes_grow_the_model_that_one_grows(arguments: Command, run: Run, alone: Path, tmp_path: Path) -> None:
    shape = ("--image-size", "32", "--levels", "3", "--widths", "16", "16", "16")
    options = (*OPTIONS, "--steps", "5", *shape, "--warm-start", str(alone / "model.safetensors"))
    assert run(tmp_path / "one", *options) == 0
    words = [*TORCHRUN, "-m", "train", *arguments(tmp_path / "two", *options)]
    subprocess.run(words, cwd=ROOT, check=True, timeout=300)
    assert_alike(tmp_path / "two", tmp_path / "one")


@pytest.mark.parametrize("ranks", [1, 2, 3, 5])
def test_the_shares_of_a_step_are_the_step_without_repeats(ranks: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (23, 3, 4, 4), dtype=np.uint8)
    pixels.tofile(tmp_path / "pictures.u8")
    batches = Batches(CachedPictures(tmp_path / "pictures.u8", 4), 4, batch=8, n_bits=5, seed=3)
    for step in range(4):
        shares = [batches(step, rank, ranks) for rank in range(ranks)]
        assert torch.equal(torch.cat(shares), batches(step))


def test_what_cannot_be_shared_is_refused_in_words(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--shard") == 1
    assert "start them with torchrun" in capsys.readouterr().err
    assert run(tmp_path, "--batch", "4", "--accumulation", "5") == 1
    assert "raise --batch or lower --accumulation" in capsys.readouterr().err


def test_one_gpu_by_its_number_is_refused_to_several_processes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)  # as torchrun does
    assert run(tmp_path, "--device", "cuda:1") == 1
    assert "--device cuda:1 is one GPU for 2 processes; give --device cuda" in capsys.readouterr().err
