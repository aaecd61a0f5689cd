"""Many users at once: what they wait for is decoded together, in turns."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.inference.asker import asker
from app.inference.inference import LocalInference
from app.inference.waiting import SIZES, Given, Job, Turns
from attributes import Seen
from attributes.reach.judge import BATCH, FEW
from errors import GlowfaceError
from glow import Latent

MAX_WAITING = 64
"""Calls that may wait at once."""

BUSY = "The server is busy; try again in a moment. What you have done is kept."


class BusyError(GlowfaceError):
    """So many calls wait for the model that no more are taken."""


class BatchingInference:
    """One thread that runs a model for all others, and puts the decodes that wait at the same time together.

    Nothing is waited for: a call that comes while nothing runs is done at once, by itself. What comes meanwhile is done
    next, as one batch, in turns between the askers (:mod:`app.inference.asker`): one who asks for much delays the
    others by one batch at most. The thread has the model's working memory for each size of batch once, where threads
    that each call the model have it once each.

    On a CPU a decode gives the same bits in whatever batch (a test holds it so). An encode does not: its float64
    results differ in the last bits, by up to 1e-13. So each is run by itself, and a photo has the same latent however
    many others come in. On a GPU the last bits of decodes depend on the size of the batch too. That nothing moved gives
    the very photo back depends on neither: nothing is decoded then.

    Args:
        inner: runs the model.
        most_waiting: calls that may wait at once; the next one is a :class:`BusyError`.
    """

    def __init__(self, inner: LocalInference, most_waiting: int = MAX_WAITING) -> None:
        self._inner, self._most = inner, most_waiting
        self._turns = Turns()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self.batches, self.decoded = 0, 0
        """Calls of the model's decoder so far, and faces that came of them."""

    @property
    def waiting(self) -> int:
        """Calls that wait."""
        return len(self._turns)

    @staticmethod
    def of(_: Path, inner: LocalInference) -> BatchingInference:
        """What :meth:`app.editor.Editor.run_by` asks for."""
        return BatchingInference(inner)

    def encode(self, pictures: Tensor) -> Latent:
        """As :meth:`Inference.encode`.

        Raises:
            BusyError: too many wait.
        """
        latent: Latent = self._done(pictures)
        return latent

    def decode(self, latent: Latent) -> Tensor:
        """As :meth:`Inference.decode`.

        Raises:
            BusyError: too many wait.
        """
        parts: list[Tensor] = [self._done(latent[at : at + SIZES[-1]]) for at in range(0, len(latent), SIZES[-1])]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def look(self, latents: Tensor) -> Seen:
        """As :meth:`attributes.Judging.look`; the classifier reads in the calling thread.

        Raises:
            BusyError: too many wait.
        """
        model = self._inner.model
        size, shapes = (FEW if len(latents) <= FEW else BATCH), model.config.scale_shapes()
        parts = latents.to(model.device).split(size)
        return Seen.cat([self.read(self.decode(Latent.unflatten(part, shapes))) for part in parts])

    def read(self, pictures: Tensor) -> Seen:
        """As :meth:`attributes.Judging.read`."""
        return self._inner.read(pictures)

    def _done(self, given: Given) -> Any:
        job = Job(given)
        with self._changed:
            if self.waiting >= self._most:
                raise BusyError(BUSY)
            self._turns.add(asker(), job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
                self._thread.start()
            self._changed.notify()
        return job.answer.result()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self.waiting)
                jobs = self._turns.take()
            try:
                self._do(jobs)
            except Exception as error:
                if len(jobs) == 1:
                    jobs[0].answer.set_exception(error)
                else:  # only whose work fails alone too is told so
                    self._each(jobs)

    def _each(self, jobs: list[Job]) -> None:
        for job in jobs:
            try:
                self._do([job])
            except Exception as error:
                job.answer.set_exception(error)

    @torch.inference_mode()
    def _do(self, jobs: list[Job]) -> None:
        """Run jobs that go together, and give each its answer."""
        if isinstance(jobs[0].given, Tensor):
            jobs[0].answer.set_result(self._inner.encode(jobs[0].given))
            return
        parts = [job.given for job in jobs if isinstance(job.given, Latent)]
        count = sum(map(len, parts))
        missing = min(size for size in SIZES if size >= count) - count
        if missing:
            parts.append(Latent(tuple(scale.new_zeros(missing, *scale.shape[1:]) for scale in parts[0].scales)))
        pictures = self._inner.decode(Latent.cat(parts) if len(parts) > 1 else parts[0])
        self.batches, self.decoded = self.batches + 1, self.decoded + count
        for job, own in zip(jobs, pictures[:count].split([len(job.given) for job in jobs]), strict=True):
            # A copy, where a part would hold the whole batch's memory for as long as it is kept.
            job.answer.set_result(own if len(own) == len(pictures) else own.clone())
