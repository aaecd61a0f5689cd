"""Dark hair that becomes lighter takes the colour that it is to have, light hair keeps its own; neither turns grey."""

from __future__ import annotations

from dataclasses import replace

import torch

from app.editor import Editor
from attributes import LABEL_NAMES, Reach
from attributes.sliders.slider_mask import PictureMask, SliderMask, together
from faces.compositing.colour import luma
from faces.compositing.dark_places import dark_places
from faces.compositing.tint import tinted

BLOND = torch.tensor([1.22, 0.94, 0.71]).view(3, 1, 1).expand(3, 64, 64)


def dark_hair_over_skin() -> torch.Tensor:
    picture = torch.tensor([0.8, 0.6, 0.5]).view(1, 3, 1, 1).repeat(1, 1, 64, 64)
    picture[:, :, :20] = 0.05
    return picture


def test_dark_hair_that_turns_grey_turns_blond_and_as_bright() -> None:
    before = dark_hair_over_skin()
    change = torch.full_like(before, 0.3)
    found = tinted(change, before, BLOND)
    expected = 0.3 * BLOND / luma(BLOND[None])[0]
    torch.testing.assert_close(found[0, :, 5:12], expected[:, 5:12], atol=0.005, rtol=0)
    torch.testing.assert_close(luma(found), luma(change))


def test_skin_and_what_is_warm_enough_stays() -> None:
    before = dark_hair_over_skin()
    grey = torch.full_like(before, 0.3)
    assert torch.equal(tinted(grey, before, BLOND)[:, :, 30:], grey[:, :, 30:])
    shadow = -0.4 * before  # which leaves all colours as they are
    torch.testing.assert_close(tinted(shadow, before, BLOND), shadow)
    golden = grey * torch.tensor([1.4, 0.94, 0.4]).view(3, 1, 1)
    assert torch.equal(tinted(golden, before, BLOND), golden)
    assert torch.equal(tinted(grey, before, torch.ones(3, 64, 64)), grey)


def test_blond_hair_that_turns_grey_turns_brown_and_as_dark() -> None:
    tint = torch.tensor([1.22, 0.94, 0.71]).view(1, 3, 1, 1)
    for hair in (tint * 0.7, torch.full((1, 3, 1, 1), 0.7)):
        before, grey = hair.expand(1, 3, 64, 64), torch.full((1, 3, 64, 64), 0.25)
        moved = before + tinted(grey - before, before, BLOND)
        torch.testing.assert_close(luma(moved), luma(grey))
        torch.testing.assert_close(moved / luma(moved), before / luma(before))  # blond stays warm, and grey grey
    golden = (tint * tint * 0.6).expand(1, 3, 64, 64)  # of more colour than the tint has, so much is left as that has
    dyed = golden + tinted(grey - golden, golden, BLOND)
    warmth = (dyed[:, 0] - dyed[:, 2]) / luma(dyed)[:, 0]
    torch.testing.assert_close(warmth, torch.full_like(warmth, float((tint[0, 0] - tint[0, 2]) / luma(tint))))
    bluer = before - torch.tensor([0.02, 0.01, 0.0]).view(1, 3, 1, 1)
    assert (tinted(bluer - before, before, BLOND) - (bluer - before)).abs().max() < 0.02  # and nothing jumps


def test_what_becomes_hardly_lighter_is_hardly_tinted() -> None:
    before = dark_hair_over_skin()
    bluer = torch.tensor([-0.1, 0.032, 0.1]).view(1, 3, 1, 1).expand_as(before)
    assert 0 < luma(bluer).mean() < 0.001
    assert (tinted(bluer, before, BLOND) - bluer).abs().max() < 0.001


def test_beside_another_slider_a_tint_counts_as_far_as_its_own_moves_the_face() -> None:
    hair, smile = SliderMask(bottom=0.6, tint=(1.22, 0.94, 0.71)), SliderMask(top=0.3)
    both = together({hair: 0.9, smile: 0.3}, 64)
    assert both.tint is not None
    torch.testing.assert_close(both.tint[:, :5], BLOND[:, :5])
    assert (both.tint[:, 60:] == 1).all()
    paler = together({hair: 0.9, SliderMask(spares_dark=True): 0.9}, 64)
    assert paler.tint is not None
    torch.testing.assert_close(paler.tint[:, :5], BLOND[:, :5])
    assert (paler.tint[:, 60:] == 1).all()
    alone = together({smile: 0.3}, 64)
    assert alone.tint is None


def test_drawn_faces_with_dark_hair_turn_blonder_than_the_model_makes_them(fine_editor: Editor) -> None:
    faces = fine_editor.checkpoint.model.sample_latent(24, 0.7, torch.Generator().manual_seed(3))
    black = fine_editor.judge.look(faces.flatten()).logits[:, LABEL_NAMES.index("Black_Hair")] > 0
    assert black.any()
    lengths = torch.full((24,), 0.7, dtype=torch.float64)
    values, reaches = {"Blond_Hair": 1.0}, {("Blond_Hair", 1): Reach(lengths, lengths)}
    before, moved = (
        fine_editor.decode(latent)[black] for latent in (faces, fine_editor.directions.move(faces, values, (), reaches))
    )
    where = fine_editor.directions.acts_where(values, fine_editor.size)
    assert where.tint is not None
    lighter = (luma(moved - before) > 0.1) & (dark_places(before) > 0.9)
    assert lighter.any()

    def warmth(mask: PictureMask) -> float:
        change = mask.over(before, moved) - before
        return float((change[:, :1] - change[:, 2:])[lighter].mean() / luma(change)[lighter].mean())

    assert warmth(where) > warmth(replace(where, tint=None)) + 0.05
    assert 0.4 < warmth(where) < 0.8  # that of blond hair is 0.51
