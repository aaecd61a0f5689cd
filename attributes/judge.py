"""What the classifier sees in faces that the flow decodes: the judge of edits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from attributes.classifier import AttributeClassifier
from attributes.dataset import FaceSet
from glow.latent import Latent
from glow.model import Glow

BATCH = 20
FEW = 4
BEYOND = 0.1
"""How far a colour value may leave [0, 1] before it counts as outside: clipping so little is not seen."""
BLOCK = 8
"""Side of the blocks in which a broken face is looked for, in pixels."""
BROKEN = 1.1
"""Mean distance from grey of a block that no picture has (black and white are at 0.5): the flow has lost the face."""
BROKEN_VALUE = 3.5
"""Distance from grey of a single value, likewise."""
CERTAIN = 1e-6
"""Probabilities nearer to 0 or 1 than this are taken for this, so that logits stay finite."""


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
        order = torch.tensor(list(indices)).numpy()
        batches = faces.batches(self.model.config.image_size, BATCH, indices=order)
        return torch.cat(
            [
                self.model.encode(torch.from_numpy(pixels).to(self.model.device).float() / 255).flatten()
                for _, pixels in batches
            ]
        )

    @torch.inference_mode()
    def draw(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """What latents ``(B, D)`` look like, in [0, 1], and which of them are whole faces, ``(B,)``; on the CPU."""
        pictures, whole = zip(*((x.clamp(0, 1).cpu(), _whole(x).cpu()) for x in self._decoded(latents)), strict=True)
        return torch.cat(pictures), torch.cat(whole)

    @torch.inference_mode()
    def _decoded(self, latents: Tensor) -> Iterator[Tensor]:
        shapes = self.model.config.scale_shapes()
        # One of two sizes: the model prepares itself anew for each size of batch.
        size = FEW if len(latents) <= FEW else BATCH
        for part in latents.to(self.model.device).split(size):
            padded = torch.cat([part, part.new_zeros(size - len(part), part.shape[1])])
            yield self.model.decode(Latent.unflatten(padded, shapes))[: len(part)]

    @torch.inference_mode()
    def strain(self, latents: Tensor) -> float:
        """Share of colour values of the latents ``(B, D)`` that lie outside of what a picture can show."""
        outside = [
            ((x < -BEYOND) | (x > 1 + BEYOND) | ~x.isfinite()).float().mean((1, 2, 3)) for x in self._decoded(latents)
        ]
        return float(torch.cat(outside).mean())

    @torch.inference_mode()
    def whole(self, latents: Tensor) -> bool:
        """Whether not one of the latents ``(B, D)`` decodes to a broken face."""
        return all(bool(_whole(x).all()) for x in self._decoded(latents))

    @torch.inference_mode()
    def look(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`logits` of the latents ``(B, D)``, and which of them decode to a whole face, ``(B,)``, on the CPU."""
        found = [(self.classifier.probabilities(x).cpu(), _whole(x).cpu()) for x in self._decoded(latents)]
        probabilities, whole = zip(*found, strict=True)
        return log_odds(torch.cat(probabilities)), torch.cat(whole)

    def probabilities(self, latents: Tensor) -> Tensor:
        """How sure each label is on each of the latents ``(B, D)``: ``(B, 40)`` on the CPU."""
        return torch.cat([self.classifier.probabilities(x).cpu() for x in self._decoded(latents)])

    def logits(self, latents: Tensor) -> Tensor:
        """The log odds of :meth:`probabilities`, float64."""
        return log_odds(self.probabilities(latents))

    def read(self, pictures: Tensor) -> Tensor:
        """The log odds ``(B, 40)`` of each label in pictures ``(B, 3, H, W)``, float64, on the CPU."""
        return log_odds(self.classifier.probabilities(pictures).cpu())


def _whole(pictures: Tensor) -> Tensor:
    """Which of the pictures ``(B, 3, H, W)``, as decoded, are whole faces, ``(B,)``."""
    away = (pictures - 0.5).abs()
    blocks = torch.nn.functional.avg_pool2d(away, min(BLOCK, pictures.shape[-1]))
    return (away.amax((1, 2, 3)) < BROKEN_VALUE) & (blocks.amax((1, 2, 3)) < BROKEN)  # false of NaN


def log_odds(probabilities: Tensor) -> Tensor:
    """The log odds of probabilities, finite and in float64."""
    return torch.logit(probabilities.double(), eps=CERTAIN)


def progress(items: list[int], what: str) -> Iterable[int]:
    """The items, with a bar on a terminal."""
    return tqdm(items, desc=what, disable=None)
