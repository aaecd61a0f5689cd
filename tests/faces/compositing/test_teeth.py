"""Teeth are found, and what makes a face older leaves them as white as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from app.editor import Editor
from attributes.sliders.slider_mask import SliderMask, together
from faces.compositing.colour import luma
from faces.compositing.teeth import BRIGHTEST, natural_mouth, teeth

SKIN = torch.tensor([0.8, 0.6, 0.5]).view(1, 3, 1, 1)


def mouth_of(colour: tuple[float, float, float], shade: float = 1.0) -> torch.Tensor:
    """A face of one colour, darker by a shade, with a mouth of another."""
    picture = (SKIN * shade).repeat(1, 1, 64, 64)
    picture[:, :, 46:50, 27:37] = torch.tensor(colour).view(1, 3, 1, 1)
    return picture


def test_white_in_the_mouth_is_teeth_and_lips_and_shirts_are_none() -> None:
    for shade in (1.0, 0.5):
        assert teeth(mouth_of((0.75, 0.7, 0.66), shade))[0, 0, 47:49, 28:36].min() > 0.9
    assert teeth(mouth_of((0.8, 0.35, 0.35)))[0, 0, 46:50, 27:37].max() < 0.05
    shirt = mouth_of((0.8, 0.35, 0.35))
    shirt[:, :, 58:] = 1.0
    assert teeth(shirt).max() < 0.05


def test_new_teeth_are_neither_green_nor_blue_nor_glaring() -> None:
    inside = (..., slice(47, 49), slice(28, 36))
    for lips in ((0.8, 0.35, 0.35), (0.0, 0.01, 0.005)):  # shut, and open and dark
        for odd in ((0.4, 0.7, 0.5), (0.5, 0.6, 0.8), (0.2, 0.8, 0.2)):
            moved = mouth_of(odd)
            natural = natural_mouth(moved, mouth_of(lips))
            red, green, blue = natural[inside].mean(dim=(0, 2, 3))
            assert green - (red + blue) / 2 < 0.1 * green
            assert blue - red < 0.1 * blue
            assert (luma(natural) - luma(moved))[inside].abs().max() < 0.02
    glaring = natural_mouth(mouth_of((1.0, 1.0, 1.0), 0.5), mouth_of((0.4, 0.17, 0.17), 0.5))
    level, more = BRIGHTEST
    assert torch.allclose(luma(glaring)[inside], level + more * luma(SKIN * 0.5), atol=0.01)


def test_teeth_and_lips_like_real_ones_stay_and_so_does_what_was_there() -> None:
    shut = mouth_of((0.8, 0.35, 0.35))
    for colour in ((0.75, 0.7, 0.66), (0.8, 0.3, 0.3), (0.1, 0.05, 0.05), (0.85, 0.35, 0.6)):
        assert torch.equal(natural_mouth(mouth_of(colour), shut), mouth_of(colour))
    for shown in (mouth_of((0.4, 0.7, 0.5)), mouth_of((1.0, 1.0, 1.0), 0.5), mouth_of((0.0, 0.01, 0.0))):
        assert torch.allclose(natural_mouth(shown, shown), shown, atol=1e-6)
        slightly = shown * 0.99
        assert (natural_mouth(slightly, shown) - slightly).abs().max() < 0.01
    stage = torch.tensor([0.3, 0.7, 1.5]).view(1, 3, 1, 1)  # in its blue light, teeth are blue
    blue = mouth_of((0.6, 0.5, 0.4)) * stage
    assert torch.equal(natural_mouth(blue, shut * stage), blue)
    pale = torch.full_like(shut, 0.95)
    assert torch.allclose(natural_mouth(pale, shut * 0.6), pale)
    elsewhere = shut.clone()
    elsewhere[:, :, :40] = torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1)
    assert torch.equal(natural_mouth(elsewhere, shut), elsewhere)


def test_beside_a_smile_teeth_are_not_spared() -> None:
    age, smile, glasses = SliderMask(spares_teeth=True), SliderMask(top=0.35), SliderMask(bottom=0.5)

    def spared(masks: dict[SliderMask, float]) -> torch.Tensor:
        found = together(masks, 64)
        assert found.spares_teeth is not None
        return found.spares_teeth[47, 32]

    assert spared({age: 0.9}) == 1
    assert spared({age: 0.9, glasses: 0.9}) == 1
    assert spared({age: 0.9, smile: 0.9}) == 0
    assert spared({age: 0.9, smile: 0.001}) > 0.99


def test_an_older_astronaut_keeps_her_teeth(fine_editor: Editor, astronaut: np.ndarray) -> None:
    portrait = fine_editor.open(astronaut)
    white = teeth(portrait.decoded) > 0.9
    assert white.sum() > 10
    directions, values = fine_editor.directions, {"Young": -1.0}
    reaches = fine_editor.sliders.reaches(portrait, directions.checked(values, ()), fine_editor.inference)
    moved = fine_editor.decode(directions.move(portrait.latent, values, (), reaches))
    where = directions.acts_where(values, fine_editor.size, reaches)
    kept, greyed = (
        float((luma(portrait.decoded) - luma(mask.over(portrait.decoded, moved)))[white].abs().mean())
        for mask in (where, replace(where, spares_teeth=None))
    )
    assert greyed > 0.05, "older does not change her teeth any more"
    assert kept < 0.1 * greyed
