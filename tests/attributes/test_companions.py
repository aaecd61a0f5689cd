"""What comes with a slider's change, what hides that which it changes, and who gets none of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.editor import Editor
from attributes import LABEL_NAMES, Companion, DirectionBasis, Directions, Reach, directions_path, find_reach
from attributes.making.by_eye import COMPANIONS
from attributes.reach.judge import Seen
from attributes.reach.reach import left_alone
from attributes.sliders.slider import Slider
from glow import Latent
from storage.assets import FACES_128
from storage.values import InvalidValueError

HAIR = ("Blond_Hair", "Brown_Hair", "Black_Hair", "Gray_Hair")


@pytest.fixture(scope="module")
def faces(fine_editor: Editor, fine_validation_faces: torch.Tensor) -> Latent:
    with torch.inference_mode():
        return fine_editor.checkpoint.model.encode(fine_validation_faces[:24].float() / 255)


def without(directions: Directions, name: str, companion: Companion | None = None) -> Directions:
    """Without one companion of a slider, or without any."""
    kept = [each for each in directions.slider(name).companions if companion not in (None, each)]
    sliders = (replace(each, companions=tuple(kept)) if each.name == name else each for each in directions.sliders)
    return replace(directions, sliders=tuple(sliders))


@pytest.mark.parametrize(
    ("name", "companion"),
    COMPANIONS,
)
def test_what_is_to_come_with_a_change_comes(
    fine_editor: Editor, faces: Latent, name: str, companion: Companion
) -> None:
    """As far along its way, a face shows more of the companion than it does without it."""
    some, side = faces[:12], companion.side
    lengths = torch.ones(len(some), dtype=torch.float64)
    reach = {(name, side): Reach(lengths, lengths)}
    with_it, alone = (
        fine_editor.judge.look(directions.move(some, {name: float(side)}, (), reach).flatten())
        for directions in (
            fine_editor.label_directions,
            without(fine_editor.label_directions, name, companion),
        )
    )
    more = (with_it.logits - alone.logits)[:, LABEL_NAMES.index(companion.name)]
    more = more if companion.share > 0 else -more
    assert more.mean() > 0.15
    assert (more > 0).double().mean() > 0.8


def test_a_companion_comes_on_its_own_side_alone(fine_editor: Editor, faces: Latent) -> None:
    directions = fine_editor.label_directions
    woman = directions.along(faces[:2], "Male", -1)
    assert torch.equal(woman, without(directions, "Male").along(faces[:2], "Male", -1))


@pytest.mark.parametrize("what", ["Wearing_Hat", "Bald"])
def test_hair_that_is_not_in_sight_is_left_as_it_is(fine_editor: Editor, faces: Latent, what: str) -> None:
    judge, directions = fine_editor.judge, fine_editor.label_directions
    lengths = torch.full((len(faces),), 2.0, dtype=torch.float64)
    faces = directions.move(faces, {what: 1.0}, (), {(what, 1): Reach(lengths, lengths)})
    before = judge.look(faces.flatten())
    hidden = before.logits[:, LABEL_NAMES.index(what)] > 0
    assert hidden.any()
    found = find_reach(directions, judge, faces, before=before, name="Blond_Hair", side=1)
    assert found.little is not None
    assert found.little[hidden].all()
    moved = directions.move(faces, {"Blond_Hair": 1.0}, (), {("Blond_Hair", 1): found})
    assert ((moved.flatten() - faces.flatten()).norm(dim=1)[hidden] < 0.1).all()


def test_hair_in_sight_changes(fine_editor: Editor, faces: Latent) -> None:
    before = fine_editor.judge.look(faces.flatten())
    bare = (before.logits[:, [LABEL_NAMES.index("Wearing_Hat"), LABEL_NAMES.index("Bald")]] < 0).all(1)
    found = find_reach(fine_editor.label_directions, fine_editor.judge, faces, before=before, name="Blond_Hair", side=1)
    assert found.little is not None
    assert (~found.little[bare]).double().mean() > 0.8


def test_beards_come_to_men_alone_and_go_from_whoever_has_one(fine_editor: Editor, faces: Latent) -> None:
    judge, directions = fine_editor.judge, fine_editor.label_directions
    before = judge.look(faces.flatten())
    man = before.logits[:, LABEL_NAMES.index("Male")] > 0
    assert man.any()
    assert not man.all()
    beard, none = (find_reach(directions, judge, faces, before=before, name="No_Beard", side=side) for side in (-1, 1))
    assert beard.little is not None
    assert none.little is not None
    assert beard.little[~man].all()
    assert (~beard.little[man]).any()
    assert not none.little.all()
    found = {("No_Beard", -1): beard}
    moved = directions.move(faces, {"No_Beard": -1.0}, (), found).flatten() - faces.flatten()
    assert (moved.norm(dim=1)[~man] < 0.1).all()


def seen_with(**logits: float) -> Seen:
    """A face in which nothing is seen but these labels."""
    row = torch.full((1, len(LABEL_NAMES)), -5.0, dtype=torch.float64)
    for name, logit in logits.items():
        row[0, LABEL_NAMES.index(name)] = logit
    return Seen(row, torch.zeros(1, 4), torch.ones(1, dtype=torch.bool))


@pytest.mark.parametrize(("logit", "hidden"), [(-0.6, False), (-0.3, True), (2.0, True)])
def test_a_hat_that_is_half_seen_hides_hair(fine_editor: Editor, logit: float, hidden: bool) -> None:
    hair = fine_editor.label_directions.slider("Blond_Hair")
    assert bool(left_alone(hair, seen_with(Wearing_Hat=logit), 1)) is hidden


@pytest.mark.parametrize(("side", "logit", "left"), [(-1, -0.1, True), (-1, 0.1, False), (1, -5.0, False)])
def test_who_is_seen_as_a_man_gets_a_beard_and_anybody_loses_one(
    fine_editor: Editor, side: int, logit: float, left: bool
) -> None:
    beard = fine_editor.label_directions.slider("No_Beard")
    assert bool(left_alone(beard, seen_with(Male=logit), side)) is left


@pytest.mark.parametrize(("side", "logit", "left"), [(1, 6.0, True), (1, 4.0, False), (-1, 6.0, False)])
def test_who_wears_glasses_gets_no_second_pair_and_loses_the_first(
    fine_editor: Editor, side: int, logit: float, left: bool
) -> None:
    glasses = fine_editor.label_directions.slider("Eyeglasses")
    assert bool(left_alone(glasses, seen_with(Eyeglasses=logit), side)) is left


@pytest.mark.parametrize("field", ["hidden_by", "only_on"])
def test_what_is_no_label_is_refused(field: str) -> None:
    with pytest.raises(InvalidValueError, match=f"{field} of Smiling is ..Scarf"):
        Slider(name="Smiling", title="Smiling", group="Face", **{field: ("Scarf",)})  # type: ignore[arg-type]


def test_a_file_of_directions_keeps_companions(fine_editor: Editor, tmp_path: Path) -> None:
    basis = DirectionBasis.load(directions_path(FACES_128), fine_editor.checkpoint)
    basis.save(tmp_path / "again.safetensors")
    again = DirectionBasis.load(tmp_path / "again.safetensors", fine_editor.checkpoint)
    man = again.sliders[LABEL_NAMES.index("Male")]
    assert [companion.name for companion in man.companions] == ["5_o_Clock_Shadow"]
    assert man.companions == basis.sliders[LABEL_NAMES.index("Male")].companions
    assert again.sliders[LABEL_NAMES.index("Bangs")].hidden_by == ("Wearing_Hat", "Bald")
    assert again.sliders[LABEL_NAMES.index("No_Beard")].only_on == ("Male",)
    assert again.sliders[LABEL_NAMES.index("Eyeglasses")].acts(1).dark_object
    assert all(again.sliders[LABEL_NAMES.index(name)].acts(1).spares_teeth for name in ("Young", "Male"))
    tints = {(name, side): again.sliders[LABEL_NAMES.index(name)].acts(side).tint for name in HAIR for side in (1, -1)}
    assert {each for each, tint in tints.items() if tint != (1, 1, 1)} == {
        ("Blond_Hair", 1), ("Black_Hair", 1), ("Brown_Hair", 1), ("Black_Hair", -1),
    }  # fmt: skip
    assert tints["Blond_Hair", 1] == (1.22, 0.94, 0.71)


@pytest.mark.parametrize("given", [{"name": "Scarf"}, {"side": 0}, {"share": 3.0}, {"share": float("nan")}])
def test_an_impossible_companion_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError, match="companion"):
        Companion(**{"name": "Gray_Hair", "side": 1, "share": 0.5} | given)  # type: ignore[arg-type]
