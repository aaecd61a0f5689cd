"""The held-out classifier: of another build, for what the classifier that sliders go by must not judge alone.

Other layers (ShuffleNet v2, Ma et al. 2018, arXiv 1807.11164, as torchvision has it), larger pictures, another
augmentation. ``python -m attributes classifier --architecture witness --seed 1 -o runs/witness.safetensors``
trains it (files call its architecture "witness"); ``evaluate`` and ``benchmarks.edits`` ask it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models import shufflenet_v2_x1_0
from torchvision.transforms import v2

from data.labels import LABEL_NAMES

SIZE = 112
"""Side of the pictures that the network reads, in pixels."""

PARTS = 8
"""Parts of a batch that are augmented each in its own way."""


class HeldOutNet(nn.Module):
    """ShuffleNet v2 from pictures ``(B, 3, 112, 112)`` in [0, 1] to 40 logits."""

    size = SIZE

    def __init__(self) -> None:
        super().__init__()
        self.body = shufflenet_v2_x1_0(num_classes=len(LABEL_NAMES))

    def features(self, x: Tensor) -> Tensor:
        """What the last layer sees, ``(B, F)``: one number per channel."""
        body = self.body
        x = body.maxpool(body.conv1((x - 0.5) / 0.25))
        return body.conv5(body.stage4(body.stage3(body.stage2(x)))).float().mean((2, 3))

    def logits(self, features: Tensor) -> Tensor:
        """What :meth:`forward` makes of them."""
        found: Tensor = self.body.fc(features)
        return found

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(self.features(x))


def augment(x: Tensor) -> Tensor:
    """Pictures ``(B, 3, S, S)`` in [0, 1] augmented: cut, mirrored, recoloured, blurred, and some with a patch out."""
    size = x.shape[-1]
    augmentation = v2.Compose([
        v2.RandomResizedCrop(size, scale=(0.75, 1.0), ratio=(0.9, 1.1), antialias=True),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.02),
        v2.RandomApply([v2.GaussianBlur(5)], p=0.25),
        v2.RandomErasing(p=0.3, scale=(0.02, 0.12)),
    ])  # fmt: skip
    return torch.cat([augmentation(part) for part in x.chunk(PARTS)])
