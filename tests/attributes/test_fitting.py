"""Sliders fitted to a face: 1 brings the attribute into view in that face, and no move goes further than it must."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from app.editor import Editor
from attributes import LABEL_NAMES, Fit, Slider, fit
from attributes.evaluate import HEADLINE
from attributes.fitting import CLEAR, LEAST, LENGTHS, MORE
from glow import Latent

FITTED = Fit(*torch.tensor([[0.3, 1.0, 2.2], [2.5, 2.5, 2.2]], dtype=torch.float64))


@pytest.fixture(scope="module")
def faces(editor: Editor, validation_faces: torch.Tensor) -> Latent:
    with torch.inference_mode():
        return editor.checkpoint.model.encode(validation_faces[:12].float() / 255)


def fitted_to(editor: Editor, faces: Latent, name: str, sense: int) -> Fit:
    before = editor.judge.logits(faces.flatten())[:, LABEL_NAMES.index(name)]
    return fit(editor.labels, editor.judge, faces, before=before, name=name, sense=sense)


@pytest.mark.parametrize("sense", [1, -1])
def test_a_fitted_slider_goes_to_one_and_on_to_its_end(sense: int) -> None:
    slider = Slider(name="a", title="A", group="Hair", up=5.0, down=7.0, low=-2.5, high=2.5)
    course = sense * torch.stack([slider.fitted(sense * v, FITTED) for v in (0.5, 1.0, 1.01, 2.0, 2.5, 3.0)])
    assert torch.equal(course[0], FITTED.one / 2)
    assert torch.equal(course[1], FITTED.one)
    assert (course[:, :2].diff(dim=0)[:-1] > 0).all()
    assert torch.equal(course[-2], FITTED.end)
    assert torch.equal(course[-1], FITTED.end)


def test_a_slider_that_ends_at_one_is_fitted_within_its_range() -> None:
    slider = Slider(name="a", title="A", group="Hair", high=1.0)
    for value in (1.0, 1.5):
        assert torch.equal(slider.fitted(value, FITTED), FITTED.one)


def test_a_fitted_move_goes_just_so_far(editor: Editor, faces: Latent) -> None:
    """Not held back, as plain moves are: these very faces were looked at there."""
    lengths = torch.linspace(1.0, 8.0, len(faces.scales[0]), dtype=torch.float64)
    vector = editor.labels.vectors.flatten()[LABEL_NAMES.index("Eyeglasses")].double()
    there = editor.labels.move(faces, {"Eyeglasses": 1.0}, (), {("Eyeglasses", 1): Fit(lengths, lengths)})
    gone = (there.flatten() - faces.flatten()).double() @ vector / vector.square().sum()
    torch.testing.assert_close(gone, lengths, atol=1e-4, rtol=0)


def test_one_brings_a_label_into_view_and_a_little_over_half_of_it_not_yet(editor: Editor, faces: Latent) -> None:
    before = editor.judge.logits(faces.flatten())
    at_one, at_less = [], []
    for name in HEADLINE:
        label, slider = LABEL_NAMES.index(name), editor.labels.slider(name)
        found = fitted_to(editor, faces, name, 1)
        least = LEAST * slider.up
        assert (found.one >= least).all()
        assert (found.end >= found.one).all()
        assert (found.one[before[:, label] > CLEAR] == MORE * slider.up).all()
        fitted = (before[:, label] < CLEAR) & (found.one > least) & (found.one != slider.up)
        for seen, value in ((at_one, 1.0), (at_less, 0.6)):
            moved = editor.labels.move(faces, {name: value}, (), {(name, 1): found})
            seen.append(editor.judge.logits(moved.flatten())[fitted, label] >= CLEAR)
    assert torch.cat(at_one).double().mean() > 0.9
    assert torch.cat(at_less).double().mean() < 0.2


@pytest.mark.parametrize(("name", "sense"), [("Wearing_Hat", 1), ("Eyeglasses", 1), ("Blond_Hair", 1), ("Young", -1)])
def test_a_fitted_range_ends_before_a_face_breaks(editor: Editor, faces: Latent, name: str, sense: int) -> None:
    found = fitted_to(editor, faces, name, sense)
    slider = editor.labels.slider(name)
    end = slider.high if sense > 0 else slider.low
    for value in (sense, end):
        moved = editor.labels.move(faces, {name: value}, (), {(name, sense): found})
        assert editor.judge.look(moved.flatten())[1].all()


def test_alike_fitted_sliders_stop_together(editor: Editor, faces: Latent) -> None:
    names = ("Mustache", "Goatee", "Sideburns")
    fits = {(name, 1): fitted_to(editor, faces, name, 1) for name in names}
    values = {name: editor.labels.slider(name).high for name in names}
    moved = editor.labels.move(faces, values, (), fits)
    alone = [editor.labels.move(faces, {name: values[name]}, (), fits) for name in names]
    gone = [float((at.flatten() - faces.flatten()).norm(dim=1).mean()) for at in (moved, *alone)]
    assert gone[0] < 0.6 * sum(gone[1:])
    assert editor.judge.look(moved.flatten())[1].all()


def test_a_face_that_breaks_on_the_way_goes_only_where_it_is_whole(editor: Editor, faces: Latent) -> None:
    """Glasses are taken off where there are none, further and further: nothing ever comes into view."""
    label = LABEL_NAMES.index("Eyeglasses")
    vectors = editor.labels.vectors.flatten().clone()
    vectors[label] *= -6
    sliders = list(editor.labels.sliders)
    sliders[label] = replace(sliders[label], up=4.0, high=2.0)
    shapes = editor.checkpoint.model.config.scale_shapes()
    directions = replace(editor.labels, sliders=tuple(sliders), vectors=Latent.unflatten(vectors, shapes))
    before = editor.judge.logits(faces.flatten())[:, label]
    found = fit(directions, editor.judge, faces, before=before, name="Eyeglasses", sense=1)
    assert (found.end < LENGTHS[-1]).all()
    moved = directions.move(faces, {"Eyeglasses": 2.0}, (), {("Eyeglasses", 1): found})
    plain = directions.move(faces, {"Eyeglasses": 2.0})
    assert editor.judge.look(moved.flatten())[1].all()
    assert not editor.judge.look(plain.flatten())[1].any()


def test_a_face_is_fitted_alone_as_among_others(editor: Editor, faces: Latent) -> None:
    together = fitted_to(editor, faces, "Wearing_Hat", 1)
    assert together.end.unique().numel() > 3
    for place, face in enumerate(faces[:3]):
        alone = fitted_to(editor, face, "Wearing_Hat", 1)
        torch.testing.assert_close(alone.one[0], together.one[place], atol=0.02, rtol=0)
        torch.testing.assert_close(alone.end[0], together.end[place], atol=0.05, rtol=0)


def test_fitted_moves_are_taken_back_bit_for_bit(editor: Editor, faces: Latent) -> None:
    fits = {("Smiling", 1): fitted_to(editor, faces, "Smiling", 1)}
    there = editor.labels.move(faces, {"Smiling": 1.0, "Bangs": 0.5}, (), fits)
    back = editor.labels.move(there, {"Smiling": -1.0, "Bangs": -0.5}, (), fits)
    assert back is faces
    twice = editor.labels.move(editor.labels.move(faces, {"Smiling": 0.25}, (), fits), {"Smiling": 0.5})
    assert torch.equal(twice.flatten(), editor.labels.move(faces, {"Smiling": 0.75}, (), fits).flatten())


def test_what_is_kept_fixed_asks_for_a_fit_of_its_own(editor: Editor) -> None:
    (portrait,) = editor.sample(1, 0.6, seed=3)
    keep = frozenset({"Male"})
    moved = editor.moved(portrait, {"Young": -1.0}, keep)
    assert set(portrait.fits) == {("Young", -1, keep)}
    young = LABEL_NAMES.index("Young")
    assert editor.judge.read(portrait.decoded)[0, young] > -CLEAR >= editor.judge.read(moved)[0, young]


def test_the_editor_fits_each_slider_once(editor: Editor) -> None:
    (portrait,) = editor.sample(1, 0.6, seed=3)
    first = editor.moved(portrait, {"Smiling": 1.0, "Young": -1.0})
    assert set(portrait.fits) == {("Smiling", 1, frozenset()), ("Young", -1, frozenset())}
    known = dict(portrait.fits)
    assert torch.equal(editor.moved(portrait, {"Young": -1.0, "Smiling": 1.0}), first)
    assert all(portrait.fits[key] is value for key, value in known.items())
