"""The 40 labels' sliders as a file of directions has them, without its tensors."""

from __future__ import annotations

from pathlib import Path

from attributes.sliders.slider import LABEL_SLIDERS, Slider
from data.labels import LABELS
from storage.tensors import CheckpointError, Header, read_header
from storage.values import InvalidValueError


def read_sliders(header: Header) -> tuple[Slider, ...]:
    """The sliders in the header of a file of directions.

    Raises:
        InvalidValueError: they are none that this version knows.
    """
    given = header.get("sliders")
    if not isinstance(given, list) or len(given) != len(LABELS):
        raise InvalidValueError(f"its sliders are {given!r}, and must be {len(LABELS)}.")
    return tuple(Slider.of_measures(label, each) for label, each in zip(LABELS, given, strict=True))


def label_sliders(path: Path) -> tuple[Slider, ...]:
    """The sliders of the 40 labels, as a file of directions has them, without its tensors, and so fast; as they are
    before anything was measured where it cannot be read."""
    try:
        return read_sliders(read_header(path, "directions"))
    except (CheckpointError, InvalidValueError):
        return LABEL_SLIDERS


def rough_sliders(path: Path) -> frozenset[str]:
    """The names of the labels whose sliders are rough, of a file of directions; none where it cannot be read."""
    return frozenset(slider.name for slider in label_sliders(path) if slider.rough)
