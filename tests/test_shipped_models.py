"""The committed models on real faces: lossless, and unbroken by any slider or sample."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from app.editor import Editor
from attributes import LABEL_NAMES
from attributes.reach.reach import find_reaches
from train.evaluation.bits_per_dim import bits_per_dim

BLOCK = 8
"""Side of the blocks that are looked at, in pixels."""


@pytest.fixture(scope="module", params=["64", "128"])
def shipped(request: pytest.FixtureRequest, editor: Editor, fine_editor: Editor) -> Editor:
    """The editor with one of the models."""
    return editor if request.param == "64" else fine_editor


@pytest.fixture(scope="module")
def faces(shipped: Editor, validation_faces: torch.Tensor, fine_validation_faces: torch.Tensor) -> torch.Tensor:
    """100 validation faces at the size of the small model, 40 at that of the large one."""
    return validation_faces[:100] if shipped.size == 64 else fine_validation_faces[:40]


def assert_unbroken(decoded: torch.Tensor, name: str = "") -> None:
    """Broken pictures have blocks of NaN, or of values in the hundreds; a black or white one is 0.5 away from grey."""
    assert torch.isfinite(decoded).all(), name
    away = (decoded - 0.5).abs()
    assert float(away.max()) < 4, name
    assert float(F.avg_pool2d(away, BLOCK).max()) < 1.25, name


def test_real_faces_come_back_without_loss(shipped: Editor, faces: torch.Tensor) -> None:
    x = faces.float() / 255
    model = shipped.checkpoint.model
    with torch.inference_mode():
        decoded = torch.cat([model.decode(model.encode(part)) for part in x.split(50)])
    assert torch.equal((decoded * 255).round().byte(), faces)
    assert float((decoded - x).abs().max()) < 1 / 510


def test_the_dequantiser_finds_a_much_tighter_bound(shipped: Editor, faces: torch.Tensor) -> None:
    learned, uniform = (bits_per_dim(shipped.checkpoint.model, faces, dequantiser=moves) for moves in (True, False))
    assert learned < uniform - 0.1


@pytest.mark.slow
@pytest.mark.parametrize("end", ["low", "high"])
def test_no_slider_breaks_a_face(shipped: Editor, faces: torch.Tensor, end: str) -> None:
    """Each of the 40 sliders at its ends, on 12 faces of the small model and 6 of the large one: 1,440 pictures."""
    model = shipped.checkpoint.model
    with torch.inference_mode():
        latent = model.encode(faces[: 12 if shipped.size == 64 else 6].float() / 255)
        for name in LABEL_NAMES:
            value = getattr(shipped.label_directions.slider(name), end)
            assert_unbroken(model.decode(shipped.label_directions.move(latent, {name: value})), name)


@pytest.mark.slow
def test_no_fitted_slider_breaks_a_face(shipped: Editor, faces: torch.Tensor) -> None:
    """As in the app, where sliders go as far as each face needs, and their ranges end where that face does."""
    with torch.inference_mode():
        latent = shipped.checkpoint.model.encode(faces[:5].float() / 255)
    before = shipped.judge.look(latent.flatten())
    for name in LABEL_NAMES[:: 4 if shipped.size == 64 else 5]:
        slider = shipped.label_directions.slider(name)
        ends = (slider.low, slider.high)
        reaches = find_reaches(shipped.label_directions, shipped.judge, latent, before=before, name=name, values=ends)
        for value in ends:
            moved = shipped.label_directions.move(latent, {name: value}, (), reaches)
            with torch.inference_mode():
                assert_unbroken(shipped.checkpoint.model.decode(moved), name)


@pytest.mark.slow
def test_no_sample_is_broken(shipped: Editor) -> None:
    model, generator = shipped.checkpoint.model, torch.Generator().manual_seed(0)
    with torch.inference_mode():
        for _ in range(2):
            assert_unbroken(model.decode(model.sample_latent(50, 1.0, generator)))
