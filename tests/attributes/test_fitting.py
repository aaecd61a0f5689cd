"""Sliders fitted to a face: 1 brings the attribute into view in that face, and no move goes further than it must."""

from __future__ import annotations

import pytest
import torch

from app.editor import Editor
from attributes import LABEL_NAMES, Slider, fit
from attributes.evaluate import HEADLINE
from attributes.fitting import CLEAR, LEAST
from glow import Latent

STRENGTHS = torch.tensor([0.3, 1.0, 2.2], dtype=torch.float64)


@pytest.fixture(scope="module")
def faces(editor: Editor, validation_faces: torch.Tensor) -> Latent:
    with torch.inference_mode():
        return editor.checkpoint.model.encode(validation_faces[:12].float() / 255)


def fitted_to(editor: Editor, faces: Latent, name: str, sense: int) -> torch.Tensor:
    before = editor.judge.logits(faces.flatten())[:, LABEL_NAMES.index(name)]
    return fit(editor.labels, editor.judge, faces, before=before, name=name, sense=sense)


@pytest.mark.parametrize("sense", [1, -1])
def test_a_fitted_slider_passes_its_strength_and_ends_where_it_did(sense: int) -> None:
    slider = Slider(name="a", title="A", group="Hair", low=-2.5, high=2.5)
    course = torch.stack([slider.unfitted(sense * value, STRENGTHS) for value in (0.5, 1.0, 1.01, 2.0, 2.49, 2.5, 3)])
    assert (sense * course.diff(dim=0) > 0).all()
    assert torch.equal(course[0], sense * STRENGTHS / 2)
    assert torch.equal(course[1], sense * STRENGTHS)
    assert course[-2].tolist() == [sense * 2.5] * 3
    torch.testing.assert_close(course[:, 1], sense * torch.tensor([0.5, 1.0, 1.01, 2.0, 2.49, 2.5, 3]).double())


def test_a_slider_that_ends_at_one_is_fitted_within_its_range() -> None:
    slider = Slider(name="a", title="A", group="Hair", high=1.0)
    assert slider.unfitted(1.0, STRENGTHS[:2]).tolist() == [0.3, 1.0]


def test_one_brings_a_label_into_view_and_a_little_over_half_of_it_not_yet(editor: Editor, faces: Latent) -> None:
    before = editor.judge.logits(faces.flatten())
    at_one, at_less = [], []
    for name in HEADLINE:
        label, slider = LABEL_NAMES.index(name), editor.labels.slider(name)
        strengths = fitted_to(editor, faces, name, 1)
        assert (strengths >= LEAST).all()
        assert (strengths <= slider.high).all()
        assert (strengths[before[:, label] > CLEAR] == 1).all()
        fitted = (before[:, label] < CLEAR) & (strengths > LEAST) & (strengths != 1)
        for found, value in ((at_one, 1.0), (at_less, 0.6)):
            moved = editor.labels.move(faces, {name: value}, (), {(name, 1): strengths})
            found.append(editor.judge.logits(moved.flatten())[fitted, label] >= CLEAR)
    assert torch.cat(at_one).double().mean() > 0.95
    assert torch.cat(at_less).double().mean() < 0.2


def test_a_face_is_fitted_alone_as_among_others(editor: Editor, faces: Latent) -> None:
    together = fitted_to(editor, faces, "Smiling", -1)
    alone = torch.cat([fitted_to(editor, face, "Smiling", -1) for face in faces[:3]])
    torch.testing.assert_close(alone, together[:3], atol=0.02, rtol=0)


def test_fitted_moves_are_taken_back_bit_for_bit(editor: Editor, faces: Latent) -> None:
    strengths = {("Smiling", 1): fitted_to(editor, faces, "Smiling", 1)}
    there = editor.labels.move(faces, {"Smiling": 1.0, "Bangs": 0.5}, (), strengths)
    back = editor.labels.move(there, {"Smiling": -1.0, "Bangs": -0.5}, (), strengths)
    assert back is faces
    twice = editor.labels.move(editor.labels.move(faces, {"Smiling": 0.25}, (), strengths), {"Smiling": 0.5})
    assert torch.equal(twice.flatten(), editor.labels.move(faces, {"Smiling": 0.75}, (), strengths).flatten())


def test_what_is_kept_fixed_asks_for_a_fit_of_its_own(editor: Editor) -> None:
    (portrait,) = editor.sample(1, 0.6, seed=3)
    keep = frozenset({"Male"})
    moved = editor.moved(portrait, {"Young": -1.0}, keep)
    fitted = portrait.strengths["Young", -1, keep] not in (LEAST, 1)
    assert fitted
    young = LABEL_NAMES.index("Young")
    assert editor.judge.read(portrait.decoded)[0, young] > -CLEAR >= editor.judge.read(moved)[0, young]


def test_the_editor_fits_each_slider_once(editor: Editor) -> None:
    (portrait,) = editor.sample(1, 0.6, seed=3)
    first = editor.moved(portrait, {"Smiling": 1.0, "Young": -1.0})
    assert set(portrait.strengths) == {("Smiling", 1, frozenset()), ("Young", -1, frozenset())}
    known = dict(portrait.strengths)
    assert torch.equal(editor.moved(portrait, {"Young": -1.0, "Smiling": 1.0}), first)
    assert all(portrait.strengths[key] is value for key, value in known.items())
