"""What a server that was killed leaves behind is cleared away by the next one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.ui.server.folder import remove_leftovers


@pytest.mark.skipif(os.name == "nt", reason="Windows does not tell whether a process lives without ending it")
def test_only_folders_of_dead_servers_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, own, other = (tmp_path / name for name in (f"glowface-{ended.pid}-a", f"glowface-{os.getpid()}-b", "else"))
    for folder in (dead, own, other):
        folder.mkdir(0o700)
        (folder / "photo.png").touch()
    remove_leftovers()
    assert sorted(tmp_path.iterdir()) == sorted([own, other])
