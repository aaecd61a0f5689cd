"""Drawn faces like another one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from app.editor import Editor
from app.series.drawing import Drawing, like
from storage.values import InvalidValueError


def test_the_same_drawing_gives_the_same_faces_and_begins_with_the_one_they_are_like(editor: Editor) -> None:
    face = editor.sample(2, seed=4)[1]
    drawing = Drawing(seed=5, like=face, change=0.3)
    once, again = drawing.faces(editor, 4), drawing.faces(editor, 4)
    assert once[0] is face
    for one, other in zip(once, again, strict=True):
        assert np.array_equal(one.photo.pixels, other.photo.pixels)
    far = Drawing(seed=5, like=face, change=0.9).faces(editor, 4)
    for near, other in zip(once[1:], far[1:], strict=True):
        assert (near.decoded - face.decoded).abs().mean() < (other.decoded - face.decoded).abs().mean()
    # Noise keeps its deviation, so that what lies between is as likely as the ends.
    deviations = [float(each.latent.flatten().std()) for each in once]
    assert deviations == pytest.approx([0.7] * 4, abs=0.02)


def test_a_kept_scale_is_the_faces_own_and_the_others_are_drawn_anew(editor: Editor) -> None:
    face, other = editor.sample(2, seed=4)
    for keep, own in (("coarse", [-1]), ("fine", range(len(face.latent.scales) - 1))):
        found = like(editor, face, other, 1.0, keep)  # type: ignore[arg-type]
        for level in range(-1, len(face.latent.scales) - 1):
            source = face if level in own else other
            assert torch.allclose(found.latent.scales[level], source.latent.scales[level], atol=1e-6)
    assert torch.equal(like(editor, face, other, 0.0).latent.flatten(), face.latent.flatten())
    with pytest.raises(InvalidValueError, match="from 0"):
        like(editor, face, other, 1.5)
