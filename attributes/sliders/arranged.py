"""Sliders as people are shown them: group by group, those that are rough last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from attributes.sliders.slider import Slider
from data.labels import GROUPS


def arranged(sliders: Iterable[Slider]) -> list[Slider]:
    """Sliders by their groups, the labels' first; within a group as they come, but for the rough ones, which end it."""
    listed = list(sliders)
    groups = list(dict.fromkeys([*GROUPS, *(slider.group for slider in listed)]))
    return sorted(listed, key=lambda slider: (groups.index(slider.group), slider.rough))


class SliderFacts(TypedDict):
    """What is worth knowing of a slider before it is moved; :class:`Slider` has the words."""

    name: str
    title: str
    group: str
    sign: int
    low: float
    high: float
    rough: bool


def slider_facts(slider: Slider) -> SliderFacts:
    """A slider as data, for JSON."""
    return {
        "name": slider.name,
        "title": slider.title,
        "group": slider.group,
        "sign": slider.sign,
        "low": slider.low,
        "high": slider.high,
        "rough": slider.rough,
    }
