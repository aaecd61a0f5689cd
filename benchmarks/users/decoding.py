"""How many faces a second are decoded for several threads that each ask for one after another."""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path

import torch
from torch import Tensor

from app.inference.asker import on_behalf_of
from app.inference.batching import BatchingInference
from app.inference.inference import LocalInference
from attributes import AttributeClassifier
from glow import Latent, load_checkpoint
from glow.checkpoint import Checkpoint


class OneByOne(LocalInference):
    """One decode after the other, whoever asks."""

    def __init__(self, checkpoint: Checkpoint, classifier: AttributeClassifier) -> None:
        super().__init__(checkpoint, classifier)
        self._lock = threading.Lock()

    def decode(self, latent: Latent) -> Tensor:
        """As :meth:`LocalInference.decode`."""
        with self._lock:
            return super().decode(latent)


def rates(path: Path, classifier: AttributeClassifier, users: int, turns: int, seconds: float) -> dict[str, float]:
    """Faces a second: medians of turns that alternate between the ways."""
    checkpoint = load_checkpoint(path)
    local = LocalInference(checkpoint, classifier)
    ways: dict[str, LocalInference | BatchingInference] = {
        "one by one": OneByOne(checkpoint, classifier),
        "each thread by itself": local,
        "batched": BatchingInference(local),
    }
    latents = checkpoint.model.sample_latent(users, 0.7, torch.Generator().manual_seed(0))
    for way in ways.values():
        _faces(way, latents, seconds)  # prepares each size of batch
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            found[name].append(_faces(way, latents, seconds) / seconds)
    return {name: statistics.median(each) for name, each in found.items()}


def _faces(way: LocalInference | BatchingInference, latents: Latent, seconds: float) -> int:
    """How many faces come in a time."""
    counts, end = [0] * len(latents), time.perf_counter() + seconds

    def ask(number: int) -> None:
        with on_behalf_of(f"user {number}"):
            while time.perf_counter() < end:
                way.decode(latents[number])
                counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(latents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)
