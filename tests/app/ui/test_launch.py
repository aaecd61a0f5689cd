"""What a server that was killed leaves behind is cleared away by the next one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import app.cli
import glowface.cli
from app.ui.launch import AS_ROOT
from app.ui.server.folder import remove_leftovers
from storage.assets import FACES_64
from tests.app.ui.serving import Tab, serving


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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("told", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_server_that_is_told_to_end_says_nothing_more_and_leaves_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], told: str
) -> None:
    if signal.getsignal(getattr(signal, told)) == signal.SIG_IGN:
        pytest.skip(f"{told} is ignored here, as below nohup, and so it is by what is started")
    proxies = {
        "http_proxy": "http://127.0.0.1:1",
        "ALL_PROXY": "socks5://127.0.0.1:1",
        "all_proxy": "socks://127.0.0.1:1",
    }
    with serving(tmp_path, environment=proxies) as server:  # nor anything of proxies, which it does not use
        tab = Tab(server.address)
        tab.open()  # a page that is open must not hold it up
        tab.upload(b"x")
        server.process.send_signal(getattr(signal, told))
        server.process.wait(30)
    assert server.process.returncode == 0
    assert list(tmp_path.iterdir()) == []
    out, err = capfd.readouterr()
    assert out.splitlines() == ["Starting Glowface…", f"Glowface is at {server.address} (Ctrl+C ends it)"]
    assert err == (f"{AS_ROOT}\n" if os.geteuid() == 0 else "")


@pytest.mark.parametrize("main", [app.cli.main, glowface.cli.main])
def test_ports_that_cannot_be_used_get_a_line(main: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for port in (taken.getsockname()[1], 99999, -1):
            assert main(["--no-browser", "--device", "cpu", "--checkpoint", str(FACES_64), "--port", str(port)]) == 1
            out, error = capfd.readouterr()
            assert out == ""  # found before anything is loaded
            assert error.startswith("error: ")
            assert str(port) in error
            assert error.count("\n") == 1
