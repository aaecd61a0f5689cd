"""``--desktop``: a window that a person sees, on a screen that only this test has."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.ui.desktop import BROWSERS
from storage.assets import FACES_64
from tests.app.ui.serving import until
from tests.conftest import ROOT

AMBER = (0xFB, 0xBF, 0x24)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A screen's name, and the file with what is on it."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    if not any(map(shutil.which, BROWSERS)):
        pytest.skip("no browser with an app mode is installed")
    told, tell = os.pipe()
    command = ["Xvfb", "-displayfd", str(tell), "-screen", "0", "1400x950x24", "-fbdir", str(tmp_path)]
    process = subprocess.Popen(command, pass_fds=[tell], stderr=subprocess.DEVNULL)
    os.close(tell)
    with os.fdopen(told) as reader:
        yield f":{reader.readline().strip()}", tmp_path / "Xvfb_screen0"
    process.terminate()
    process.wait(30)


def pixels(file: Path) -> np.ndarray:
    """What is on the screen: a file as ``xwd`` writes it."""
    data = file.read_bytes()
    header = struct.unpack(">25I", data[:100])
    size, width, height, line, colours = header[0], header[4], header[5], header[12], header[19]
    rows = np.frombuffer(data, np.uint8, line * height, size + colours * 12).reshape(height, line // 4, 4)
    return rows[:, :width, 2::-1]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder with a short name: browsers put a socket into it, whose path may not be long."""
    with tempfile.TemporaryDirectory(prefix="gf-") as folder:
        yield Path(folder)
        assert sorted(Path(folder).rglob("*")) == []


def started(temporary: Path, display: str) -> subprocess.Popen[str]:
    variables = os.environ | {"DISPLAY": display, "TMPDIR": str(temporary), "BROWSER": "true"}
    command = [sys.executable, "-m", "app", "--desktop", "--port", "0", "--checkpoint", str(FACES_64)]
    return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="Xvfb and the list of a process's children are Linux's")
def test_the_server_lasts_as_long_as_its_window(screen: tuple[str, Path], temporary: Path) -> None:
    display, picture = screen
    process = started(temporary, display)
    try:
        # The page's buttons and sliders are on the screen.
        until(lambda: picture.exists() and (pixels(picture)[::8, ::8] == AMBER).all(2).sum() > 30)
        children = Path(f"/proc/{process.pid}/task").glob("*/children")
        (window,) = {int(child) for path in children for child in path.read_text().split()}
        os.kill(window, 15)  # as when its last window is closed, the browser goes in good order
        out = process.communicate(timeout=60)[0]
    finally:
        process.kill()
    assert process.returncode == 0
    assert "No window" not in out


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_the_usual_browser_is_told_of(temporary: Path) -> None:
    process = started(temporary, "")
    try:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(3)]
        assert told[0] == "Starting Glowface…\n"
        assert told[1].startswith("Glowface is at http://127.0.0.1:")
        assert "usual browser" in told[2]
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(30)
