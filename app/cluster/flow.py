"""The replicas that hold the model. Encoding, decoding and measuring reaches are a deployment each, of this class."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

import torch
from ray import serve
from torch import Tensor

from app.inference.inference import LocalInference
from attributes import Seen, load_classifier
from glow import Latent, choose_device, load_checkpoint


class Flow:
    """One copy of the model on a GPU or CPUs. Requests that wait at the same time are run together.

    On CPUs a decode gives the same bits in whatever batch. An encode does not, nor does the classifier, so that these
    run one by one: a photo has the same latent and the same reach of sliders however many others come in. On a GPU
    all go together.

    Args:
        checkpoint: the model's file, on this machine.
        device: "auto", "cpu", "cuda", ...
    """

    def __init__(self, checkpoint: str, device: str) -> None:
        chosen = choose_device(device)
        self.local = LocalInference(load_checkpoint(checkpoint, chosen), load_classifier(device=chosen))
        self.together = chosen.type == "cuda"

    def reconfigure(self, settings: dict[str, Any]) -> None:
        """Take ``user_config`` of Serve's configuration: ``max_batch_size`` and ``batch_wait_timeout_s``."""
        for batched in (self.encode, self.decode, self.look):
            batched.set_max_batch_size(settings["max_batch_size"])
            batched.set_batch_wait_timeout_s(settings["batch_wait_timeout_s"])

    @serve.batch(max_batch_size=8, batch_wait_timeout_s=0.0)
    async def encode(self, pictures: list[Tensor]) -> list[Latent]:
        """For each of several requests, what :meth:`Inference.encode` gives."""
        return await asyncio.to_thread(self._encode, pictures)

    @serve.batch(max_batch_size=8, batch_wait_timeout_s=0.0)
    async def decode(self, latents: list[Latent]) -> list[Tensor]:
        """For each of several requests, what :meth:`Inference.decode` gives."""
        return await asyncio.to_thread(self._decode, latents)

    @serve.batch(max_batch_size=8, batch_wait_timeout_s=0.0)
    async def look(self, latents: list[Tensor]) -> list[Seen]:
        """For each of several requests, what :meth:`attributes.Judging.look` gives."""
        return await asyncio.to_thread(self._look, latents)

    async def read(self, pictures: Tensor) -> Seen:
        """As :meth:`attributes.Judging.read`."""
        return await asyncio.to_thread(self.local.read, pictures.to(self.local.model.device))

    def _encode(self, pictures: list[Tensor]) -> list[Latent]:
        if not self.together:
            return [self.local.encode(one) for one in pictures]
        found = self.local.encode(_padded(torch.cat(pictures))).to("cpu")
        return [found[part] for part in _parts(pictures)]

    def _decode(self, latents: list[Latent]) -> list[Tensor]:
        joined = Latent(tuple(_padded(scale) for scale in Latent.cat(latents).scales))
        pictures = self.local.decode(joined.to(self.local.model.device)).cpu()
        # Copies, as each would else be sent with the whole batch's memory.
        return [part.clone() for part in pictures[: sum(map(len, latents))].split([len(one) for one in latents])]

    def _look(self, latents: list[Tensor]) -> list[Seen]:
        if not self.together:
            return [self.local.look(one) for one in latents]
        seen = self.local.look(torch.cat(latents))
        return [seen[part] for part in _parts(latents)]


def _parts(batches: Sequence[Tensor]) -> Iterator[slice]:
    """Where each batch is in all of them together."""
    return (slice(start, end) for start, end in pairwise(accumulate(map(len, batches), initial=0)))


def _padded(batch: Tensor) -> Tensor:
    """A batch filled with zeros to a power of two: the model prepares itself anew for each size."""
    size = 1 << (len(batch) - 1).bit_length()
    return torch.cat([batch, batch.new_zeros(size - len(batch), *batch.shape[1:])])
