"""Runs cases in worker processes, so that a crash or a hang is caught and named, and the run goes on."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tests.fuzz.case import Outcome, work
from tests.fuzz.target import Target

SLOW_SECONDS = 5.0
HANG_SECONDS = 60.0
START_SECONDS = 600.0
MEMORY_BYTES = 1_000_000_000


@dataclass
class Report:
    """What a target's cases came to; findings carry their case's seed."""

    name: str
    cases: int = 0
    read: int = 0
    crashes: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    large: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """Most CPU time of a case, or wall time where that is less: another program's load is not the file's."""
    memory: int = 0
    """Most memory of a case, in bytes."""

    def add(self, seed: str, outcome: Outcome) -> bool:
        """Count a case; True if it is a finding."""
        self.read += outcome.read
        seconds = min(outcome.seconds, outcome.cpu_seconds) if outcome.seconds < HANG_SECONDS else outcome.seconds
        self.seconds, self.memory = max(self.seconds, seconds), max(self.memory, int(outcome.memory))
        if outcome.finding:
            self.foreign.append(f"case {seed}: {outcome.finding}")
        if seconds > SLOW_SECONDS:
            self.slow.append(f"case {seed}: {seconds:.1f} s")
        if outcome.memory > MEMORY_BYTES:
            self.large.append(f"case {seed}: {outcome.memory / 1e6:.0f} MB")
        return bool(outcome.finding) or seconds > SLOW_SECONDS or outcome.memory > MEMORY_BYTES

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.cases} cases ({self.read} read, the others refused), {len(self.crashes)} crashes, "
            f"{len(self.foreign)} foreign errors, {len(self.slow)} over {SLOW_SECONDS:g} s, "
            f"{len(self.large)} over {MEMORY_BYTES / 1e6:.0f} MB; most {self.seconds:.2f} s, {self.memory / 1e6:.0f} MB"
        )


def run(
    target: Target,
    seeds: Iterable[str],
    *,
    workers: int = 2,
    seconds: float = float("inf"),
    patience: float = HANG_SECONDS,
    keep: Path | None = None,
    progress: Callable[[], object] = lambda: None,
) -> Report:
    """Run a target's cases.

    Args:
        target: what to attack.
        seeds: of the cases; the same seed makes the same file.
        workers: processes that run cases at a time.
        seconds: no new case is begun after that long.
        patience: seconds after which a case that gives no answer is ended, and counted as a crash.
        keep: an existing folder for the files of findings; None keeps none.
        progress: called after each case.
    """
    report, remaining, end = Report(target.name), iter(seeds), time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="fuzz-") as temporary:
        team = [_Worker(target, Path(temporary, str(number))) for number in range(workers)]
        with contextlib.ExitStack() as stack:
            for worker in team:
                stack.callback(worker.stop)
            while True:
                for worker in team:
                    if worker.seed is None and time.monotonic() < end and (seed := next(remaining, None)) is not None:
                        worker.begin(seed)
                busy = [worker for worker in team if worker.seed is not None]
                if not busy:
                    return report
                for worker, seed, outcome in _answers(busy, patience):
                    report.cases += 1
                    if isinstance(outcome, str):
                        report.crashes.append(f"case {seed}: {outcome}")
                    if (isinstance(outcome, str) or report.add(seed, outcome)) and keep is not None:
                        shutil.copytree(worker.folder, keep / seed.replace("/", "-"), dirs_exist_ok=True)
                    worker.seed = None
                    progress()


def _answers(busy: list[_Worker], patience: float) -> Iterator[tuple[_Worker, str, Outcome | str]]:
    """Workers that are done with their case, or dead, or silent for too long, with what came of it."""
    ready = wait([worker.pipe for worker in busy], timeout=1.0)
    for worker in busy:
        assert worker.seed is not None
        if worker.pipe in ready:
            try:
                outcome: Outcome = worker.pipe.recv()
            except (EOFError, ConnectionResetError):
                yield worker, worker.seed, worker.death()
                worker.stop()
            else:
                yield worker, worker.seed, outcome
                if outcome.grown:
                    worker.stop()
        elif time.monotonic() - worker.since > patience:
            yield worker, worker.seed, f"no answer for {patience:g} s"
            worker.stop()


class _Worker:
    """A process that runs one case at a time, started when it is needed."""

    def __init__(self, target: Target, room: Path) -> None:
        self.target, self.room, self.folder, self.noise = target, room, room / "case", room / "noise"
        self.process: multiprocessing.process.BaseProcess | None = None
        self.pipe: Connection
        self.seed: str | None = None
        self.since = 0.0
        room.mkdir()

    def begin(self, seed: str) -> None:
        if self.process is None:
            self._start()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.seed, self.since = seed, time.monotonic()
        # A worker that has just died is noticed when its answer is read.
        with contextlib.suppress(BrokenPipeError):
            self.pipe.send((seed, self.folder))

    def death(self) -> str:
        assert self.process is not None
        self.process.join(5)
        code = self.process.exitcode
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit status {code}"
        return f"{how}, last words: {self.noise.read_text(errors='replace')[-2000:] if self.noise.exists() else ''}"

    def stop(self) -> None:
        if self.process is not None:
            self.pipe.close()
            self.process.kill()
            self.process.join()
            self.process = None

    def _start(self) -> None:
        # Not forked: threads and memory of this process would be the worker's as well.
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.noise.unlink(missing_ok=True)
        self.process = context.Process(target=work, args=(other, self.target, self.noise), daemon=True)
        self.process.start()
        other.close()
        # Its imports, which take long on a busy machine, are no case's time.
        if not self.pipe.poll(START_SECONDS):
            raise RuntimeError(f"a worker has not started within {START_SECONDS:g} s; try again on an idle machine.")
        try:
            self.pipe.recv()
        except (EOFError, ConnectionResetError):
            raise RuntimeError(f"a worker for {self.target.name} did not start: {self.death()}") from None
