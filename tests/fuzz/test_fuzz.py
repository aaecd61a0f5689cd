"""A few hundred broken files for each reader; ``python -m tests.fuzz`` makes as many as one likes."""

from __future__ import annotations

import sys

import pytest

from tests.fuzz.harness import run
from tests.fuzz.targets import TARGETS

CASES = {"photos": 300, "recipes": 60}
OTHERS = 30


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory and crashes are told as Linux tells them")
@pytest.mark.parametrize("name", TARGETS)
def test_broken_files_are_refused_in_words_and_in_little_memory(name: str) -> None:
    count = CASES.get(name, OTHERS)
    report = run(TARGETS[name], (f"ci/{name}/{number}" for number in range(count)), workers=1)
    assert report.cases == count
    assert report.crashes == []
    assert report.foreign == []
    assert report.large == []
