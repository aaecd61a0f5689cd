"""Work that waits for a model, taken in turns between those who asked for it."""

from __future__ import annotations

from collections import OrderedDict, deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeAlias

from torch import Tensor

from glow import Latent

SIZES = (1, 2, 4, 8)
"""How many faces are decoded together: a model keeps memory to work in for four sizes
(:data:`glow.engines.inference_net.KEPT_SIZES`)."""

Given: TypeAlias = Latent | Tensor
"""A latent to decode, or pictures to encode."""


@dataclass(frozen=True, eq=False)
class Job:
    """One call that waits."""

    given: Given
    answer: Future = field(default_factory=Future)

    def goes_with(self, other: Job) -> bool:
        """Whether both can be done in one call: only decodes can, and of them those of like numbers."""
        if not isinstance(self.given, Latent) or not isinstance(other.given, Latent):
            return False
        return self.given.device == other.given.device and all(
            one.dtype == two.dtype for one, two in zip(self.given.scales, other.given.scales, strict=True)
        )


class Turns:
    """Jobs that wait, each asker's in the order in which they came, and the askers one after the other.

    Not for several threads at once.
    """

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, deque[Job]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, asker: str, job: Job) -> None:
        """Let a job wait behind those of the same asker."""
        self._jobs.setdefault(asker, deque()).append(job)
        self._count += 1

    def take(self) -> list[Job]:
        """The jobs to be done next, together: the first asker's first, and what others wait for that goes with it.

        An asker who has had a turn is behind all others after it. There are as many as fill one of :data:`SIZES`; what
        would only fill a part of the next size waits for the next turn rather than for nothing.
        """
        chosen: list[tuple[str, Job]] = []
        total, full = 0, 1
        for asker, job in self._in_turn():
            if chosen and (not job.goes_with(chosen[0][1]) or total + len(job.given) > SIZES[-1]):
                continue
            chosen.append((asker, job))
            total += len(job.given)
            if total in SIZES:
                full = len(chosen)
        taken = chosen[:full]
        for asker, job in taken:
            waiting = self._jobs[asker]
            waiting.remove(job)
            del self._jobs[asker]
            if waiting:
                self._jobs[asker] = waiting  # behind all others
        self._count -= len(taken)
        return [job for _, job in taken]

    def _in_turn(self) -> list[tuple[str, Job]]:
        """All jobs: first each asker's first, then each one's second, and so on."""
        rounds = max(map(len, self._jobs.values()), default=0)
        return [(asker, jobs[turn]) for turn in range(rounds) for asker, jobs in self._jobs.items() if turn < len(jobs)]
