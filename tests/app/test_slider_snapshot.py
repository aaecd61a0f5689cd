"""Sliders that stay as they are under those who use them, whatever comes to lie on disk."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.editor import Editor
from app.models import Models
from app.session import Session
from attributes import LABEL_NAMES, YOUR_OWN, Direction, Reach, sliders_folder
from attributes.custom.store import save_slider
from glow import Latent
from storage.assets import FACES_64


@pytest.fixture
def models(tmp_path: Path) -> Models:
    """Of a folder of its own, so that sliders made for the model do not lie in the repository."""
    for path in (FACES_64, FACES_64.with_suffix(".directions.safetensors")):
        shutil.copy(path, tmp_path)
    return Models(tmp_path / FACES_64.name, device="cpu")


def make_slider(editor: Editor, like: str, title: str = "Scarf") -> Path:
    """A custom slider beside the editor's model, along the direction of a label; or its file with another title."""
    label, index = editor.label_directions.slider(like), LABEL_NAMES.index(like)
    vector = Latent(tuple(scale[index : index + 1] for scale in editor.label_directions.vectors.scales))
    slider = replace(label, name="Scarf", title=title, group=YOUR_OWN, up=1.0, down=1.0, low=-2.0, high=2.0)
    return save_slider(sliders_folder(editor.path), Direction(slider, vector, 0.0, 1.0), editor.checkpoint.hash, {})


def test_what_a_refresh_finds_is_another_editor_and_nothing_new_is_the_same(models: Models) -> None:
    first = models.first
    assert models.refreshed(first.path) is first
    make_slider(first, "Blond_Hair")
    second = models.refreshed(first.path)
    assert "Scarf" in second.directions.names
    assert first.directions.names == LABEL_NAMES
    assert models.first is models.editor(first.path) is second
    assert models.refreshed(first.path) is second


def test_a_session_sees_a_changed_slider_when_it_moves_on_and_not_before(models: Models, astronaut: np.ndarray) -> None:
    make_slider(models.first, "Blond_Hair")
    before = models.refreshed(models.first.path)
    session = Session(before)
    session.open(astronaut)
    session.set_keep(["Scarf"])
    session.set({"Smiling": 1.0})
    kept = session.picture().pixels
    session.set({"Scarf": 1.0})
    blond = session.picture().pixels
    face = session.portrait
    make_slider(before, "Black_Hair")
    after = models.refreshed(before.path)
    assert after is not before
    assert np.array_equal(session.picture().pixels, blond)
    session.use(after)
    assert session.portrait is face, "the model is the same, and so what it has encoded"
    dark = session.picture().pixels
    assert dark[:200].mean() < blond[:200].mean()
    session.undo()
    assert not np.array_equal(session.picture().pixels, kept), "what was measured with the old slider fixed is gone"
    session.use(before)
    assert np.array_equal(session.picture().pixels, kept)


def test_what_was_measured_on_a_face_outlives_what_happens_to_custom_sliders(
    models: Models, astronaut: np.ndarray
) -> None:
    """It takes seconds on an open face; only what a changed slider was kept fixed for is measured anew."""
    make_slider(models.first, "Blond_Hair")
    editor = models.refreshed(models.first.path)
    portrait = editor.open(astronaut)

    def reaches(editor: Editor) -> list[Reach]:
        asked = (editor.directions.checked({"Smiling": 1.0}, keep) for keep in ((), ("Male",), ("Scarf", "Male")))
        return [editor.sliders.reaches(portrait, moves, editor.inference)["Smiling", 1] for moves in asked]

    first = reaches(editor)
    make_slider(editor, "Blond_Hair", title="Warm scarf")
    retitled = models.refreshed(editor.path)
    assert [slider.title for slider in retitled.directions.sliders if slider.name == "Scarf"] == ["Warm scarf"]
    assert all(one is other for one, other in zip(reaches(retitled), first, strict=True))
    make_slider(editor, "Mouth_Slightly_Open")
    changed = models.refreshed(editor.path)
    free, without_male, without_scarf = reaches(changed)
    assert free is first[0]
    assert without_male is first[1]
    assert without_scarf is not first[2]
    assert reaches(editor)[2] is first[2], "who has the slider from before goes on with it"


def test_a_slider_whose_file_is_gone_stays_until_the_end(models: Models) -> None:
    path = make_slider(models.first, "Blond_Hair")
    found = models.refreshed(models.first.path)
    path.unlink()
    assert models.refreshed(found.path) is found
