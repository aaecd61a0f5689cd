"""Of a change that brings glasses, the glasses: no forehead that turns pale, and no haze around the frame."""

from __future__ import annotations

import torch

from app.editor import Editor
from attributes import Reach
from attributes.sliders.slider_mask import PictureMask
from faces.compositing.colour import luma
from faces.compositing.dark_object import dark_object

EVERYWHERE = torch.ones(128, 128)


def glasses() -> torch.Tensor:
    """A dark bar with a small glint, under a forehead that turns yellow and pale, in a faint haze."""
    change = torch.full((1, 3, 128, 128), -0.06)
    change[:, :, 20:44] = torch.tensor([0.2, 0.2, 0.1]).view(3, 1, 1)
    change[:, :, 52:72, 24:104] = -0.6
    change[:, :, 60:62, 40:42] = 0.5
    return change


def test_a_thing_comes_without_the_light_around_it() -> None:
    found = dark_object(glasses(), EVERYWHERE)
    torch.testing.assert_close(found[:, :, 56:58, 50:98], torch.full((1, 3, 2, 48), -0.6), atol=1e-3, rtol=0)
    assert found[:, :, 26:38].abs().max() < 0.02
    assert found[:, :, 90:].abs().max() < 1e-3
    assert found[:, :, 60:62, 40:42].min() > 0.3


def test_half_of_a_change_brings_half_of_the_thing() -> None:
    whole, half = dark_object(glasses(), EVERYWHERE), dark_object(glasses() / 2, EVERYWHERE)
    torch.testing.assert_close(half, whole / 2)
    both = dark_object(torch.cat([glasses(), glasses() / 2]), EVERYWHERE)
    torch.testing.assert_close(both, torch.cat([whole, half]))


def test_nothing_comes_of_nothing() -> None:
    assert (dark_object(torch.zeros(1, 3, 64, 64), torch.ones(64, 64)) == 0).all()


def test_foreheads_stay_as_they_are_under_glasses(fine_editor: Editor) -> None:
    """On drawn faces that go as far as glasses take; beside what the model itself makes of them."""
    lengths = torch.full((12,), 1.5, dtype=torch.float64)
    values, reaches = {"Eyeglasses": 1.0}, {("Eyeglasses", 1): Reach(lengths, lengths)}
    generator = torch.Generator().manual_seed(1)
    faces = fine_editor.checkpoint.model.sample_latent(12, 0.7, generator)
    before, moved = (
        fine_editor.decode(latent) for latent in (faces, fine_editor.directions.move(faces, values, (), reaches))
    )
    where = fine_editor.directions.acts_where(values, fine_editor.size)
    assert where.dark_object is not None
    ours, models = (luma(mask.over(before, moved) - before)[:, 0] for mask in (where, PictureMask(where.change)))
    forehead = (slice(None), slice(30, 48), slice(40, 88))
    assert ours[forehead].clamp_min(0).mean() < 0.5 * models[forehead].clamp_min(0).mean()
    assert ours[:, 52:72, 32:96].amin((1, 2)).mean() < 0.7 * models[:, 52:72, 32:96].amin((1, 2)).mean()
    assert models[:, 52:72, 32:96].amin((1, 2)).mean() < -0.2, "few of the faces get glasses"
