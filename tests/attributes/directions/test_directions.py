"""Moving along directions: exact, in any order, held back where faces end, and with labels kept fixed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from app.editor import Editor
from attributes import (
    GROUPS,
    LABEL_NAMES,
    LABELS,
    Direction,
    DirectionBasis,
    Directions,
    DirectionsError,
    Slider,
    directions_path,
    labels_in_group,
    load_directions,
)
from attributes.directions.label_sliders import rough_sliders
from attributes.directions.population import COMMON, RARE
from data.labels import FAMILIES
from glow import Checkpoint, CheckpointError, Latent
from storage.assets import FACES_64
from storage.tensors import read_safetensors, write_safetensors


@pytest.fixture(scope="module")
def directions(editor: Editor) -> Directions:
    return editor.directions


@pytest.fixture(scope="module")
def z(editor: Editor) -> Latent:
    return editor.checkpoint.model.sample_latent(4, 0.7, torch.Generator().manual_seed(0))


def same(first: Latent, second: Latent) -> bool:
    return torch.equal(first.flatten(), second.flatten())


def test_nothing_moved_is_the_very_latent(directions: Directions, z: Latent) -> None:
    assert directions.move(z, {}) is z
    assert directions.move(z, dict.fromkeys(LABEL_NAMES, 0.0)) is z


@pytest.mark.parametrize("name", LABEL_NAMES)
@pytest.mark.parametrize("value", [1.0, -0.3, 7.7])
def test_a_move_and_its_reverse_give_the_latent_back(
    directions: Directions, z: Latent, name: str, value: float
) -> None:
    moved = directions.move(z, {name: value})
    assert not same(moved, z)
    assert same(directions.move(moved, {name: -value}), z)


def test_moves_in_any_order_give_the_same_numbers(directions: Directions, z: Latent) -> None:
    moves = [{"Smiling": 0.1}, {"Young": -0.7, "Bangs": 2.0}, {"Smiling": 0.2}, {"Male": 0.3}]
    there = back = z
    for forwards, backwards in zip(moves, reversed(moves), strict=True):
        there = directions.move(there, forwards, keep=["Pale_Skin"])
        back = directions.move(back, backwards, keep=["Pale_Skin"])
    assert same(there, back)
    for values in moves:
        there = directions.move(there, {name: -value for name, value in values.items()}, keep=["Pale_Skin"])
    assert there is z


def test_moving_on_is_moving_at_once(directions: Directions, z: Latent) -> None:
    twice = directions.move(directions.move(z, {"Smiling": 0.25}), {"Smiling": 0.5})
    assert same(twice, directions.move(z, {"Smiling": 0.75}))


def test_usual_moves_add_up(directions: Directions, z: Latent) -> None:
    both = directions.move(z, {"Smiling": 0.5, "Bangs": -0.25})
    expected = z + (directions.move(z, {"Smiling": 0.5}) - z) + (directions.move(z, {"Bangs": -0.25}) - z)
    torch.testing.assert_close(both.flatten(), expected.flatten(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("value", [6.0, 50.0, -50.0])
def test_a_far_move_stops_where_faces_stop(directions: Directions, z: Latent, value: float) -> None:
    """Whatever value is asked for, the face does not go beyond where the slider's range takes the mean face."""
    index = LABEL_NAMES.index("Bald")
    slider, sign = directions.sliders[index], 1 if value > 0 else -1
    along = directions.vectors.flatten()[index].double()
    population = directions.population.select([index])
    far = replace(slider, up=9.0, down=9.0)  # whose range leads far out of where faces are
    directions = replace(directions, sliders=(*directions.sliders[:index], far, *directions.sliders[index + 1 :]))
    end = (9.0 * slider.high * (along @ along) / population.deviation).clamp_min(RARE)
    moved = directions.move(z, {"Bald": value}).flatten().double() @ along
    deviations = sign * (moved - population.mean) / population.deviation
    assert ((deviations > COMMON * end) & (deviations < 1.01 * end)).all()


def test_what_is_kept_does_not_move(directions: Directions, z: Latent) -> None:
    keep = ["Smiling", "Male"]
    moved = directions.move(z, {"Young": -1.0}, keep=keep) - z
    free = directions.move(z, {"Young": -1.0}) - z
    for name in keep:
        along = directions.vectors[LABEL_NAMES.index(name)].flatten()[0]
        assert (moved.flatten() @ along).abs().max() < 1e-4 * (free.flatten().norm(dim=1) * along.norm()).max()
    assert moved.flatten().norm() > 0.5 * free.flatten().norm()


def test_values_beyond_the_end_of_a_range_count_as_the_end(directions: Directions, z: Latent) -> None:
    slider = directions.slider("Smiling")
    for beyond, end in ((9.0, slider.high), (-9.0, slider.low)):
        assert directions.checked({"Smiling": beyond}).values == {"Smiling": end}
        assert same(directions.move(z, {"Smiling": beyond}), directions.move(z, {"Smiling": end}))
        twice = directions.move(directions.move(z, {"Smiling": 0.9 * end}), {"Smiling": 0.9 * end})
        assert same(twice, directions.move(z, {"Smiling": end}))


def test_a_slider_moves_what_it_names_even_where_that_is_kept(directions: Directions, z: Latent) -> None:
    assert same(directions.move(z, {"Smiling": 1.0}, keep=["Smiling"]), directions.move(z, {"Smiling": 1.0}))


def test_up_and_down_have_strengths_of_their_own(directions: Directions, z: Latent) -> None:
    sliders = list(directions.sliders)
    sliders[0] = replace(sliders[0], up=0.5, down=0.25, low=-9.0, high=9.0)
    other = replace(directions, sliders=tuple(sliders))
    up, down = (other.move(z, {LABEL_NAMES[0]: value}) - z for value in (1.0, -1.0))
    torch.testing.assert_close(up.flatten(), -2 * down.flatten(), atol=1e-5, rtol=0)


def test_sliders_beyond_the_labels_move_alike(directions: Directions, z: Latent) -> None:
    vector = Latent(tuple(scale[31:32] for scale in directions.vectors.scales))
    slider = Slider(name="Wearing scarf", title="Wearing scarf", group="Your own", up=0.5, down=0.5)
    more = directions.with_sliders([Direction(slider, vector, mean=0.0, deviation=10 * float(vector.flatten().norm()))])
    assert more.names == (*LABEL_NAMES, "Wearing scarf")
    assert more.slider("Wearing scarf") is slider
    moved = more.move(z, {"Wearing scarf": 1.0}) - z
    torch.testing.assert_close(moved.flatten(), 0.5 * vector.flatten().expand(4, -1), atol=1e-5, rtol=0)
    with pytest.raises(DirectionsError, match="two sliders called Wearing scarf"):
        more.with_sliders([Direction(slider, vector, 0.0, 1.0)])
    with pytest.raises(DirectionsError, match="another model"):
        directions.with_sliders([Direction(slider, Latent((torch.zeros(1, 3, 2, 2),)), 0.0, 1.0)])


@pytest.mark.parametrize(
    ("values", "keep", "message"),
    [
        ({"Smilling": 1.0}, (), "'Smilling' was asked for, and there is no such slider; did you mean Smiling"),
        ({"Smiling": 1.0}, ("Hut",), "'Hut' was asked for, and there is no such slider"),
        ({"Smiling": float("nan")}, (), "Smiling is nan"),
        ({"Smiling": "abc"}, (), "Smiling is 'abc'; it must be a finite number"),
        ({"Smiling": float("inf")}, (), "Smiling is inf"),
    ],
)
def test_wrong_moves_are_refused(
    directions: Directions, z: Latent, values: dict[str, float], keep: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DirectionsError, match=message):
        directions.move(z, values, keep)


def test_every_label_is_in_one_group_under_a_title_of_its_own() -> None:
    assert len(LABEL_NAMES) == len(set(LABEL_NAMES)) == 40
    assert len({label.title for label in LABELS}) == 40
    assert sorted(label.name for group in GROUPS for label in labels_in_group(group)) == sorted(LABEL_NAMES)
    assert {name for family in FAMILIES for name in family} <= set(LABEL_NAMES)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("gram", torch.zeros_like, "its sums of labels are not those of any faces"),
        ("gram", torch.neg, "its sums of labels are not those of any faces"),
        ("gram", torch.ones_like, "these labels are on all or on none"),
        ("gram", lambda gram: gram * math.nan, "gram holds NaN"),
        ("gram", lambda gram: gram[1:], "gram is F64 of shape"),
        ("mix", lambda mix: mix.fill_(math.inf), "mix holds NaN, infinity"),
        ("mean.0", lambda mean: mean[:39], r"mean.0 is F16 of shape \(39,"),
        ("mean.1", lambda _: None, "mean.1 is missing"),
        ("spread.mean", torch.Tensor.float, "spread.mean is F32"),
    ],
)
def test_tensors_that_give_no_directions_are_refused(
    checkpoint: Checkpoint, tmp_path: Path, name: str, change: Callable[[torch.Tensor], Any], message: str
) -> None:
    tensors, header = read_safetensors(directions_path(FACES_64), "directions")
    changed = {**tensors, name: change(tensors[name].clone())}
    path = tmp_path / "d.safetensors"
    write_safetensors(path, {key: value for key, value in changed.items() if value is not None}, header)
    with pytest.raises((CheckpointError, DirectionsError), match=message):
        load_directions(path, checkpoint)


@pytest.mark.parametrize(
    ("slider", "message"),
    [
        ({"low": 0.5}, "low of 5_o_Clock_Shadow is 0.5; it must be a number from -100"),
        ({"up": math.nan}, "up of 5_o_Clock_Shadow is nan"),
        ({"sign": 0}, "unknown fields"),
        ([], "a slider is \\[\\]; it must be an object"),
    ],
)
def test_sliders_that_cannot_be_are_refused(checkpoint: Checkpoint, tmp_path: Path, slider: Any, message: str) -> None:
    tensors, header = read_safetensors(directions_path(FACES_64), "directions")
    header["sliders"][0] = slider
    write_safetensors(tmp_path / "d.safetensors", tensors, header)
    with pytest.raises(DirectionsError, match=message):
        load_directions(tmp_path / "d.safetensors", checkpoint)


def test_rough_sliders_are_known_from_the_file_alone(editor: Editor, tmp_path: Path) -> None:
    basis = DirectionBasis.load(directions_path(FACES_64), editor.checkpoint)
    sliders = [replace(slider, rough=slider.name in {"Bald", "Young"}) for slider in basis.sliders]
    basis.calibrated(basis.kind("calibrated"), sliders).save(tmp_path / "some.safetensors")
    assert rough_sliders(tmp_path / "some.safetensors") == {"Bald", "Young"}
    back = DirectionBasis.load(tmp_path / "some.safetensors", editor.checkpoint)
    assert [slider.rough for slider in back.sliders] == [slider.rough for slider in sliders]
    assert rough_sliders(tmp_path / "none.safetensors") == frozenset()
