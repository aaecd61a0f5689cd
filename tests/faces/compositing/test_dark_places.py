"""Frames, brows and hair are dark beside the skin, whatever that skin is like."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from app.editor import Editor
from faces import Photo
from faces.compositing.dark_places import dark_places


@pytest.mark.parametrize("skin", [0.8, 0.3])
def test_what_is_dark_is_told_by_the_skin(skin: float) -> None:
    picture = torch.full((1, 3, 128, 128), skin)
    picture[..., 60:64, 30:100] = 0.1 * skin
    picture[..., 100:110, 40:60] = 0.7 * skin  # a shadow
    dark = dark_places(picture)
    assert dark.shape == (1, 1, 128, 128)
    assert dark[..., 61:63, 32:98].min() > 0.9
    assert dark[..., 70:90, :].max() < 1e-3
    assert dark[..., 102:108, 42:58].max() < 1e-3


@pytest.mark.parametrize("edit", [{"Pale_Skin": 1.0}, {"Young": -1.0}])
def test_sunglasses_stay_dark_where_skin_changes(fine_editor: Editor, edit: dict[str, float]) -> None:
    """A black bar over the eyes of drawn faces, put through the editor."""
    bar, skin = [], []
    for drawn in fine_editor.sample(4, 0.5, seed=5):
        pixels = (drawn.decoded[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        pixels[54:68, 34:94] = 12
        portrait = fine_editor.portrait(Photo(pixels, name="bar"), "whole")
        change = (fine_editor.moved(portrait, edit) - portrait.decoded).abs().mean(1)[0]
        bar.append(float(change[57:65, 38:90].mean()))
        skin.append(float(change[74:90, 44:84].mean()))
    assert np.mean(bar) < 0.2 * np.mean(skin)
