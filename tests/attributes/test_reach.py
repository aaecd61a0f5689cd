"""Reaches of sliders: 1 makes the attribute plain in that very face, and no move goes further than looks natural."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from app.editor import Editor
from app.portraits.portrait import Portrait
from app.portraits.slider_snapshot import SliderSnapshot
from attributes import LABEL_NAMES, Judge, Moves, Reach, Reaches, Seen, Slider, find_reach
from attributes.making.evaluate import HEADLINE
from attributes.reach.reach import REACH
from glow import Latent

KNOWN = Reach(*torch.tensor([[0.3, 1.0, 2.2], [2.5, 2.5, 2.2]], dtype=torch.float64))
SLACK = 0.15
"""How much odder a face may be than the limit: between two places that were looked at, the way counts as straight."""


@pytest.fixture(scope="module")
def faces(fine_editor: Editor, fine_validation_faces: torch.Tensor) -> Latent:
    with torch.inference_mode():
        return fine_editor.checkpoint.model.encode(fine_validation_faces[:5].float() / 255)


@pytest.fixture(scope="module")
def before(fine_editor: Editor, faces: Latent) -> Seen:
    return fine_editor.judge.look(faces.flatten())


def reach_on(editor: Editor, faces: Latent, before: Seen, name: str, side: int = 1) -> Reach:
    return find_reach(editor.label_directions, editor.judge, faces, before=before, name=name, side=side)


def looked_at(
    editor: Editor, faces: Latent, before: Seen, *, name: str, value: float, found: Reach
) -> tuple[Seen, torch.Tensor]:
    """What is seen in the moved faces, and how odd they are."""
    moved = editor.label_directions.move(faces, {name: value}, (), {(name, 1 if value > 0 else -1): found})
    seen = editor.judge.look(moved.flatten())
    return seen, seen.oddness(before, moved.flatten() - faces.flatten())


@pytest.mark.parametrize("side", [1, -1])
def test_a_slider_goes_to_one_and_on_to_its_end(side: int) -> None:
    slider = Slider(name="a", title="A", group="Hair", up=5.0, down=7.0, low=-2.5, high=2.5)
    course = side * torch.stack([slider.length(side * v, KNOWN) for v in (0.5, 1.0, 1.01, 2.0, 2.5, 3.0)])
    assert torch.equal(course[0], KNOWN.one / 2)
    assert torch.equal(course[1], KNOWN.one)
    assert (course[:, :2].diff(dim=0)[:-1] > 0).all()
    assert torch.equal(course[-2], KNOWN.end)
    assert torch.equal(course[-1], KNOWN.end)


def test_a_slider_that_ends_at_one_is_fitted_within_its_range() -> None:
    slider = Slider(name="a", title="A", group="Hair", high=1.0)
    for value in (1.0, 1.5):
        assert torch.equal(slider.length(value, KNOWN), KNOWN.one)


def test_a_fitted_move_goes_just_so_far(fine_editor: Editor, faces: Latent) -> None:
    """Not held back, as plain moves are: these very faces were looked at there."""
    lengths = torch.linspace(1.0, 8.0, len(faces.scales[0]), dtype=torch.float64)
    vectors = fine_editor.label_directions.along(faces, "Eyeglasses", 1).double()
    there = fine_editor.label_directions.move(
        faces, {"Eyeglasses": 1.0}, (), {("Eyeglasses", 1): Reach(lengths, lengths)}
    )
    gone = ((there.flatten() - faces.flatten()).double() * vectors).sum(1) / vectors.square().sum(1)
    torch.testing.assert_close(gone, lengths, atol=1e-4, rtol=0)


def test_one_makes_the_label_plain_or_goes_as_far_as_looks_natural(
    fine_editor: Editor, faces: Latent, before: Seen
) -> None:
    plain, within = [], []
    for name in HEADLINE[::2]:
        label, slider = LABEL_NAMES.index(name), fine_editor.label_directions.slider(name)
        usual = slider.up
        found = reach_on(fine_editor, faces, before, name)
        seen, odd = looked_at(fine_editor, faces, before, name=name, value=1.0, found=found)
        there, most = before.logits[:, label] >= slider.plain, slider.natural(1)
        assert (found.one[there] <= REACH.least_plain * usual * 1.001).all()
        # Those that stop before they look odd, not for want of room, and not because half would look wrong.
        stopped = ~there & (found.one < 0.99 * REACH.shares[-1] * usual) & (odd < most - SLACK)
        if slider.all_or_nothing:
            assert found.little is not None
            stopped &= ~found.little
        plain.append(seen.logits[stopped, label] > slider.plain - 1.5)
        within.append(odd < most + SLACK)
    assert torch.cat(plain).double().mean() > 0.85
    assert torch.cat(within).double().mean() > 0.95


@pytest.mark.parametrize(("name", "side"), [("Wearing_Hat", 1), ("Eyeglasses", 1), ("Blond_Hair", 1), ("Young", -1)])
def test_a_fitted_range_ends_a_little_beyond_where_a_face_begins_to_look_odd(
    fine_editor: Editor, faces: Latent, before: Seen, name: str, side: int
) -> None:
    found = reach_on(fine_editor, faces, before, name, side)
    assert ((found.end >= found.one) & (found.end <= REACH.end_of_plain * found.one * 1.001)).all()
    slider = fine_editor.label_directions.slider(name)
    end = slider.high if side > 0 else slider.low
    seen, odd = looked_at(fine_editor, faces, before, name=name, value=end, found=found)
    assert (odd < 1.2 * REACH.end_of_natural * slider.natural(side)).double().mean() > 0.7
    assert seen.intact.all()


def test_alike_fitted_sliders_stop_together(fine_editor: Editor, faces: Latent, before: Seen) -> None:
    names = ("Chubby", "Double_Chin", "Big_Nose")
    reaches = {(name, 1): reach_on(fine_editor, faces, before, name) for name in names}
    values = {name: fine_editor.label_directions.slider(name).high for name in names}
    moved = fine_editor.label_directions.move(faces, values, (), reaches)
    alone = [fine_editor.label_directions.move(faces, {name: values[name]}, (), reaches) for name in names]
    gone = [float((at.flatten() - faces.flatten()).norm(dim=1).mean()) for at in (moved, *alone)]
    assert gone[0] < 0.75 * sum(gone[1:])
    assert fine_editor.judge.look(moved.flatten()).intact.all()


def test_where_nothing_natural_comes_a_slider_stays_near_0_and_says_so(
    fine_editor: Editor, faces: Latent, before: Seen
) -> None:
    """Glasses are taken off where there are none, far too fast: faces look odd before anything comes into view."""
    label = LABEL_NAMES.index("Eyeglasses")
    vectors = fine_editor.label_directions.vectors.flatten().clone()
    vectors[label] *= -40
    shapes = fine_editor.checkpoint.model.config.scale_shapes()
    sliders = list(fine_editor.label_directions.sliders)
    sliders[label] = replace(sliders[label], natural_up=0.6)
    directions = replace(
        fine_editor.label_directions,
        sliders=tuple(sliders),
        vectors=Latent.unflatten(vectors, shapes),
        mapper=None,
    )
    found = find_reach(directions, fine_editor.judge, faces, before=before, name="Eyeglasses", side=1)
    assert found.little is not None
    assert found.little.double().mean() > 0.8
    assert (found.one[found.little] < REACH.little * directions.slider("Eyeglasses").up).all()
    moved = directions.move(faces, {"Eyeglasses": 1.0}, (), {("Eyeglasses", 1): found})
    assert fine_editor.judge.look(moved.flatten()).intact.all()
    assert not directions.move(faces, {"Eyeglasses": 1.0}).flatten().sub(moved.flatten()).norm(dim=1).min() < 1


def test_a_face_is_fitted_alone_as_among_others(fine_editor: Editor, faces: Latent, before: Seen) -> None:
    together = reach_on(fine_editor, faces, before, "Smiling")
    assert together.end.unique().numel() > 1
    for place, face in enumerate(faces[:3]):
        alone = reach_on(fine_editor, face, before[place : place + 1], "Smiling")
        torch.testing.assert_close(alone.one[0], together.one[place], atol=0.03, rtol=0.03)
        torch.testing.assert_close(alone.end[0], together.end[place], atol=0.06, rtol=0.06)


def test_fitted_moves_are_taken_back_bit_for_bit(fine_editor: Editor, faces: Latent, before: Seen) -> None:
    reaches = {("Smiling", 1): reach_on(fine_editor, faces, before, "Smiling")}
    there = fine_editor.label_directions.move(faces, {"Smiling": 1.0, "Bangs": 0.5}, (), reaches)
    back = fine_editor.label_directions.move(there, {"Smiling": -1.0, "Bangs": -0.5}, (), reaches)
    assert back is faces
    twice = fine_editor.label_directions.move(
        fine_editor.label_directions.move(faces, {"Smiling": 0.25}, (), reaches), {"Smiling": 0.5}
    )
    assert torch.equal(
        twice.flatten(), fine_editor.label_directions.move(faces, {"Smiling": 0.75}, (), reaches).flatten()
    )


def reaches_of(editor: Editor, portrait: Portrait, values: dict[str, float], keep: Sequence[str] = ()) -> Reaches:
    return editor.sliders.reaches(portrait, editor.directions.checked(values, keep), editor.judge)


def test_what_is_kept_fixed_asks_for_a_reach_of_its_own(fine_editor: Editor) -> None:
    (portrait,) = fine_editor.sample(1, 0.6, seed=3)
    free, kept = (reaches_of(fine_editor, portrait, {"Young": -1.0}, keep) for keep in ((), ["Male"]))
    assert set(free) == set(kept) == {("Young", -1)}
    assert kept["Young", -1] is not free["Young", -1]


class KnownReaches(SliderSnapshot):
    """Sliders of which it is known whether they do little on a face."""

    little = False

    def reaches(self, portrait: Portrait, moves: Moves, judge: Judge) -> Reaches:
        found = super().reaches(portrait, moves, judge)
        return {side: replace(reach, little=torch.tensor([self.little])) for side, reach in found.items()}


class LittleReaches(KnownReaches):
    little = True


def test_the_editor_measures_each_slider_once_and_tells_which_do_little(fine_editor: Editor) -> None:
    (portrait,) = fine_editor.sample(1, 0.6, seed=3)
    values = {"Smiling": 1.0, "Young": -1.0, "Bangs": 0.0}
    first = fine_editor.moved(portrait, values)
    known = reaches_of(fine_editor, portrait, values)
    assert set(known) == {("Smiling", 1), ("Young", -1)}
    assert torch.equal(fine_editor.moved(portrait, dict(reversed(values.items()))), first)
    assert all(reaches_of(fine_editor, portrait, values)[side] is reach for side, reach in known.items())
    for snapshot, told in ((LittleReaches, ["Smiling"]), (KnownReaches, [])):
        editor = replace(fine_editor, sliders=snapshot(fine_editor.directions))
        assert editor.doing_little(portrait, {"Smiling": 1.0}) == told


def test_a_range_ends_at_a_place_that_was_seen_intact(fine_editor: Editor, faces: Latent, before: Seen) -> None:
    """Though all looks natural up to where the face breaks at once."""
    name, usual = "Pale_Skin", fine_editor.label_directions.slider("Pale_Skin").up
    vectors = fine_editor.label_directions.along(faces, name, 1).double()

    class Abrupt(Judge):
        """Sees no change at all, until the face is gone."""

        def look(self, latents: torch.Tensor) -> Seen:
            times = len(latents) // len(faces.scales[0])
            start, along = faces.flatten().repeat(times, 1), vectors.repeat(times, 1)
            gone = ((latents - start).double() * along).sum(1) / along.square().sum(1)
            same = Seen.cat([before] * times)
            return replace(
                same, logits=torch.full_like(same.logits, -5.0), intact=gone < 0.99 * REACH.shares[3] * usual
            )

    judge = Abrupt(fine_editor.checkpoint.model, fine_editor.classifier)
    found = find_reach(fine_editor.label_directions, judge, faces, before=before, name=name, side=1)
    torch.testing.assert_close(found.end, torch.full_like(found.end, REACH.shares[2] * usual), rtol=1e-6, atol=0)
