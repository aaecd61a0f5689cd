"""Work that is always the same, recorded once and replayed: a GPU is then not kept waiting for each single launch.

A CUDA graph (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs) repeats the kernels that were recorded,
on the very same memory. What changes from one run to the next must therefore be written into tensors that stay where
they are, and nothing in between may wait for a number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch

Work = Callable[[], None]
"""Reads its inputs from tensors that stay where they are, and leaves its results in such."""

WARM_UP = 3
"""Runs before the one that is recorded: they set up what is only set up once, and let libraries choose kernels."""


class Graphs(Protocol):
    """How a device records work."""

    def can_record(self, device: torch.device) -> bool:
        """Whether work on ``device`` can be recorded so."""

    def warm_up(self, work: Work, device: torch.device) -> None:
        """Do ``work`` as it will be done when it is recorded."""

    def capture(self, work: Work, device: torch.device) -> Work:
        """Record ``work``; what is returned does it.

        Raises:
            RuntimeError: something in it cannot be recorded.
        """


class CudaGraphs:
    """CUDA's own."""

    def can_record(self, device: torch.device) -> bool:
        return device.type == "cuda"

    def warm_up(self, work: Work, device: torch.device) -> None:
        """On a stream beside the usual one, as CUDA asks for."""
        with torch.cuda.device(device):
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                work()
            torch.cuda.current_stream().wait_stream(stream)

    def capture(self, work: Work, device: torch.device) -> Work:
        with torch.cuda.device(device):
            graph = torch.cuda.CUDAGraph()
            # Other threads, such as the one that pins the batches, may use CUDA meanwhile.
            with torch.cuda.graph(graph, stream=torch.cuda.Stream(), capture_error_mode="thread_local"):
                work()
        return graph.replay


class Recorder:
    """Does work plainly a few times, then records it and from then on replays it; plainly where that fails.

    Args:
        graphs: how to record.
        device: where the work is done.
        tell: is told once which of the two has come about: None, or why it cannot be recorded.
    """

    def __init__(self, graphs: Graphs, device: torch.device, tell: Callable[[str | None], None]) -> None:
        self._graphs, self._device, self._tell = graphs, device, tell
        self._calls = 0
        self._replay: Work | None = None

    def __call__(self, work: Work) -> None:
        """Do ``work``, which must be the same in each call, once."""
        if self._calls == WARM_UP:
            self._record(work)
        self._calls += 1
        if self._replay is not None:
            self._replay()
        elif self._calls <= WARM_UP:
            self._graphs.warm_up(work, self._device)
        else:
            work()

    def _record(self, work: Work) -> None:
        try:
            self._replay = self._graphs.capture(work, self._device)
        except RuntimeError as error:
            first = error.__context__ or error  # to leave a recording that has failed is an error too
            self._tell(str(first).strip().partition("\n")[0])
        else:
            self._tell(None)
