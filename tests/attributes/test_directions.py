"""Directions: equal to their definition, bound to their model, and doing what they say on real faces."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from app.editor import Editor
from attributes import (
    GROUPS,
    LABEL_NAMES,
    LABELS,
    DirectionsError,
    FaceSet,
    labels_in_group,
    load_directions,
    save_directions,
)
from attributes.compute import MeanDifferences, compute_directions
from attributes.population import COMMON, RARE
from glow import Checkpoint, Glow, GlowConfig, TrainingRecord, load_checkpoint, save_checkpoint
from train.data import load_pixels


def tiny_checkpoint(path: Path) -> Checkpoint:
    torch.manual_seed(0)
    config = GlowConfig(image_size=16, levels=2, steps=1, widths=(8, 8))
    save_checkpoint(path, Glow(config), TrainingRecord())
    return load_checkpoint(path)


def test_streamed_sums_equal_the_definition() -> None:
    latents = torch.randn(50, 6, dtype=torch.float64)
    labels = torch.rand(50, 3) < 0.4
    sums = MeanDifferences(6, 3)
    for start in range(0, 50, 7):
        sums.add(latents[start : start + 7], labels[start : start + 7])
    expected = torch.stack([latents[flag].mean(0) - latents[~flag].mean(0) for flag in labels.T])
    torch.testing.assert_close(sums.result(), expected, atol=1e-12, rtol=0)


def test_a_label_on_no_face_is_refused() -> None:
    sums = MeanDifferences(2, 40)
    labels = torch.rand(30, 40) < 0.5
    labels[:, 4] = False
    sums.add(torch.randn(30, 2), labels)
    with pytest.raises(DirectionsError, match="Bald"):
        sums.result()


def test_computed_from_real_faces_they_come_back_from_disk(celebahq_folder: Path, tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "m.safetensors")
    faces = FaceSet.open(celebahq_folder)
    directions = compute_directions(checkpoint, faces, batch=10)
    x = load_pixels(faces, 16).float() / 255
    z = checkpoint.model.encode(x).flatten()
    assert faces.labels is not None
    smiling = torch.from_numpy(faces.labels[:, LABEL_NAMES.index("Smiling")].copy())
    expected = (z[smiling].mean(0) - z[~smiling].mean(0)).float()
    got = directions.vectors[LABEL_NAMES.index("Smiling")].flatten()[0]
    torch.testing.assert_close(got, expected, atol=0.02, rtol=0)
    save_directions(tmp_path / "d.safetensors", directions)
    loaded = load_directions(tmp_path / "d.safetensors", checkpoint)
    assert torch.equal(loaded.vectors.flatten(), directions.vectors.flatten())
    assert loaded.faces == 128


def test_directions_of_another_model_are_refused(celebahq_folder: Path, tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "m.safetensors")
    directions = compute_directions(checkpoint, FaceSet.open(celebahq_folder))
    save_directions(tmp_path / "d.safetensors", directions)
    with torch.no_grad():
        checkpoint.model.top.mean.add_(1)
    save_checkpoint(tmp_path / "other.safetensors", checkpoint.model, TrainingRecord())
    with pytest.raises(DirectionsError, match="belongs to another checkpoint"):
        load_directions(tmp_path / "d.safetensors", load_checkpoint(tmp_path / "other.safetensors"))


def test_moving_is_linear_and_nothing_moved_is_the_very_latent(editor: Editor) -> None:
    z = editor.checkpoint.model.sample_latent(1, 0.7, torch.Generator().manual_seed(0))
    directions = editor.directions
    assert directions.move(z, {}) is z
    assert directions.move(z, {"Smiling": 0.0}) is z
    both = directions.move(z, {"Smiling": 1.0, "Bangs": -0.5})
    expected = z + directions.move(z, {"Smiling": 1.0}) - z + (directions.move(z, {"Bangs": -0.5}) - z)
    torch.testing.assert_close(both.flatten(), expected.flatten(), atol=1e-5, rtol=0)


def test_a_far_move_stops_where_faces_stop(editor: Editor) -> None:
    """Whatever value is asked for, the face does not leave the population along the direction."""
    directions, bald = editor.directions, LABEL_NAMES.index("Bald")
    z = editor.checkpoint.model.sample_latent(4, 0.7, torch.Generator().manual_seed(0))
    along = directions.vectors.flatten()[bald].double()
    population = directions.population.select([bald])
    for value, sign in ((3.0, 1), (50.0, 1), (-50.0, -1)):
        moved = directions.move(z, {"Bald": value}).flatten().double() @ along
        deviations = sign * (moved - population.mean) / population.deviation
        assert ((deviations > COMMON) & (deviations < RARE + 0.01)).all()


@pytest.mark.parametrize(
    ("values", "message"), [({"Smile": 1.0}, "'Smile' is no label"), ({"Smiling": float("nan")}, "nan")]
)
def test_wrong_moves_are_refused(editor: Editor, values: dict[str, float], message: str) -> None:
    with pytest.raises(DirectionsError, match=message):
        editor.directions.move(editor.checkpoint.model.sample_latent(1), values)


def test_every_label_is_in_one_group_under_a_title_of_its_own() -> None:
    assert len(LABEL_NAMES) == len(set(LABEL_NAMES)) == 40
    assert len({label.title for label in LABELS}) == 40
    assert sorted(label.name for group in GROUPS for label in labels_in_group(group)) == sorted(LABEL_NAMES)
