"""Frames, brows and hair are dark beside the skin, whatever that skin is like."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from app.editor import Editor
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


def test_a_pale_face_keeps_the_dark_of_its_eyes_and_hair(fine_editor: Editor) -> None:
    dark, skin = [], []
    for portrait in fine_editor.sample(8, 0.6, seed=5):
        change = (fine_editor.moved(portrait, {"Pale_Skin": 1.0}) - portrait.decoded).abs().mean(1)[0]
        places = dark_places(portrait.decoded)[0, 0]
        if (places > 0.99).sum() > 100:
            dark.append(float(change[places > 0.99].mean()))
            skin.append(float(change[60:90, 44:84][places[60:90, 44:84] < 0.1].mean()))
    assert len(dark) > 3
    assert np.mean(dark) < 0.1 * np.mean(skin)
