"""Custom sliders: a file for each, in a folder beside the model that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from attributes.directions.direction_basis import check_hash
from attributes.directions.directions import Directions
from attributes.sliders.errors import DirectionsError
from attributes.sliders.slider import Direction, Slider
from data.labels import LABELS
from errors import GlowfaceError
from glow.checkpoint import Checkpoint
from glow.latent import Latent
from storage.assets import writable
from storage.tensors import FORMAT_VERSION, CheckpointError, Header, read_header, read_safetensors, write_safetensors
from storage.values import InvalidValueError, caption, choice, number, table

YOUR_OWN = "Your own"
"""The group of sliders learned from a user's photos."""

FOUND = "Found by itself"
"""The group of the latents' principal components."""

LONGEST_FILE_NAME = 200
"""Bytes of a slider's name in UTF-8; with what stands beside it, file systems take 255."""

FAR = 1e9
"""Where faces lie along a slider is measured in thousands."""

_MEASURES = ("name", "title", "group", "up", "down", "low", "high")


@dataclass(frozen=True)
class CustomSliders:
    """What lies in a model's folder of sliders."""

    directions: tuple[Direction, ...] = ()
    """Those that can be used, by name."""

    problems: tuple[str, ...] = ()
    """For each file that cannot, what is wrong and what to do."""


def sliders_folder(checkpoint: str | Path) -> Path:
    """Where the custom sliders of a checkpoint lie: beside it, in ``NAME.sliders``.

    Those of the models that are installed with Glowface lie in the user's folder (:func:`storage.assets.user_folder`).
    """
    return writable(Path(checkpoint).with_suffix(".sliders"))


def slider_name(title: str) -> str:
    """The name that the command line and files use for a title: "Wearing scarf" is ``Wearing_scarf``.

    Raises:
        DirectionsError: nothing is left of the title, it is too long for a file's name, or it is a label's.
        InvalidValueError: the title cannot be shown in one line.
    """
    name = re.sub(r"\W+", "_", title).strip("_")
    if not name:
        raise DirectionsError(f"{title!r} is no name for a slider; it needs a letter or a digit.")
    if name.lower() in {_plain(text) for label in LABELS for text in (label.name, label.title)}:
        raise DirectionsError(f"{title!r} is one of the 40 labels' sliders already; choose another name.")
    caption("the slider's name", title)
    if len(name.encode()) > LONGEST_FILE_NAME:
        raise DirectionsError(f"{title!r} is too long for the name of a file; choose a shorter one.")
    return name


def check_names_apart(titles: Iterable[str], folder: str | Path) -> None:
    """See to it that no slider that is to be made would take the file of another one.

    Raises:
        DirectionsError: two of the titles, or one and a slider that lies in ``folder``, differ in capitals alone, or
            in what names leave out.
    """
    there = {slider.name.lower(): slider for slider in listed_sliders(folder)}
    taken: dict[str, str] = {}
    for title in titles:
        name = slider_name(title)
        lying = there.get(name.lower())
        other = taken.get(name.lower(), lying.title if lying is not None and lying.name != name else None)
        if other is not None:
            raise DirectionsError(
                f"{title!r} and {other!r} would share a file; choose a name that differs in more than capitals."
            )
        taken[name.lower()] = title


def _plain(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_").lower()


def save_slider(folder: str | Path, direction: Direction, model_hash: str, story: Mapping[str, Any]) -> Path:
    """Write a slider into ``folder`` and return its file; an older one of the same name is replaced.

    Args:
        folder: :func:`sliders_folder` of the model.
        direction: the slider and its vector.
        model_hash: the hash of the checkpoint that it belongs to.
        story: what is worth knowing of how it came to be; kept in the header.
    """
    path = Path(folder) / f"{direction.slider.name.lower()}.safetensors"
    header = {
        "kind": "slider",
        "version": FORMAT_VERSION,
        "model_hash": model_hash,
        "slider": {key: asdict(direction.slider)[key] for key in _MEASURES},
        "mean": direction.mean,
        "deviation": direction.deviation,
        "story": dict(story),
    }
    # Half precision is enough: what a few photos tell of a direction is off by far more than that.
    write_safetensors(path, {f"scale.{i}": scale.half() for i, scale in enumerate(direction.vector.scales)}, header)
    return path


def load_slider(path: str | Path, checkpoint: Checkpoint) -> Direction:
    """The slider of a file, on the device of ``checkpoint``'s model.

    Raises:
        DirectionsError: it belongs to another checkpoint.
        CheckpointError: the file is missing or broken, or holds what is no slider.
    """
    path = Path(path)
    shapes = checkpoint.model.config.scale_shapes()

    def expected(header: Header, _: object) -> dict[str, torch.Tensor]:
        check_hash(path, header, checkpoint, "make the slider again for this one, or move the file away")
        return {f"scale.{i}": torch.zeros(()).expand(1, *shape) for i, shape in enumerate(shapes)}

    tensors, header = read_safetensors(path, "slider", expected)
    vector = Latent(tuple(tensors[f"scale.{i}"].float() for i in range(len(shapes))))
    try:
        slider = _slider(header)
        mean = number("the mean along it", header.get("mean"), -FAR, FAR)
        deviation = number("the deviation along it", header.get("deviation"), 0, FAR)
    except InvalidValueError as error:
        raise CheckpointError(f"{path} does not fit this Glowface ({error}); make the slider again.") from error
    return Direction(slider, vector.to(checkpoint.model.device), mean, deviation)


def _slider(header: Header) -> Slider:
    """What a file's header says of its slider.

    Raises:
        InvalidValueError: it says nothing of the kind.
    """
    given = table("its slider", header.get("slider"))
    if set(given) != set(_MEASURES):
        raise InvalidValueError(f"its slider has the fields {sorted(given)}; it must have {', '.join(_MEASURES)}.")
    choice("the group of its slider", given["group"], (YOUR_OWN, FOUND))
    return Slider(**given)


def load_sliders(folder: str | Path, checkpoint: Checkpoint, labels: Directions) -> CustomSliders:
    """The sliders of ``folder`` that can be used beside ``labels``; what is wrong with others is told, not raised."""
    directions: list[Direction] = []
    problems: list[str] = []
    together = labels
    for path in sorted(Path(folder).glob("*.safetensors")):
        try:
            direction = load_slider(path, checkpoint)
            together = together.with_sliders([direction])
        except GlowfaceError as error:
            problems.append(str(error))
        else:
            directions.append(direction)
    return CustomSliders(tuple(directions), tuple(problems))


def listed_sliders(folder: str | Path) -> tuple[Slider, ...]:
    """The sliders of a folder by their files' headers alone, without a model; broken files are left out."""
    found = []
    for path in sorted(Path(folder).glob("*.safetensors")):
        try:
            found.append(_slider(read_header(path, "slider")))
        except GlowfaceError:
            continue
    return tuple(found)
