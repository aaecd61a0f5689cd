"""Slider masks: a slider changes the face where its attribute lies, and leaves the rest of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.editor import Editor
from app.portraits.portrait import Portrait
from attributes import LABEL_NAMES, DirectionBasis, Directions, DirectionsError, Reach, directions_path, find_reach
from attributes.reach.reach import REACH
from attributes.sliders.slider_mask import EVERYWHERE, SliderMask, together
from glow import Latent
from storage.assets import FACES_64, FACES_128
from storage.values import InvalidValueError


def test_a_mask_weighs_scales_and_rows() -> None:
    shapes = ((2, 8, 8), (4, 4, 4))
    weights = SliderMask(scales=(2.0, 0.5), top=0.5, fade=0.1).of_latent(shapes)
    fine, coarse = weights[: 2 * 64].view(2, 8, 8), weights[2 * 64 :].view(4, 4, 4)
    assert (fine[:, :4] == 0).all()
    assert (fine[:, 4:] == 2).all()
    assert (coarse[:, :2] == 0).all()
    assert (coarse[:, 2:] == 0.5).all()


@pytest.mark.parametrize(("face", "around"), [(0.25, 1.0), (1.0, 0.25)])
def test_a_mask_tells_the_face_from_what_is_around(face: float, around: float) -> None:
    weights = SliderMask(face=face, around=around).of_picture(64)
    assert weights[37, 32] == face
    assert (weights[[0, -1]] == around).all()
    assert (weights[:, [0, -1]] == around).all()


def test_sliders_together_act_where_any_of_them_does_and_nothing_jumps() -> None:
    above, below = SliderMask(bottom=0.5), SliderMask(top=0.5)
    both = together({above: 1.0, below: 1.0}, 64)
    assert (both.change[:20] == 1).all()
    assert (both.change[-20:] == 1).all()
    assert both.colour is None
    hardly = together({above: 1.0, below: 0.001}, 64)
    assert (hardly.change - above.of_picture(64)).abs().max() < 0.01
    assert (together({above: 1.0, EVERYWHERE: 1.0}, 64).change == 1).all()
    assert (together({}, 64).change == 0).all()


@pytest.mark.parametrize("mask", [SliderMask(top=0.35), EVERYWHERE, SliderMask(tint=(1.2, 0.9, 0.7))])
def test_whatever_opens_a_mouth_shows_no_green_teeth(mask: SliderMask) -> None:
    before = torch.tensor([0.8, 0.6, 0.5]).view(1, 3, 1, 1).repeat(1, 1, 64, 64)
    moved = before.clone()
    moved[:, :, 47:49, 28:36] = torch.tensor([0.5, 0.8, 0.6]).view(1, 3, 1, 1)
    taken = together({mask: 1.0}, 64).over(before, moved)
    red, green, blue = taken[0, :, 47:49, 28:36].mean(dim=(1, 2))
    assert green < (red + blue) / 2 + 0.05
    assert torch.equal(taken[:, :, :40], moved[:, :, :40])


def test_together_a_place_is_tinted_by_each_slider_as_far_as_it_moves_it() -> None:
    age, lips = SliderMask(around=0.5, colour=0.0), SliderMask(top=0.5)
    both = together({age: 0.9, lips: 0.3}, 64)
    assert both.colour is not None
    assert (both.colour[:20] == 0).all()
    torch.testing.assert_close(both.colour[45, 32], torch.tensor(0.25))  # within the face and below its middle
    hardly = together({age: 0.9, lips: 0.001}, 64)
    assert hardly.colour is not None
    assert hardly.colour.max() < 0.01
    with_everywhere = together({age: 0.9, EVERYWHERE: 0.3}, 64)
    assert (with_everywhere.change == 1).all()


def test_together_a_place_shows_a_thing_alone_as_far_as_its_slider_moves_it() -> None:
    glasses, lips = SliderMask(top=0.3, bottom=0.6, dark_object=True), SliderMask(top=0.5)
    both = together({glasses: 0.9, lips: 0.3}, 64)
    assert both.colour is None
    assert both.dark_object is not None
    assert (both.dark_object[:10] == 0).all()
    assert (both.dark_object[25:27] == 1).all()
    assert (both.dark_object[48:] == 0).all()
    alone = together({lips: 0.3}, 64)
    assert alone.dark_object is None


def test_together_dark_places_are_spared_but_for_hair_that_is_to_change() -> None:
    def spared(masks: dict[SliderMask, float]) -> torch.Tensor:
        found = together(masks, 64)
        assert found.spares_dark is not None
        return found.spares_dark

    pale, hair, smile = SliderMask(spares_dark=True), SliderMask(face=0.25, changes_dark=True), SliderMask(top=0.5)
    assert (spared({pale: 0.5}) == 1).all()
    assert (spared({pale: 0.5, hair: 0.5})[0] == 0).all()
    assert spared({pale: 0.5, hair: 0.5})[37, 32] > 0.5
    assert (spared({pale: 0.5, smile: 0.5})[:20] == 1).all()
    assert (spared({pale: 0.5, smile: 0.5})[50] == 0.5).all()
    for slight in (hair, smile):
        assert (spared({pale: 0.5, slight: 0.001}) > 0.98).all()
        assert (spared({pale: 0.001, slight: 0.5})[50] < 0.01).all()


def test_without_light_a_face_keeps_its_shadows_and_not_its_wrinkles() -> None:
    before = torch.full((1, 3, 64, 64), 0.5)
    shadow, wrinkle = before.clone(), before.clone()
    shadow[..., 32:] -= 0.2
    wrinkle[..., 30:32] -= 0.2
    where = together({SliderMask(light=0.0): 1.0}, 64)
    assert (where.over(before, shadow) - before)[..., 48:].abs().max() < 0.01
    assert (where.over(before, wrinkle) - before)[..., 30:32].mean() < -0.12


@pytest.mark.parametrize("mask", [SliderMask(top=0.2), SliderMask(tint=(1.2, 0.9, 0.7)), SliderMask(light=0.5)])
def test_what_is_lost_of_a_face_is_not_hidden(mask: SliderMask) -> None:
    before, moved = torch.full((1, 3, 64, 64), 0.5), torch.full((1, 3, 64, 64), 0.6)
    moved[..., 40, 40] = torch.nan
    where = together({mask: 1.0}, 64)
    taken = where.over(before, moved)
    assert taken[..., 40, 40].isnan().all()
    assert taken.isfinite().sum() == taken.numel() - 3


def test_what_no_slider_changes_stays_bit_for_bit_and_without_tint_a_face_keeps_its_colour() -> None:
    before, moved = torch.rand(2, 2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    mask = SliderMask(top=0.5, colour=0.0)
    where = together({mask: 1.0}, 64)
    yellow = before * 0.5 + torch.tensor([0.2, 0.2, -0.1]).view(3, 1, 1)
    taken = where.over(before * 0.5, yellow)
    assert torch.equal(taken[:, :, :20], before[:, :, :20] * 0.5)
    change = (taken - before * 0.5)[:, :, 45:]
    torch.testing.assert_close(change[:, 0], change[:, 2], atol=1e-4, rtol=0)  # only brighter
    plain = replace(where, colour=None, light=None, spares_dark=None).over(before, moved)
    mouth = torch.zeros(64, 64, dtype=torch.bool)
    mouth[41:55, 19:45] = True
    assert torch.equal(plain[..., ~mouth], before.lerp(moved, where.change)[..., ~mouth])


@pytest.mark.parametrize(
    "given",
    [
        {"top": 0.6, "bottom": 0.4},
        {"fade": 0.0},
        {"scales": "1"},
        {"face": float("nan")},
        {"scales": [99]},
        {"colour": 1.5},
        {"light": -0.1},
        {"dark_object": 1},
        {"tint": (1.0, 1.0)},
        {"tint": (1.0, 1.0, -0.1)},
        {"spares_dark": 1},
        {"spares_teeth": 1},
        {"changes_dark": 0.5},
    ],
)
def test_an_impossible_mask_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(InvalidValueError, match="mask"):
        SliderMask(**given)  # type: ignore[arg-type]


def test_a_slider_that_leaves_a_face_as_it_is_takes_nothing_of_what_others_change(fine_editor: Editor) -> None:
    portraits = [portrait for portrait in fine_editor.sample(8, 0.6, seed=3) if _leaves(fine_editor, portrait)]
    assert len(portraits) > 1
    for portrait in portraits[:2]:
        smile = fine_editor.moved(portrait, {"Smiling": 1.0})
        both = fine_editor.moved(portrait, {"Smiling": 1.0, "No_Beard": -1.0})
        assert (both - smile).abs().mean() < 0.05 * (smile - portrait.decoded).abs().mean()


def _leaves(editor: Editor, portrait: Portrait) -> bool:
    return editor.doing_little(portrait, {"No_Beard": -1.0}) == ["No_Beard"]


def test_glasses_go_from_a_face_that_gets_younger(fine_editor: Editor) -> None:
    """Their frame is dark, and spared where age alone changes a face."""
    where = fine_editor.directions.acts_where({"Eyeglasses": -1.0, "Young": 1.0}, fine_editor.size)
    assert where.spares_dark is not None
    assert where.spares_dark[58:62, 40:88].max() < 0.05


def rows_of(editor: Editor, portrait: Portrait, values: dict[str, float]) -> torch.Tensor:
    """How much a move changes each row of the model's picture, from the top down, as a mean over its pixels."""
    return (editor.moved(portrait, values) - portrait.decoded).abs().mean((0, 1, 3))


def test_a_picture_changes_where_its_sliders_act_alone(fine_editor: Editor) -> None:
    (portrait,) = fine_editor.sample(1, 0.6, seed=3)
    lids, lips = {"Narrow_Eyes": 1.0}, {"Mouth_Slightly_Open": 1.0}
    eyes = rows_of(fine_editor, portrait, lids)
    assert eyes[50:60].mean() > 0
    assert (eyes[96:] == 0).all()
    mouth = rows_of(fine_editor, portrait, lips)
    assert mouth[90:108].mean() > 0
    assert (mouth[:48] == 0).all()
    both = rows_of(fine_editor, portrait, lids | lips)
    assert both[50:60].mean() > 0
    assert both[90:108].mean() > 0


def test_long_hair_stays_where_a_face_becomes_a_man_s(fine_editor: Editor) -> None:
    (portrait,) = fine_editor.sample(1, 0.6, seed=3)
    change = (fine_editor.moved(portrait, {"Male": 1.0}) - portrait.decoded).abs().amax((0, 1))
    assert change[60:100, 48:80].mean() > 0.01
    assert (change[:, :12] == 0).all()
    assert (change[:24] == 0).all()


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("others", [{}, {"Bags_Under_Eyes": -0.3}, {"Gray_Hair": 0.4}])
def test_age_leaves_the_skin_its_colour(fine_editor: Editor, side: int, others: dict[str, float]) -> None:
    """As the model has it, faces turn yellow or red. Beside the sliders that recipes have with it, too."""
    values, cheeks = {"Young": 0.8 * side, **others}, (slice(None), slice(66, 90), slice(40, 88))
    kept = []
    for portrait in fine_editor.sample(4, 0.6, seed=3):
        where = fine_editor.directions.acts_where(values, fine_editor.size)
        ours = fine_editor.moved(portrait, values)
        fully = replace(where, colour=None, light=None, spares_dark=None).over(
            portrait.decoded, fine_editor.decode(moved_latent(fine_editor, portrait, values))
        )
        tints = [(picture - portrait.decoded)[0][cheeks].mean((1, 2)) for picture in (ours, fully)]
        kept.append([float((tint - tint.mean()).norm()) for tint in tints])
    ours_and_fully = torch.tensor(kept).mean(0)
    assert ours_and_fully[0] < 0.6 * ours_and_fully[1]


def moved_latent(editor: Editor, portrait: Portrait, values: dict[str, float]) -> Latent:
    """As the editor moves it."""
    moves = editor.directions.checked(values)
    return editor.directions.move(
        portrait.latent, values, (), editor.sliders.reaches(portrait, moves, editor.inference)
    )


@pytest.mark.parametrize("side", [1, -1])
def test_hair_stays_nearly_as_it_is_where_a_face_ages(fine_editor: Editor, side: int) -> None:
    portraits = fine_editor.sample(4, 0.6, seed=3)
    changes = [(fine_editor.moved(portrait, {"Young": float(side)}) - portrait.decoded).abs() for portrait in portraits]
    change = torch.cat(changes).mean((0, 1))
    assert change[:12].mean() < 0.4 * change[40:90, 40:88].mean()


def spilt(directions: Directions, editor: Editor, name: str, side: int) -> float:
    """How much a move changes the mouth, as a share of how much it changes the eyes, on three drawn faces."""
    eyes, mouth, shares = slice(48, 66), slice(90, 108), []
    for portrait in editor.sample(3, 0.6, seed=3):
        half = torch.full((1,), 0.5, dtype=torch.float64)
        moved = directions.move(portrait.latent, {name: float(side)}, (), {(name, side): Reach(half, half)})
        rows = (editor.decode(moved) - portrait.decoded).abs().mean((0, 1, 3))  # from the top of the square down
        shares.append(float(rows[mouth].mean() / rows[eyes].mean()))
    return sum(shares) / 3


def test_glasses_spare_the_mouth_and_a_beard_spares_the_eyes(fine_editor: Editor) -> None:
    masked = fine_editor.label_directions
    everywhere = replace(
        masked, sliders=tuple(replace(slider, mask=EVERYWHERE, mask_down=None) for slider in masked.sliders)
    )
    assert spilt(masked, fine_editor, "Eyeglasses", 1) < 0.75 * spilt(everywhere, fine_editor, "Eyeglasses", 1)
    assert spilt(masked, fine_editor, "No_Beard", -1) > 1.1 * spilt(everywhere, fine_editor, "No_Beard", -1)


def test_a_file_of_directions_keeps_masks(fine_editor: Editor, tmp_path: Path) -> None:
    basis = DirectionBasis.load(directions_path(FACES_128), fine_editor.checkpoint)
    basis.save(tmp_path / "again.safetensors")
    again = DirectionBasis.load(tmp_path / "again.safetensors", fine_editor.checkpoint)
    assert again.sliders == basis.sliders
    glasses = again.sliders[LABEL_NAMES.index("Eyeglasses")]
    assert glasses.all_or_nothing
    assert 0 < glasses.mask.top < glasses.mask.bottom < 1


def test_a_mask_for_another_number_of_scales_is_refused(editor: Editor, tmp_path: Path) -> None:
    basis = DirectionBasis.load(directions_path(FACES_64), editor.checkpoint)
    sliders = (replace(basis.sliders[0], mask=SliderMask(scales=(1.0, 2.0))), *basis.sliders[1:])
    replace(basis, sliders=sliders).save(tmp_path / "other.safetensors")
    with pytest.raises(DirectionsError, match="2 scales"):
        DirectionBasis.load(tmp_path / "other.safetensors", editor.checkpoint)


def test_what_would_come_by_half_does_not_come(fine_editor: Editor, fine_validation_faces: torch.Tensor) -> None:
    """Faces that come to show glasses plainly get them; the others are left as they are, and that is said."""
    with torch.inference_mode():
        faces = fine_editor.checkpoint.model.encode(fine_validation_faces[10:22].float() / 255)
    judge, label = fine_editor.judge, LABEL_NAMES.index("Eyeglasses")
    before = judge.look(faces.flatten())
    found = find_reach(fine_editor.label_directions, judge, faces, before=before, name="Eyeglasses", side=1)
    moved = fine_editor.label_directions.move(faces, {"Eyeglasses": 1.0}, (), {("Eyeglasses", 1): found})
    lacking = before.logits[:, label] < 0
    seen = judge.look(moved.flatten()).logits[:, label]
    assert found.little is not None
    gone = (moved.flatten() - faces.flatten()).norm(dim=1)
    assert (gone[found.little] < 0.1).all()
    assert (
        seen[lacking & ~found.little] > REACH.complete * fine_editor.label_directions.slider("Eyeglasses").plain - 1
    ).all()
    assert (lacking & ~found.little).sum() / lacking.sum() > 0.3
