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
    assert both is not None
    assert (both[:20] == 1).all()
    assert (both[-20:] == 1).all()
    hardly = together({above: 1.0, below: 0.001}, 64)
    assert hardly is not None
    assert (hardly - above.of_picture(64)).abs().max() < 0.01
    assert together({above: 1.0, EVERYWHERE: 1.0}, 64) is None
    assert together({}, 64) is None


@pytest.mark.parametrize(
    "given", [{"top": 0.6, "bottom": 0.4}, {"fade": 0.0}, {"scales": "1"}, {"face": float("nan")}, {"scales": [99]}]
)
def test_an_impossible_mask_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(InvalidValueError, match="mask"):
        SliderMask(**given)  # type: ignore[arg-type]


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
    everywhere = replace(masked, sliders=tuple(replace(slider, mask=EVERYWHERE) for slider in masked.sliders))
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
