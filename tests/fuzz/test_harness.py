"""The fuzzer's own alarm: what a bad reader does is noticed and named, and the run goes on."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.fuzz.harness import run
from tests.fuzz.target import Target

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory and crashes are told as Linux tells them")


def make(chance: random.Random, folder: Path) -> Path:
    path = folder / "case.txt"
    path.write_text(str(chance.random()))
    return path


def read(path: Path) -> object:
    """Refuses its warm-up and every other case; those it is told of by a file beside the cases, it fails at."""
    deed = path.parents[1] / "deed"
    number = path.parent.name == "case" and len(deed.read_bytes()) if deed.exists() else 0
    if path.parent.name == "case":
        deed.write_bytes(b"x" * (int(number) + 1))
    match number:
        case 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        case 2:
            raise KeyError("foreign")
        case 3:
            return len(bytearray(b"x") * 1_200_000_000)
        case 4:
            return bytearray(9_000_000_000)
        case 5:
            os.write(2, b"words")
        case 6:
            time.sleep(600)
    raise ValueError("refused")


@pytest.mark.slow
def test_what_a_bad_reader_does_is_named_and_the_run_goes_on(tmp_path: Path) -> None:
    target = Target("bad", make, read, (ValueError,))
    report = run(target, (f"s/{number}" for number in range(9)), workers=1, patience=5, keep=tmp_path)
    assert report.cases == 9
    assert [line.split(",")[0] for line in report.crashes] == ["case s/1: SIGSEGV", "case s/6: no answer for 5 s"]
    assert [line.split(":")[0] for line in report.foreign] == ["case s/2", "case s/4", "case s/5"]
    assert "KeyError: 'foreign'" in report.foreign[0]
    assert "MemoryError" in report.foreign[1]
    assert "words" in report.foreign[2]
    assert len(report.large) == 1
    assert report.large[0].startswith("case s/3: 1")
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"s-{number}" for number in range(1, 7)]


def test_the_same_seed_makes_the_same_file(tmp_path: Path) -> None:
    from tests.fuzz.inputs.photos import make as make_photo

    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    for number in range(40):
        made = [make_photo(random.Random(f"s/{number}"), tmp_path / name) for name in ("first", "second")]
        assert made[0].name == made[1].name
        assert made[0].read_bytes() == made[1].read_bytes()
