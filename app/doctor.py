"""Is all here and in order: versions, device, model, directions, custom sliders, classifier, exactness, speed."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch

from attributes import (
    LABEL_NAMES,
    Directions,
    DirectionsError,
    directions_path,
    load_classifier,
    load_directions,
    load_sliders,
    sliders_folder,
)
from glow import Checkpoint, CheckpointError, choose_device, load_checkpoint
from glow.checkpoint import LARGEST_CONDITION
from glow.exactness import LOSSLESS, round_trip_error
from glowface import __version__
from storage.values import InvalidValueError

PACKAGES = (
    "torch",
    "torchvision",
    "gradio",
    "typer",
    "numpy",
    "pillow",
    "facenet-pytorch",
    "scikit-learn",
    "safetensors",
)


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    text: str
    good: bool = True


def examine(checkpoint_path: Path, device_name: str = "auto") -> list[Finding]:
    """All findings, in the order to show them; one that is not good says what to do."""
    findings = [Finding("Glowface", __version__), Finding("Python", platform.python_version())]
    findings += [_package(name) for name in PACKAGES]
    try:
        device = choose_device(device_name)
    except InvalidValueError as error:
        return [*findings, Finding("device", str(error), False)]
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    findings.append(Finding("device", f"{device} ({name}), {torch.get_num_threads()} threads"))
    try:
        checkpoint = load_checkpoint(checkpoint_path, device)
    except CheckpointError as error:
        return [*findings, Finding("model", str(error), False)]
    findings.append(_model(checkpoint_path, checkpoint))
    try:
        directions = load_directions(directions_path(checkpoint_path), checkpoint)
        findings.append(Finding("directions", f"40, from {directions.faces} faces, made for this model"))
        findings += _custom_sliders(checkpoint_path, checkpoint, directions)
    except (DirectionsError, CheckpointError) as error:
        findings.append(Finding("directions", str(error), False))
    try:
        accuracy = np.nanmean(load_classifier().balanced_accuracy)
        findings.append(
            Finding("classifier", f"balanced accuracy {accuracy:.3f}, the mean of {len(LABEL_NAMES)} labels")
        )
    except CheckpointError as error:
        findings.append(Finding("classifier", str(error), False))
    return [*findings, *_round_trip(checkpoint)]


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, f"not installed; run `pip install {name}`", False)


def _custom_sliders(path: Path, checkpoint: Checkpoint, labels: Directions) -> list[Finding]:
    custom = load_sliders(sliders_folder(path), checkpoint, labels)
    titles = ", ".join(direction.slider.title for direction in custom.directions)
    return [
        Finding("custom sliders", titles or "none"),
        *(Finding("custom slider", text, False) for text in custom.problems),
    ]


def _model(path: Path, checkpoint: Checkpoint) -> Finding:
    config, record = checkpoint.model.config, checkpoint.record
    count = sum(parameter.numel() for parameter in checkpoint.model.parameters()) / 1e6
    score = record.metrics.get("bits_per_dim")
    return Finding(
        "model",
        f"{path.name}: {config.image_size} pixels, {count:.1f} million parameters, {record.images_seen} training "
        f"pictures seen, {'unmeasured' if score is None else f'{score:.3f}'} bits/dim, hash {checkpoint.hash[:12]}",
    )


@torch.inference_mode()
def _round_trip(checkpoint: Checkpoint) -> list[Finding]:
    """Encode and decode 8-bit pictures: faces that the model draws, and plain noise as the hardest case."""
    model = checkpoint.model
    error = round_trip_error(model, pictures=4)
    good = error < LOSSLESS
    text = f"largest error {error:.1e} of the range: " + (
        "lossless for 8 bits" if good else f"not lossless for 8 bits (needs under {LOSSLESS:.1e}); use another model"
    )
    latent = model.sample_latent(1)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        model.decode(latent).sum().item()
        seconds.append(time.perf_counter() - start)
    worst = max(map(max, model.conditions()))
    return [
        Finding("round trip", text, good),
        Finding("1×1 condition", f"at most {worst:.0f} (1 is a rotation)", worst < LARGEST_CONDITION),
        Finding("one decode", f"{1000 * sorted(seconds)[2]:.0f} ms"),
    ]
