"""The committed model on real faces: lossless, and unbroken by any slider or sample."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from app.editor import Editor
from attributes import LABEL_NAMES
from attributes.fitting import fit_sides
from glow import Checkpoint
from train.evaluate import bits_per_dim

BLOCK = 8
"""Side of the blocks that are looked at, in pixels."""


def assert_unbroken(decoded: torch.Tensor, name: str = "") -> None:
    """Broken pictures have blocks of NaN, or of values in the hundreds; a black or white one is 0.5 away from grey."""
    assert torch.isfinite(decoded).all(), name
    away = (decoded - 0.5).abs()
    assert float(away.max()) < 4, name
    assert float(F.avg_pool2d(away, BLOCK).max()) < 1.25, name


def test_real_faces_come_back_without_loss(checkpoint: Checkpoint, validation_faces: torch.Tensor) -> None:
    x = validation_faces.float() / 255
    with torch.inference_mode():
        decoded = torch.cat([checkpoint.model.decode(checkpoint.model.encode(part)) for part in x.split(50)])
    assert torch.equal((decoded * 255).round().byte(), validation_faces)
    assert float((decoded - x).abs().max()) < 1 / 510


def test_the_dequantiser_finds_a_much_tighter_bound(checkpoint: Checkpoint, validation_faces: torch.Tensor) -> None:
    learned, uniform = (bits_per_dim(checkpoint.model, validation_faces, dequantiser=moves) for moves in (True, False))
    assert learned < uniform - 0.1


@pytest.mark.parametrize("end", ["low", "high"])
def test_no_slider_breaks_a_face(editor: Editor, validation_faces: torch.Tensor, end: str) -> None:
    """Each of the 40 sliders at its ends, on all 200 faces: 16,000 pictures."""
    model = editor.checkpoint.model
    with torch.inference_mode():
        latents = [model.encode(part.float() / 255) for part in validation_faces.split(50)]
        for name in LABEL_NAMES:
            value = getattr(editor.directions.slider(name), end)
            for latent in latents:
                assert_unbroken(model.decode(editor.directions.move(latent, {name: value})), name)


def test_no_fitted_slider_breaks_a_face(editor: Editor, validation_faces: torch.Tensor) -> None:
    """As in the app, where sliders go as far as each face needs, and their ranges end where that face does."""
    with torch.inference_mode():
        latent = editor.checkpoint.model.encode(validation_faces[:5].float() / 255)
    before = editor.judge.logits(latent.flatten())
    for label, name in enumerate(LABEL_NAMES):
        slider = editor.labels.slider(name)
        ends = (slider.low, -1.0, 1.0, slider.high)
        fits = fit_sides(editor.labels, editor.judge, latent, before=before[:, label], name=name, values=ends)
        for value in ends:
            moved = editor.labels.move(latent, {name: value}, (), fits)
            with torch.inference_mode():
                assert_unbroken(editor.checkpoint.model.decode(moved), name)


def test_no_sample_is_broken(checkpoint: Checkpoint) -> None:
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        for _ in range(10):
            assert_unbroken(checkpoint.model.decode(checkpoint.model.sample_latent(50, 1.0, generator)))
