"""What the classifier sees in faces that the flow decodes: the judge of edits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from tqdm import tqdm

from attributes.classifier.network import AttributeClassifier
from attributes.encoding import encode_faces
from attributes.sliders.oddness import oddness
from data.face_set import FaceSet
from glow.latent import Latent
from glow.model import Glow

BATCH = 20
FEW = 4
BLOCK = 8
"""Side of the blocks in which a broken face is looked for, in pixels."""
BROKEN = 1.1
"""Mean distance from grey of a block that no picture has (black and white are at 0.5): the flow has lost the face."""
BROKEN_VALUE = 3.5
"""Distance from grey of a single value, likewise."""
CERTAIN = 1e-6
"""Probabilities nearer to 0 or 1 than this are taken for this, so that log odds stay finite."""
SURE = math.log(1 / CERTAIN - 1)
"""The most log odds, likewise."""


@dataclass(frozen=True)
class Seen:
    """What is seen in B faces, on the CPU."""

    logits: Tensor
    """``(B, 40)`` float64: the log odds of each label, as if half of all faces had it."""

    features: Tensor
    """``(B, F)``: what the classifier's last layer sees."""

    intact: Tensor
    """``(B,)`` bool: whether the picture is one that a face can have, and not one that the flow has lost."""

    def __getitem__(self, faces: Tensor | slice) -> Seen:
        """That of some of the faces."""
        return Seen(self.logits[faces], self.features[faces], self.intact[faces])

    @staticmethod
    def cat(parts: Sequence[Seen]) -> Seen:
        """That of several batches of faces, one after the other."""
        return Seen(*(torch.cat([getattr(part, name) for part in parts]) for name in ("logits", "features", "intact")))

    def oddness(self, before: Seen, move: Tensor) -> Tensor:
        """How odd the faces have become (:func:`attributes.sliders.oddness.oddness`), ``(B,)``; infinite where broken.

        Args:
            before: what was seen in the same faces.
            move: ``(B, D)``, by how much their latents have moved.
        """
        odd = oddness(move.norm(dim=1), (self.features - before.features).norm(dim=1))
        return torch.where(self.intact, odd, torch.inf)


class Judging(Protocol):
    """What measuring a slider's reach asks: what is seen in faces, wherever the flow and the classifier run."""

    def look(self, latents: Tensor) -> Seen:
        """What is seen in what latents ``(B, D)`` decode to."""
        ...

    def read(self, pictures: Tensor) -> Seen:
        """What is seen in pictures ``(B, 3, H, W)``, as decoded."""
        ...


@dataclass(frozen=True)
class Judge:
    """The flow and the classifier, to tell what moved latents look like."""

    model: Glow
    """Decodes latents."""

    classifier: AttributeClassifier
    """Reads the decoded pictures."""

    @torch.inference_mode()
    def encode(self, faces: FaceSet, indices: Iterable[int]) -> Tensor:
        """Latents of some faces of a set, ``(B, D)``."""
        batches = encode_faces(self.model, faces, batch=BATCH, indices=list(indices), progress=False)
        return torch.cat([encoded.latents for encoded in batches])

    @torch.inference_mode()
    def draw(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """What latents ``(B, D)`` look like, in [0, 1], and which of them are intact faces, ``(B,)``; on the CPU."""
        pictures, intact = zip(*((x.clamp(0, 1).cpu(), _intact(x).cpu()) for x in self._decoded(latents)), strict=True)
        return torch.cat(pictures), torch.cat(intact)

    @torch.inference_mode()
    def _decoded(self, latents: Tensor) -> Iterator[Tensor]:
        shapes = self.model.config.scale_shapes()
        # One of two sizes: the model prepares itself anew for each size of batch.
        size = FEW if len(latents) <= FEW else BATCH
        for part in latents.to(self.model.device).split(size):
            padded = torch.cat([part, part.new_zeros(size - len(part), part.shape[1])])
            yield self.model.decode(Latent.unflatten(padded, shapes))[: len(part)]

    def look(self, latents: Tensor) -> Seen:
        """What is seen in what latents ``(B, D)`` decode to."""
        return Seen.cat([self.read(x) for x in self._decoded(latents)])

    @torch.inference_mode()
    def read(self, pictures: Tensor) -> Seen:
        """What is seen in pictures ``(B, 3, H, W)``, as decoded."""
        features, evidence = self.classifier.read(pictures)
        logits = evidence.cpu().double().clamp(-SURE, SURE)
        return Seen(logits, features.cpu(), _intact(pictures).cpu())

    def balanced_probabilities(self, latents: Tensor) -> Tensor:
        """How sure each label is on each of the latents ``(B, D)``: ``(B, 40)`` on the CPU."""
        return torch.cat([self.classifier.balanced_probabilities(x).cpu() for x in self._decoded(latents)])


def _intact(pictures: Tensor) -> Tensor:
    """Which of the pictures ``(B, 3, H, W)``, as decoded, are intact faces, ``(B,)``."""
    away = (pictures - 0.5).abs()
    blocks = torch.nn.functional.avg_pool2d(away, min(BLOCK, pictures.shape[-1]))
    return (away.amax((1, 2, 3)) < BROKEN_VALUE) & (blocks.amax((1, 2, 3)) < BROKEN)  # false of NaN


def levels(pictures: Tensor) -> Tensor:
    """Decoded pictures as they are shown: uint8, rounded."""
    return (pictures.clamp(0, 1) * 255).round().byte()


def log_odds(probabilities: Tensor) -> Tensor:
    """The log odds of probabilities, finite and in float64."""
    return torch.logit(probabilities.double(), eps=CERTAIN)


def progress(items: list[int], what: str) -> Iterable[int]:
    """The items, with a bar on a terminal."""
    return tqdm(items, desc=what, disable=None)
