"""The shape of one face with the colours of another."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from app.editor import Editor
from app.series.blending import blend_apart, blended_latent
from storage.values import InvalidValueError


def test_the_ends_are_exact_and_what_is_not_apart_is_a_plain_blend(editor: Editor, astronaut: np.ndarray) -> None:
    first, second = editor.open(astronaut), editor.sample(1, seed=3)[0]
    assert np.array_equal(blend_apart(editor, first, second, 0, 0).pixels, astronaut)
    half = editor.blend(first, second, 0.5).pixels
    assert np.array_equal(blend_apart(editor, first, second, 0.5, 0.5).pixels, half)
    assert blended_latent(first.latent, second.latent, 1, 1) is second.latent
    for ratios in ((0, 2), (-1, 0)):
        with pytest.raises(InvalidValueError, match="from 0"):
            blend_apart(editor, first, second, *ratios)


def test_a_fair_head_gets_the_colours_of_a_dark_one_and_keeps_its_shape(editor: Editor) -> None:
    faces = sorted(editor.sample(8, seed=3), key=lambda face: float(face.decoded.mean()))
    dark, fair = faces[0], faces[-1]
    mixed = editor.decode(blended_latent(fair.latent, dark.latent, 0, 1))

    def shape(picture: torch.Tensor) -> torch.Tensor:
        """Where it is brighter and darker than around, at the scale of eyes and mouth."""
        grey = torch.nn.functional.avg_pool2d(picture.mean(1, keepdim=True), 4)
        return (grey - torch.nn.functional.avg_pool2d(grey, 5, 1, 2, count_include_pad=False)).flatten()

    def alike(one: torch.Tensor, other: torch.Tensor) -> float:
        return float(torch.corrcoef(torch.stack([shape(one), shape(other)]))[0, 1])

    assert float(mixed.mean()) < float(fair.decoded.mean())
    assert alike(mixed, fair.decoded) > max(0.85, alike(mixed, dark.decoded) + 0.2)
