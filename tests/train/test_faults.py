"""What can go wrong with a run: killed, spoilt states, a full disk, two of them in one folder."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from glow import load_checkpoint
from storage.tensors import read_safetensors, write_safetensors
from tests.conftest import ROOT
from tests.train.conftest import Command, Run
from train.state import state_files

ALONE = os.environ | {"OMP_NUM_THREADS": "1"}  # where bits need not be the same: beside other programs it is faster
EXACT = ("--precision", "float32", "--save-every", "10", "--look-every", "1000")


def state(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a run's last state."""
    return read_safetensors(state_files(folder)[0], "training state")[0]


def assert_same(folder: Path, other: Path) -> None:
    """Weights, averages and optimiser state are the same, bit for bit."""
    ours, theirs = state(folder), state(other)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def in_a_process(command: list[str], env: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit status and stderr of a command in a process of its own, as people run it: what rounds depends on nothing
    that other tests have set in this one."""
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def whole(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 60 steps that nothing has happened to."""
    out = tmp_path_factory.mktemp("whole")
    assert in_a_process(command(out, *EXACT, "--steps", "60"))[0] == 0
    return out


def test_a_killed_run_goes_on_and_ends_like_one_that_was_not_killed(
    run: Run, command: Command, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = subprocess.Popen(command(tmp_path, *EXACT, "--steps", "60"), cwd=ROOT)
    while not state_files(tmp_path) and process.poll() is None:
        time.sleep(0.01)
    assert run(tmp_path, *EXACT, "--steps", "60") == 1
    assert f"another process is training in {tmp_path}" in capsys.readouterr().err
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert state_files(tmp_path)
    assert not (tmp_path / "model.safetensors").exists(), "it ended before it could be killed"
    assert in_a_process(command(tmp_path, *EXACT, "--steps", "60"))[0] == 0
    assert_same(tmp_path, whole)
    assert len(state_files(tmp_path)) == 2
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("spoil", ["cut off", "other bytes"])
def test_a_run_goes_on_from_the_state_before_a_spoilt_one(
    command: Command, whole: Path, tmp_path: Path, spoil: str
) -> None:
    (tmp_path / "run").mkdir()
    for path in state_files(whole):
        (tmp_path / "run" / path.name).write_bytes(path.read_bytes())
    newest, before = state_files(tmp_path / "run")
    content = newest.read_bytes()
    newest.write_bytes(content[:-1000] if spoil == "cut off" else content[:-1000] + bytes(1000))
    again = command(tmp_path / "run", *EXACT, "--steps", "60")
    status, messages = in_a_process(again)
    assert status == 0
    assert f"{newest} is broken" in messages
    assert_same(tmp_path / "run", whole)
    for path in state_files(tmp_path / "run"):
        path.write_bytes(b"nothing")
    status, messages = in_a_process(again, ALONE)
    assert status == 1
    assert "no state in" in messages
    assert before.name == "state-000000050.safetensors"


def test_states_of_nothing_that_we_write_are_told_and_stop_the_run(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd: list[dict[str, Any]] = [{"progress": []}, {"progress": {"step": "1"}}, {"progress": {"step": 1}, "config": 7}]
    for step, header in enumerate(odd):
        path = tmp_path / f"state-{step:09d}.safetensors"
        write_safetensors(path, {}, {"kind": "training state", "checksum": 0} | header)
    os.mkfifo(tmp_path / "state-000000009.safetensors")
    assert run(tmp_path, *EXACT, "--steps", "60") == 1
    said = capsys.readouterr().err
    assert said.count("is no state of this Glowface") == len(odd)
    assert "it is no regular file" in said
    assert "no state in" in said


def assert_full_disk_is_told(status: int, messages: str, out: Path) -> None:
    """The message says what could not be written; what was there before can still be gone on from and used."""
    assert status == 1, messages
    assert "error: " in messages
    assert "make room" in messages
    assert "Traceback" not in messages
    assert [path.name for path in state_files(out)] == ["state-000000010.safetensors"]
    assert len(state(out)) > 100
    assert load_checkpoint(out / "model.safetensors").record.step in {10, 20}  # it may have had room
    assert not list(out.glob(".*.part"))


def test_files_that_may_not_grow_leave_the_last_checkpoint_whole(run: Run, command: Command, tmp_path: Path) -> None:
    assert run(tmp_path, *EXACT, "--steps", "10") == 0
    limit = state_files(tmp_path)[0].stat().st_size - 1000
    done = subprocess.run(
        command(tmp_path, *EXACT, "--steps", "20"),
        cwd=ROOT,
        env=ALONE,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert_full_disk_is_told(done.returncode, done.stderr, tmp_path)


def test_a_full_disk_leaves_the_last_checkpoint_whole(run: Run, command: Command, tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        assert run(tmp_path, *EXACT, "--steps", "10") == 0
        with (tmp_path / "other").open("wb") as file:  # leaves room for the log, not for a state
            free = os.statvfs(tmp_path)
            file.write(bytes(free.f_bavail * free.f_frsize - 100_000))
        assert_full_disk_is_told(*in_a_process(command(tmp_path, *EXACT, "--steps", "20"), ALONE), tmp_path)
        (tmp_path / "other").unlink()
        assert run(tmp_path, *EXACT, "--steps", "20") == 0
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_the_log_of_steps_that_were_lost_is_taken_back(run: Run, whole: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    state_before = state_files(whole)[1]
    (tmp_path / "run" / state_before.name).write_bytes(state_before.read_bytes())
    lines = (whole / "log.jsonl").read_text()
    (tmp_path / "run" / "log.jsonl").write_text(lines + '{"step": 6')
    assert run(tmp_path / "run", *EXACT, "--steps", "60") == 0
    steps = [line.split(",")[0] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert steps == ['{"step": 50', '{"step": 60']
