"""What an editor asks of its model, whoever runs it: this process by direct calls, or for many users at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from attributes import AttributeClassifier, Judge, Judging, Seen
from glow import Checkpoint, Glow, Latent


class Inference(Judging, Protocol):
    """A model to encode and decode with, and a judge of faces that it decodes (:class:`attributes.Judging`).

    All of it may be called from several threads at once. Calls end in an error of their own where the model cannot be
    asked, and never in another's result.
    """

    def encode(self, pictures: Tensor) -> Latent:
        """The latent of pictures ``(B, 3, S, S)`` in [0, 1], on whatever device they are."""
        ...

    def decode(self, latent: Latent) -> Tensor:
        """The pictures ``(B, 3, S, S)`` of a latent, as the model decodes them: values may leave [0, 1] a little."""
        ...


class LocalInference:
    """Direct calls in this process, each as it comes.

    Args:
        checkpoint: the model.
        classifier: reads the decoded pictures.
    """

    def __init__(self, checkpoint: Checkpoint, classifier: AttributeClassifier) -> None:
        self.model: Glow = checkpoint.model
        self.judge = Judge(self.model, classifier)

    @torch.inference_mode()
    def encode(self, pictures: Tensor) -> Latent:
        """As :meth:`Inference.encode`."""
        return self.model.encode(pictures.to(self.model.device))

    @torch.inference_mode()
    def decode(self, latent: Latent) -> Tensor:
        """As :meth:`Inference.decode`."""
        return self.model.decode(latent)

    def look(self, latents: Tensor) -> Seen:
        """As :meth:`attributes.Judging.look`."""
        return self.judge.look(latents)

    def read(self, pictures: Tensor) -> Seen:
        """As :meth:`attributes.Judging.read`."""
        return self.judge.read(pictures)


InferenceMaker: TypeAlias = Callable[[Path, LocalInference], Inference]
"""From a model's file, and what runs it by direct calls, makes what is to run it."""
