"""Work that is killed leaves nothing half-written; ``python -m tests.kills`` does it a hundred times, in more ways."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.kills.works import WORKS


@pytest.mark.slow
@pytest.mark.parametrize("name", ["edit", "prepare"])
def test_work_that_is_killed_is_whole_or_not_there(name: str, tmp_path: Path, astronaut_file: Path) -> None:
    work = WORKS[name](tmp_path, astronaut_file)
    work.kill(random.Random(1))
    work.run()
