"""Broken files of tensors: models, directions, sliders, the classifier."""

from __future__ import annotations

import json
import math
import os
import random
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from attributes import (
    LABEL_NAMES,
    YOUR_OWN,
    Direction,
    DirectionBasis,
    DirectionsError,
    Slider,
    load_classifier,
    load_directions,
)
from attributes.classifier.head_turn import SHAPE, HeadTurn
from attributes.classifier.network import AttributeClassifier, FaceNet, PlattScaling, save_classifier
from attributes.custom.store import listed_sliders, load_slider, load_sliders, save_slider
from attributes.directions.mapper import LatentMapper
from attributes.directions.mean_difference import LabelSums
from glow import Checkpoint, CheckpointError, Glow, GlowConfig, TrainingRecord, load_checkpoint, save_checkpoint
from glow.checkpoint import InaccurateInverseWarning, read_config
from tests.fuzz.inputs.mutate import NUMBERS, mutated
from tests.fuzz.inputs.trees import broken_json
from tests.fuzz.target import Target

CONFIGS = (
    GlowConfig(image_size=8, levels=2, flow_steps=2, widths=(4, 4), top_prior="position", coordinates=True),
    GlowConfig(image_size=8, levels=2, flow_steps=1, widths=(4, 4), permutation="1x1-full", coupling="additive"),
    GlowConfig(image_size=8, levels=1, flow_steps=2, widths=(4,), permutation="shuffle", dequantiser_width=4),
    GlowConfig(image_size=8, levels=2, flow_steps=1, widths=(4, 4), split_prior="standard", top_prior="standard"),
)
DTYPES = ("F64", "F32", "F16", "BF16", "I64", "I32", "U8", "BOOL", "F8_E5M2", "F8_E4M3", "F4", "C64", "X", 7, None)
LABELS = len(LABEL_NAMES)

Parts = tuple[dict[str, Any], bytes]
"""The header of a safetensors file, decoded, and what follows."""


@cache
def models() -> tuple[bytes, ...]:
    """Whole files of tiny models, one of them half precision."""
    torch.manual_seed(0)
    with TemporaryDirectory() as folder:
        path = Path(folder, "m.safetensors")
        found = []
        for place, config in enumerate(CONFIGS):
            record = TrainingRecord(step=3, images_seen=9, data="faces", metrics={"bits_per_dim": 3.5})
            save_checkpoint(path, Glow(config), record, half=place == 0)
            found.append(path.read_bytes())
        return tuple(found)


@cache
def checkpoint() -> Checkpoint:
    """The first of the models, loaded."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "m.safetensors")
        path.write_bytes(models()[0])
        return load_checkpoint(path)


@cache
def directions() -> tuple[bytes, ...]:
    """Files of its directions: plain, mixed, and with a mapper."""
    random_numbers = torch.Generator().manual_seed(0)
    config = checkpoint().model.config
    sums = LabelSums(config.dimensions, LABELS)
    latents = torch.randn(100, config.dimensions, generator=random_numbers)
    sums.add(latents, torch.rand(100, LABELS, generator=random_numbers) < 0.5)
    means = checkpoint().model.sample_latent(LABELS, 1.0, random_numbers)
    along = config.levels * LABELS
    basis = DirectionBasis(
        means, sums.label_second_moment, torch.zeros(along).double(), torch.eye(along).double(), checkpoint().hash
    )
    found, twice = [], 2 * along
    mapped = DirectionBasis(
        means,
        sums.label_second_moment,
        torch.zeros(twice).double(),
        torch.eye(twice).double(),
        checkpoint().hash,
        base=means,
        mapper=LatentMapper(config.scale_shapes()),
    )
    with TemporaryDirectory() as folder:
        path = Path(folder, "d.safetensors")
        with_probe = replace(mapped, head_turn=HeadTurn(torch.zeros(SHAPE)))
        for each in (basis, basis.calibrated(basis.kind("mean"), basis.sliders), with_probe):
            each.save(path)
            found.append(path.read_bytes())
    return tuple(found)


@cache
def sliders() -> tuple[bytes, ...]:
    """The file of a slider of one's own."""
    vector = checkpoint().model.sample_latent(1, 1.0, torch.Generator().manual_seed(0))
    slider = Slider(name="Scarf", title="Scarf", group=YOUR_OWN, up=0.5, down=0.7)
    with TemporaryDirectory() as folder:
        path = save_slider(folder, Direction(slider, vector, 0.1, 2.0), checkpoint().hash, {"faces": [9, 9]})
        return (path.read_bytes(),)


@cache
def classifiers() -> tuple[bytes, ...]:
    """The file of an untrained classifier."""
    half = [torch.full((LABELS,), 0.5) for _ in range(3)]
    accuracy = (0.5,) * (LABELS - 1) + (math.nan,)
    classifier = AttributeClassifier(FaceNet().eval(), PlattScaling(*half), accuracy)
    with TemporaryDirectory() as folder:
        save_classifier(Path(folder, "c.safetensors"), classifier, 9)
        return (Path(folder, "c.safetensors").read_bytes(),)


def broken(whole: Callable[[], tuple[bytes, ...]], chance: random.Random, folder: Path) -> Path:
    """A broken file in ``folder``, made of a whole one."""
    path = folder / "case.safetensors"
    content = chance.choice(whole())
    match chance.random():
        case share if share < 0.02:
            no_file(chance, path, content)
        case share if share < 0.25:
            path.write_bytes(mutated(chance, content, lambda: chance.choice(whole())))
        case _:
            header, data = _apart(content)
            kinds = (_other_json, _other_json, _other_table, _other_table, _other_numbers)
            text, data = chance.choice(kinds)(chance, header, data)
            path.write_bytes(struct.pack("<Q", len(text.encode())) + text.encode() + data)
    return path


def no_file(chance: random.Random, path: Path, content: bytes) -> None:
    """Something else than a file at ``path``, or a file that is as good as endless."""
    match chance.choice(("folder", "pipe", "device", "nowhere", "itself", "endless", "empty")):
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "nowhere":
            path.symlink_to(path.with_name("gone"))
        case "itself":
            path.symlink_to(path)
        case "endless":
            path.write_bytes(chance.choice((content, b"")))
            os.truncate(path, 2 * 10**9)
        case "empty":
            path.touch()


def _apart(content: bytes) -> Parts:
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def _other_json(chance: random.Random, header: dict[str, Any], data: bytes) -> tuple[str, bytes]:
    """Our own header says something else."""
    header["__metadata__"]["glowface"] = broken_json(chance, json.loads(header["__metadata__"]["glowface"]))
    return json.dumps(header), data


def _other_table(chance: random.Random, header: dict[str, Any], data: bytes) -> tuple[str, bytes]:
    """The table of tensors says something else."""
    if chance.random() < 0.3:
        return broken_json(chance, header), data
    names = [name for name in header if name != "__metadata__"]
    for _ in range(chance.choice((1, 1, 2))):
        entry = header[chance.choice(names)]
        shape, offsets = entry["shape"], entry["data_offsets"]
        match chance.choice(("dtype", "shape", "flat", "deep", "zero", "offsets", "overlap", "grown", "extra", "huge")):
            case "dtype":
                entry["dtype"] = chance.choice(DTYPES)
            case "shape" if shape:
                shape[chance.randrange(len(shape))] = chance.choice((-1, 0, 1, 1.5, "2", *NUMBERS, 2**62, 2**63, 2**64))
            case "flat":
                entry["shape"] = [math.prod(shape)]
            case "deep":
                entry["shape"] = [1] * chance.choice((1, 3, 70)) + shape
            case "zero":
                entry |= {"shape": [0, *shape], "data_offsets": [offsets[0], offsets[0]]}
            case "offsets":
                offsets[chance.randrange(2)] = chance.choice((-1, *NUMBERS, len(data) + 1, 2**63, 2**64 - 1))
            case "overlap":
                entry["data_offsets"] = list(header[chance.choice(names)]["data_offsets"])
            case "grown" | "extra":
                name = f"more.{chance.randrange(9)}"
                header[name] = {"dtype": "F32", "shape": [2], "data_offsets": [len(data), len(data) + 8]}
                data += bytes(8)
            case "huge":
                header |= {f"levels.0.{k}.x": entry for k in range(chance.choice((10, 20_000)))}
    return json.dumps(header), data


def _other_numbers(chance: random.Random, header: dict[str, Any], data: bytes) -> tuple[str, bytes]:
    """One to three tensors hold other numbers, or most of them do."""
    names = [name for name in header if name != "__metadata__"]
    for name in chance.sample(names, min(len(names), chance.choice((1, 1, 3, 50)))):
        start, end = header[name]["data_offsets"]
        kind = {"F16": "e", "F32": "f", "F64": "d", "I64": "q"}[header[name]["dtype"]]
        count = (end - start) // struct.calcsize(kind)
        most = {"e": 65504.0, "f": 3.4e38, "d": 1.7e308, "q": 2**62}[kind]
        odd = [0, 1, -1, 2, 30, 100, 1e4, most, -most] + ([math.nan, math.inf] if kind != "q" else [count, 2**31])
        value = chance.choice(odd)
        place = chance.choice((0, 0, chance.randrange(count)))
        size = chance.choice((1, 1, count)) if place == 0 else 1
        value = int(value) if kind == "q" else min(value, most) if math.isfinite(value) else value
        packed = struct.pack(f"<{kind}", value) * size
        at = start + place * struct.calcsize(kind)
        data = data[:at] + packed + data[at + len(packed) :]
    return json.dumps(header), data


def _read_model(path: Path) -> None:
    read_config(path)
    load_checkpoint(path).model.sample(1, generator=torch.Generator().manual_seed(0))


def _read_directions(path: Path) -> None:
    found = load_directions(path, checkpoint())
    latent = checkpoint().model.sample_latent(1, 0.7, torch.Generator().manual_seed(0))
    found.move(latent, {"Smiling": 1.0, "Young": -1.0}, keep=("Male", "Bald"))


def _read_slider(path: Path) -> None:
    with TemporaryDirectory() as folder:
        whole = Path(folder, "d.safetensors")
        whole.write_bytes(directions()[1])
        labels = load_directions(whole, checkpoint())
    listed_sliders(path.parent)
    together = labels.with_sliders(load_sliders(path.parent, checkpoint(), labels).directions)
    latent = checkpoint().model.sample_latent(1, 0.7, torch.Generator().manual_seed(0))
    together.move(latent, {load_slider(path, checkpoint()).slider.name: 1.0}, keep=("Male",))


def _read_classifier(path: Path) -> None:
    load_classifier(path).probabilities(torch.full((1, 3, 64, 64), 0.5))


TARGETS = (
    Target("models", partial(broken, models), _read_model, (CheckpointError, InaccurateInverseWarning)),
    Target("directions", partial(broken, directions), _read_directions, (CheckpointError, DirectionsError)),
    Target("sliders", partial(broken, sliders), _read_slider, (CheckpointError, DirectionsError)),
    Target("classifier", partial(broken, classifiers), _read_classifier, (CheckpointError,)),
)
"""What is attacked."""
