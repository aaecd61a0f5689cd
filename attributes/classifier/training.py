"""Training the attribute classifier: ``python -m attributes classifier``."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from attributes.classifier.augment import augment
from attributes.classifier.network import (
    REPORT_HALF,
    TUNING_HALF,
    Architecture,
    AttributeClassifier,
    FaceNet,
    PlattScaling,
    make_net,
)
from data.face_set import DatasetError, FaceSet
from data.labels import LABEL_NAMES
from glow.device import fastest_net_dtype

BATCH = 128
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.05
FEWEST = 5
"""Faces with and without a label that its scaling needs; a rarer one keeps the network's own balance."""


def read_all(faces: FaceSet, size: int = FaceNet.size) -> tuple[np.ndarray, np.ndarray]:
    """All pictures that can be read, uint8 ``(M, 3, size, size)``, and which these are, ``(M,)``."""
    pixels, read, count = np.empty((len(faces), 3, size, size), dtype=np.uint8), [], 0
    with tqdm(total=len(faces), desc="reading faces", unit="img", disable=None) as bar:
        for chosen, batch in faces.batches(size, 256):
            pixels[count : count + len(chosen)] = batch
            count += len(chosen)
            read.append(chosen)
            bar.update(len(chosen))
    return pixels[:count], np.concatenate(read)


def train_classifier(
    pixels: np.ndarray,
    labels: np.ndarray,
    validation_pixels: np.ndarray,
    validation_labels: np.ndarray,
    *,
    epochs: int = 6,
    seed: int = 0,
    architecture: Architecture = "residual",
    device: str | torch.device = "cpu",
) -> AttributeClassifier:
    """Train on labelled faces; scale the logits on one half of the validation faces, measure on the other.

    In the loss, faces with and without a label weigh the same in total. Convolutions run in bfloat16 where that is
    faster.

    Args:
        pixels: training faces, uint8 ``(N, 3, S, S)``, of the network's size.
        labels: theirs, bool ``(N, 40)``.
        validation_pixels: uint8 ``(M, 3, S, S)``.
        validation_labels: bool ``(M, 40)``.
        epochs: how often each training face is seen, augmented anew each time.
        seed: of the weights, the order and the augmentation.
        architecture: of the network; each has an augmentation of its own.
        device: where to train.

    Raises:
        DatasetError: a label is on all or on none of the training faces.
    """
    one_sided = [LABEL_NAMES[i] for i in np.nonzero((labels == labels[:1]).all(0))[0]]
    if one_sided:
        raise DatasetError(
            f"of the {len(labels)} training faces, all or none have {', '.join(one_sided)}; use more faces."
        )
    torch.manual_seed(seed)
    net = make_net(architecture).to(device).to(memory_format=torch.channels_last)
    prevalence = torch.from_numpy(labels.mean(0)).float()
    positive_weight = torch.logit(prevalence).mul(-0.5).exp().to(device)
    targets = torch.from_numpy(labels)
    steps = len(pixels) // BATCH * epochs or epochs
    optimiser = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.15)
    net.train()
    augmented = augment
    if not isinstance(net, FaceNet):
        from attributes.classifier.held_out import augment as augmented  # it needs torchvision, a second of start-up
    nets = fastest_net_dtype(torch.device(device))
    order = torch.empty(0, dtype=torch.long)
    with tqdm(total=steps, desc="training", unit="step", disable=None) as bar:
        for _ in range(steps):
            if len(order) < min(BATCH, len(pixels)):
                order = torch.randperm(len(pixels))
            chosen, order = order[:BATCH], order[BATCH:]
            x = augmented(torch.from_numpy(pixels[chosen.numpy()]).float() / 255).to(device)
            with torch.autocast(x.device.type, torch.bfloat16, enabled=nets == torch.bfloat16):
                logits = net(x.contiguous(memory_format=torch.channels_last))
            y = targets[chosen].float().to(device)
            class_weights = torch.where(y > 0, positive_weight, 1 / positive_weight)
            loss = F.binary_cross_entropy_with_logits(logits.float(), y, class_weights)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            bar.set_postfix(loss=f"{float(loss.detach()):.3f}", refresh=False)
            bar.update()
    net = net.eval().requires_grad_(False).cpu()
    logits = _logits(net, validation_pixels)
    scaling = platt_scaling(logits[TUNING_HALF], validation_labels[TUNING_HALF], prevalence)
    sure = (logits * scaling.slope + scaling.offset)[REPORT_HALF] > 0
    return AttributeClassifier(net, scaling, balanced_accuracies(sure, validation_labels[REPORT_HALF]))


def platt_scaling(logits: Tensor, labels: np.ndarray, prevalence: Tensor) -> PlattScaling:
    """Platt's logistic regression of each label on its logit, with both sides weighing the same in total.

    Args:
        logits: ``(N, 40)``.
        labels: bool ``(N, 40)``.
        prevalence: ``(40,)``, the share of training faces with each label.
    """
    from sklearn.linear_model import LogisticRegression  # a second of start-up

    slopes, offsets = [], []
    for column in range(labels.shape[1]):
        with_label = int(labels[:, column].sum())
        if min(with_label, len(labels) - with_label) < FEWEST:
            slopes.append(1.0)
            offsets.append(0.0)
            continue
        regression = LogisticRegression(class_weight="balanced")
        regression.fit(logits[:, column : column + 1].numpy(), labels[:, column])
        # Below 0.1, a label that few faces have would be read as its own opposite by chance.
        slopes.append(max(float(regression.coef_[0, 0]), 0.1))
        offsets.append(float(regression.intercept_[0]))
    return PlattScaling(torch.tensor(slopes), torch.tensor(offsets), prevalence)


def balanced_accuracies(said: Tensor, labels: np.ndarray) -> tuple[float, ...]:
    """The mean of how many of the faces with and without each label are read rightly, from bool ``(N, 40)``.

    Not a number where all or none of the faces have the label.
    """
    from sklearn.metrics import balanced_accuracy_score  # a second of start-up

    columns = zip(labels.T, said.numpy().T, strict=True)
    return tuple(balanced_accuracy_score(t, r) if len(set(t.tolist())) == 2 else math.nan for t, r in columns)


@torch.inference_mode()
def _logits(net: nn.Module, pixels: np.ndarray) -> Tensor:
    parts = math.ceil(len(pixels) / 250)
    return torch.cat([net(torch.from_numpy(part).float() / 255) for part in np.array_split(pixels, parts)])
