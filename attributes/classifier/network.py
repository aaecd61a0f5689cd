"""A small network of our own that reads the 40 labels off an aligned face: the judge of edits.

It is trained by :mod:`attributes.classifier.training` on real faces and knows nothing of the flow, so that a flow's
edits do not please it by construction. Those of a latent mapper (:mod:`attributes.directions.mapper`) do: a
held-out classifier judges these.

Example:
    >>> from attributes.classifier.network import load_classifier
    >>> judge = load_classifier()
    >>> judge.balanced_probabilities(torch.rand(2, 3, 64, 64)).shape
    torch.Size([2, 40])
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data.labels import LABEL_NAMES
from glowface import __version__
from storage.assets import DEFAULT_CLASSIFIER
from storage.tensors import FORMAT_VERSION, CheckpointError, Header, read_safetensors, write_safetensors
from storage.values import InvalidValueError, table

if TYPE_CHECKING:
    from attributes.classifier.held_out import HeldOutNet

SIZE = 64
"""Side of the pictures that the network reads, in pixels; others are resized to it."""

WIDTHS = (32, 64, 128, 256)
"""Channels at 32, 16, 8 and 4 pixels."""

TUNING_HALF = slice(0, None, 2)
"""The validation faces that thresholds, scales and strengths are chosen on."""

REPORT_HALF = slice(1, None, 2)
"""The validation faces that figures are measured on: never the same ones."""


Architecture = Literal["residual", "witness"]
"""Of the network, as files and the command line call it: :class:`FaceNet`, or that of the held-out classifier,
:class:`attributes.classifier.held_out.HeldOutNet`, which judges sliders that go as far as the first has seen fit."""


class _Block(nn.Module):
    """A residual block (He et al. 2015, arXiv 1512.03385): two 3×3 convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.second_norm.weight)  # the block starts as the identity

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(self.first_norm(self.first(x)))
        return F.relu(x + self.second_norm(self.second(inner)))


class FaceNet(nn.Module):
    """A residual network from pictures ``(B, 3, 64, 64)`` in [0, 1] to 40 logits."""

    size = SIZE

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for place, (before, after) in enumerate(zip((3, *widths), widths, strict=False)):
            kernel = 4 if place == 0 else 3
            layers += [
                nn.Conv2d(before, after, kernel, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                *(_Block(after) for _ in range(1 if place == 0 else 2)),
            ]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(widths[-1], len(LABEL_NAMES))

    def features(self, x: Tensor) -> Tensor:
        """What the last layer sees, ``(B, F)``: one number per channel."""
        return self.body((x - 0.5) / 0.25).float().mean((2, 3))

    def logits(self, features: Tensor) -> Tensor:
        """What :meth:`forward` makes of them."""
        found: Tensor = self.head(features)
        return found

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(self.features(x))


def make_net(architecture: Architecture) -> FaceNet | HeldOutNet:
    """An untrained network."""
    if architecture == "residual":
        return FaceNet()
    from attributes.classifier.held_out import HeldOutNet  # it needs torchvision, a second of start-up

    return HeldOutNet()


@dataclass(frozen=True)
class PlattScaling:
    """How logits become probabilities, per label (Platt 1999)."""

    slope: Tensor
    """``(40,)``: what a logit is multiplied by."""

    offset: Tensor
    """``(40,)``: what is then added."""

    prevalence: Tensor
    """``(40,)``: the share of training faces that have the label."""


@dataclass(frozen=True)
class AttributeClassifier:
    """The trained network, with what makes probabilities of its logits."""

    net: FaceNet | HeldOutNet
    """The network, in evaluation mode."""

    scaling: PlattScaling
    """From its logits to probabilities."""

    balanced_accuracy: tuple[float, ...]
    """Per label, on validation faces that neither trained nor scaled it."""

    @torch.inference_mode()
    def features(self, x: Tensor) -> Tensor:
        """What of pictures ``(B, 3, H, W)`` in [0, 1] the last layer sees, ``(B, F)``: near for alike faces."""
        return self.net.features(self.resized(x))

    @torch.inference_mode()
    def balanced_probabilities(self, x: Tensor) -> Tensor:
        """How sure each label is on pictures ``(B, 3, H, W)`` in [0, 1], ``(B, 40)``, rare or not.

        Scaled as if half of all faces had each label: 0.5 is where the evidence speaks for neither side, and so
        near the threshold of the best balanced accuracy. :meth:`probabilities` also weighs how rare a label is.
        """
        return torch.sigmoid(self.evidence(x))

    @torch.inference_mode()
    def probabilities(self, x: Tensor, wished: Iterable[str] = ()) -> Tensor:
        """How probable each label is among faces such as the training data's, ``(B, 40)``: rare ones need more.

        Not so the labels in ``wished``, which somebody has brought about: how rare they are tells nothing of this face.
        """
        prior = torch.logit(self.scaling.prevalence)
        prior[[LABEL_NAMES.index(name) for name in wished]] = 0
        return torch.sigmoid(self.evidence(x) + prior)

    def evidence(self, x: Tensor) -> Tensor:
        """The log odds of :meth:`balanced_probabilities`, ``(B, 40)``; gradients flow through."""
        return self.read(x)[1]

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`features` and :meth:`evidence` of pictures, in one pass; gradients flow through."""
        features = self.net.features(self.resized(x)).float()
        return features, self.net.logits(features).float() * self.scaling.slope + self.scaling.offset

    def resized(self, x: Tensor) -> Tensor:
        """Pictures ``(B, 3, H, W)`` as the network reads them."""
        if x.ndim != 4 or x.shape[1] != 3:
            raise ValueError(f"pictures have the shape (B, 3, H, W), not {tuple(x.shape)}.")
        x = x.to(self.scaling.slope)
        size = self.net.size
        if x.shape[2:] != (size, size):
            x = F.interpolate(x, size=(size, size), mode="bicubic", antialias=True, align_corners=False)
        return x.clamp(0, 1).contiguous(memory_format=torch.channels_last)


def save_classifier(path: str | Path, classifier: AttributeClassifier, faces: int) -> None:
    """Write a classifier, trained on so many ``faces``, to ``path`` (safetensors); its weights in half precision."""
    tensors = {f"net.{name}": value for name, value in classifier.net.state_dict().items() if value.is_floating_point()}
    tensors = {name: value.half() if value.ndim > 1 else value for name, value in tensors.items()}
    tensors["calibration.slope"] = classifier.scaling.slope
    tensors["calibration.offset"] = classifier.scaling.offset
    tensors["calibration.prevalence"] = classifier.scaling.prevalence
    accuracy = {name: round(a, 4) for name, a in zip(LABEL_NAMES, classifier.balanced_accuracy, strict=True)}
    header = {
        "kind": "attribute classifier",
        "version": FORMAT_VERSION,
        "architecture": "residual" if isinstance(classifier.net, FaceNet) else "witness",
        "labels": list(LABEL_NAMES),
        "faces": faces,
        "balanced_accuracy": accuracy,
    }
    write_safetensors(Path(path), tensors, header)


def load_classifier(path: str | Path = DEFAULT_CLASSIFIER, device: str | torch.device = "cpu") -> AttributeClassifier:
    """The classifier that :func:`save_classifier` wrote.

    Raises:
        CheckpointError: the file is missing, broken or does not fit this version.
    """

    def expected(header: Header, _: object) -> dict[str, Tensor]:
        if header.get("labels") != list(LABEL_NAMES):
            raise CheckpointError(f"{path} reads other labels than CelebA's 40; train it again.")
        known = header.get("architecture", "residual")
        if known not in get_args(Architecture):
            raise CheckpointError(
                f"{path} has the architecture {known!r}; it needs a newer Glowface than {__version__}."
            )
        per_label = {f"calibration.{part}": torch.zeros(len(LABEL_NAMES)) for part in ("slope", "offset", "prevalence")}
        return {f"net.{name}": value for name, value in _state(make_net(known)).items()} | per_label

    tensors, header = read_safetensors(Path(path), "attribute classifier", expected)
    net = make_net(header.get("architecture", "residual"))
    slope, offset, prevalence = (tensors[f"calibration.{part}"].float() for part in ("slope", "offset", "prevalence"))
    try:
        _check_ranges(tensors)
        accuracies = table("its balanced accuracy", header.get("balanced_accuracy"))
        accuracy = tuple(_accuracy(name, accuracies.get(name)) for name in LABEL_NAMES)
    except InvalidValueError as error:
        raise CheckpointError(f"{path} does not fit this Glowface ({error}); train it again.") from error
    net.load_state_dict({name: tensors[f"net.{name}"].float() for name in _state(net)}, strict=False)
    scaling = PlattScaling(slope.to(device), offset.to(device), prevalence.to(device))
    net = net.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
    return AttributeClassifier(net, scaling, accuracy)


def _state(net: nn.Module) -> dict[str, Tensor]:
    """A network's tensors but for BatchNorm's counts of its batches, which are of no use once trained."""
    return {name: value for name, value in net.state_dict().items() if value.is_floating_point()}


def _check_ranges(tensors: dict[str, Tensor]) -> None:
    """Refuse variances below 0 and shares outside of [0, 1], of which the network would make NaN."""
    for name, tensor in tensors.items():
        low, high = float(tensor.min()), float(tensor.max())
        if (name.endswith("running_var") and low < 0) or (name == "calibration.prevalence" and (low < 0 or high > 1)):
            raise InvalidValueError(f"{name} is from {low:g} to {high:g}.")


def _accuracy(name: str, value: object) -> float:
    """A share; NaN where it could not be measured."""
    if not isinstance(value, float) or value < 0 or value > 1:
        raise InvalidValueError(f"the balanced accuracy of {name} is {value!r}; it must be from 0 to 1.")
    return value
