"""The models that the app lets people choose from."""

from __future__ import annotations

import os
import shutil

import pytest

from app.models import Models
from glow import CheckpointError
from storage.assets import FACES_64


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Of a folder with both models of Glowface, one without directions, and all that is no model."""
    folder = tmp_path_factory.mktemp("models")
    for path in FACES_64.parent.glob("faces-*.safetensors"):
        shutil.copy(path, folder)
    shutil.copy(FACES_64, folder / "bare.safetensors")
    for name in ("broken", "pipe", "folder", "gone", "line\nbreak"):
        (folder / f"{name}.directions.safetensors").write_bytes(b"no model")
    (folder / "broken.safetensors").write_bytes(b"no model")
    os.mkfifo(folder / "pipe.safetensors")
    (folder / "folder.safetensors").mkdir()
    (folder / "gone.safetensors").symlink_to(folder / "nowhere")
    shutil.copy(FACES_64, folder / "line\nbreak.safetensors")
    return Models(folder / FACES_64.name, device="cpu")


def test_choices_are_the_models_beside_the_first_that_have_directions(models: Models) -> None:
    titles = [title for title, _ in models.choices()]
    assert titles == ["faces-64 · 64 × 64", "faces-128 · 128 × 128"]


def test_each_is_loaded_once_and_shares_what_is_not_the_models(models: Models) -> None:
    first, second = (models.editor(path) for _, path in models.choices())
    assert first is models.first
    assert (first.size, second.size) == (64, 128)
    assert second is models.editor(models.choices()[1][1])
    assert second.detector is first.detector
    assert str(second.path) == models.choices()[1][1]


def test_only_the_choices_are_opened(models: Models) -> None:
    beside = models.first.path.with_name
    for path in (
        beside("broken.safetensors"),
        beside("bare.safetensors"),
        beside("pipe.safetensors"),
        FACES_64,
        "",
        "\0",
    ):
        with pytest.raises(CheckpointError, match="is no model beside faces-64"):
            models.editor(path)
