"""An implementation in a process of its own, which times what it is told to: so that several can take short turns."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import torch

from benchmarks.speed.implementations import IMPLEMENTATIONS, THREADS, Size

WARM_UP = 0.3
TURN = 0.6
"""Seconds that an implementation runs without being timed, and then timed. At least one run, and at least two."""
OPERATIONS = ("encode", "decode", "train")
Milliseconds = tuple[float, float]
"""Wall time, and CPU time of all threads together."""


def timed(action: Callable[[], object]) -> Milliseconds:
    """Medians of a turn, after runs that do not count: another process has just used the caches.

    Where a GPU is used, each run is waited for: what has only been launched is not done.
    """
    warm = time.perf_counter() + WARM_UP
    action()
    while time.perf_counter() < warm:
        action()
    wait_for_gpu()
    wall: list[float] = []
    cpu: list[float] = []
    while sum(wall) < 1000 * TURN or len(wall) < 2:
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        action()
        wait_for_gpu()
        wall.append(1000 * (time.perf_counter() - wall_start))
        cpu.append(1000 * (time.process_time() - cpu_start))
    return statistics.median(wall), statistics.median(cpu)


def wait_for_gpu() -> None:
    """Wait until all is done that was launched on a GPU, where one is used."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


class Worker:
    """One implementation, ready to be timed.

    Args:
        name: which of :data:`benchmarks.speed.implementations.IMPLEMENTATIONS`.
        size: what to build it for.
    """

    def __init__(self, name: str, size: Size) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(name, size, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.parameters: float = self._pipe.recv()
        """Millions."""
        self.error: float = self._pipe.recv()
        """The largest difference between pictures and what comes back, of a range of 1."""

    def time(self, operation: str) -> Milliseconds:
        """Time one of :data:`OPERATIONS`, now."""
        self._pipe.send(operation)
        took: Milliseconds = self._pipe.recv()
        return took


def _serve(name: str, size: Size, pipe: Connection) -> None:
    torch.set_num_threads(THREADS)
    x = size.pictures()
    training_model, inference_model = IMPLEMENTATIONS[name](size), IMPLEMENTATIONS[name](size)
    with torch.no_grad():
        training_model.initialise(x)
        inference_model.initialise(x)
    optimiser = torch.optim.Adam(training_model.parameters, lr=1e-4, fused=True)

    def train() -> None:
        optimiser.zero_grad()
        training_model.loss(x).backward()
        optimiser.step()

    for parameter in inference_model.parameters:
        parameter.requires_grad_(False)
    inference_model.prepare_for_inference()
    with torch.no_grad():
        encoded = inference_model.encode(x)
        error = float((inference_model.decode(encoded) - x).abs().max())
    pipe.send(sum(parameter.numel() for parameter in inference_model.parameters) / 1e6)
    pipe.send(error)
    while (operation := _next(pipe)) is not None:
        match operation:
            case "train":
                took = timed(train)
            case "encode":
                with torch.no_grad():
                    took = timed(lambda: inference_model.encode(x))
            case _:
                with torch.no_grad():
                    took = timed(lambda: inference_model.decode(encoded))
        pipe.send(took)


def _next(pipe: Connection) -> str | None:
    """What to time next; None when nobody asks any more."""
    try:
        operation: str = pipe.recv()
    except EOFError:
        return None
    return operation
