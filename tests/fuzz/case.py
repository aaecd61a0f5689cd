"""One case in a worker process: make its file, read it, and measure time and memory."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.target import Target

ROOM = 3_000_000_000
"""Bytes of address space that a worker may take beyond what it has when it starts."""

RECYCLE = 300_000_000
"""Bytes by which a worker may have grown before a fresh one takes its place."""


@dataclass(frozen=True)
class Outcome:
    """What came of one case."""

    read: bool
    """Whether the file was read, not refused."""
    seconds: float
    cpu_seconds: float
    memory: int
    """Bytes of the peak over what the worker had when it was fresh."""
    finding: str = ""
    """A foreign error's traceback, or what was written to the terminal."""
    grown: bool = False
    """Whether the worker should be replaced."""


def work(pipe: Connection, target: Target, noise: Path) -> None:
    """Say "ready", then answer ``(seed, folder)`` with an :class:`Outcome` until the pipe closes.

    Runs in a process of its own.
    """
    warnings.simplefilter("error")
    os.dup2(os.open(noise, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    with tempfile.TemporaryDirectory() as folder:  # The reader's own imports and tables are not the file's.
        run_case(target, "warm-up", Path(folder))
    used = sum(int(line.split()[1]) for line in _status("VmSize")) * 1024
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, used + ROOM))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    fresh = _resident()
    pipe.send("ready")
    with contextlib.suppress(EOFError):
        while True:
            seed, folder = pipe.recv()
            written = noise.stat().st_size
            outcome = run_case(target, seed, folder, fresh)
            said = noise.read_bytes()[written:].decode(errors="replace").strip()
            if said and not outcome.finding:
                outcome = replace(outcome, finding=f"It wrote to the terminal: {said[:500]}")
            pipe.send(outcome)


def run_case(target: Target, seed: str, folder: Path, fresh: int = 0) -> Outcome:
    """Make and read one case. ``fresh`` are the bytes that the process had before its first one."""
    path = target.make(random.Random(seed), folder)
    read, finding = False, ""
    with _measured() as measure:
        try:
            target.read(path)
            read = True
        except Exception as error:
            if not isinstance(error, target.allowed):
                finding = "".join(traceback.format_exception(error))
            elif _out_of_memory(error):
                finding = f"It asked for over {ROOM} bytes: {error!r}"
    seconds, cpu, peak = measure
    return Outcome(read, seconds, cpu, peak - fresh, finding, _resident() - fresh > RECYCLE)


@contextlib.contextmanager
def _measured() -> Iterator[list[float]]:
    """A list that holds wall seconds, CPU seconds and the peak of resident bytes when the block is left."""
    measure: list[float] = []
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # Linux: the peak starts anew.
    wall, cpu = time.perf_counter(), time.process_time()
    yield measure
    measure += [time.perf_counter() - wall, time.process_time() - cpu, _peak()]


def _out_of_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _status(field: str) -> list[str]:
    with contextlib.suppress(OSError):
        return [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field)]
    return []


def _resident() -> int:
    return sum(int(line.split()[1]) for line in _status("VmRSS")) * 1024


def _peak() -> int:
    """Where /proc is missing, the process's peak so far, which later cases cannot fall below."""
    lines = _status("VmHWM")
    return int(lines[0].split()[1]) * 1024 if lines else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
