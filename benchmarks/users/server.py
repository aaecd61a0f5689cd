"""A server in a process of its own, and what it takes of memory and disk."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True)
class Server:
    """A server that runs on this machine, which has Linux's ``/proc``."""

    address: str
    process: subprocess.Popen[bytes]
    temporary: Path
    """Where its temporary folder lies."""

    def memory(self) -> float:
        """What it has in memory, in MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / MIB

    def disk(self) -> float:
        """What its files take, in MiB."""
        total = 0
        for folder, _, names in os.walk(self.temporary):
            for name in names:
                try:
                    total += (Path(folder) / name).stat().st_size
                except FileNotFoundError:  # deleted meanwhile
                    continue
        return total / MIB


@contextmanager
def serving(checkpoint: Path) -> Iterator[Server]:
    """Start ``python -m app`` with a model on the CPU, and end it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "app", "--no-browser", "--port", str(port), "--device", "cpu"]
    with tempfile.TemporaryDirectory() as temporary:
        process = subprocess.Popen(
            [*command, "--checkpoint", str(checkpoint)],
            env=os.environ | {"TMPDIR": temporary},
            stdout=subprocess.DEVNULL,
        )
        server = Server(f"http://127.0.0.1:{port}", process, Path(temporary))
        try:
            while True:
                if process.poll() is not None:
                    raise SystemExit("The server ended; run `python -m app doctor`.")
                try:
                    urllib.request.urlopen(server.address, timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield server
        finally:
            process.terminate()
            process.wait(60)
