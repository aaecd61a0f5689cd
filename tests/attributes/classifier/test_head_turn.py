"""How far a head is turned: as its landmarks tell it, and less of a change where it is turned far."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.editor import Editor
from attributes import LABEL_NAMES, DirectionBasis, FaceSet, directions_path, find_reach
from attributes.classifier.fit_head_turn import fit_head_turn, head_turn_of
from attributes.classifier.head_turn import FAR, SHAPE, STRAIGHT, HeadTurn
from faces import Face, FaceError, align, crop
from glow import Latent
from storage.assets import FACES_128
from storage.values import InvalidValueError


def face_with_nose(across: float, turned: float = 0.0) -> Face:
    """A face whose nose is that much aside, in distances between the eyes, in a photo that is turned by an angle."""
    points = np.array([(-0.5, 0), (0.5, 0), (across, 0.6), (-0.45, 1.1), (0.45, 1.1)]) * 40
    cosine, sine = np.cos(turned), np.sin(turned)
    points = points @ np.array([[cosine, sine], [-sine, cosine]]) + 100
    return Face((60, 60, 140, 160), points, 1.0)


@pytest.mark.parametrize("across", [0.0, 0.3, -0.3])
@pytest.mark.parametrize("turned", [0.0, 0.7])
def test_a_turned_head_has_its_nose_aside_however_the_photo_is_held(across: float, turned: float) -> None:
    assert head_turn_of(face_with_nose(across, turned)) == pytest.approx(abs(across), abs=1e-4)


@pytest.fixture(scope="module")
def head_turn(fine_editor: Editor) -> HeadTurn:
    assert fine_editor.label_directions.head_turn is not None
    return fine_editor.label_directions.head_turn


def test_the_classifier_s_features_tell_it_as_landmarks_do(
    fine_editor: Editor, head_turn: HeadTurn, fine_validation_faces: torch.Tensor
) -> None:
    told, marked = [], []
    for pixels in fine_validation_faces[:60].permute(0, 2, 3, 1).numpy():
        try:
            face = fine_editor.detector.require(pixels)[0]
            square = crop(pixels, align(face), 128)
        except FaceError:
            continue
        picture = torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255
        told.append(float(head_turn.turn(fine_editor.classifier.features(picture))))
        marked.append(head_turn_of(face))
    assert len(told) > 50
    assert np.corrcoef(told, marked)[0, 1] > 0.6


def test_a_head_bears_less_the_further_it_is_turned() -> None:
    numbers = torch.zeros(SHAPE)
    numbers[0] = 1.0  # the first feature is the turn itself
    features = torch.zeros(5, SHAPE[0] - 1)
    features[:, 0] = torch.tensor([0.0, STRAIGHT, (STRAIGHT + FAR) / 2, 1.0, torch.nan])
    torch.testing.assert_close(
        HeadTurn(numbers).share_borne(features, 0.5), torch.tensor([1.0, 1.0, 0.75, 0.5, 0.5]).double()
    )


def test_a_turned_head_s_mouth_opens_less_far_and_any_other_s_as_far(
    fine_editor: Editor, head_turn: HeadTurn, fine_validation_faces: torch.Tensor
) -> None:
    with torch.inference_mode():
        faces: Latent = fine_editor.checkpoint.model.encode(fine_validation_faces[:24].float() / 255)
    before = fine_editor.judge.look(faces.flatten())
    directions, lengths = fine_editor.label_directions, []
    for each in (directions, replace(directions, head_turn=None)):
        found = find_reach(each, fine_editor.judge, faces, before=before, name="Mouth_Slightly_Open", side=1)
        lengths.append(found.one)
    turn = head_turn.turn(before.features)
    assert (turn < STRAIGHT).any()
    assert (turn > FAR).any()
    torch.testing.assert_close(lengths[0][turn < STRAIGHT], lengths[1][turn < STRAIGHT], rtol=1e-3, atol=0)
    assert (lengths[0] <= 1.001 * lengths[1]).all()
    assert (lengths[0] < 0.9 * lengths[1])[turn > FAR].any()


def test_a_probe_is_fitted_to_real_faces_and_a_file_of_directions_keeps_it(
    fine_editor: Editor, fine_validation_faces: torch.Tensor, tmp_path: Path
) -> None:
    from PIL import Image

    for place, pixels in enumerate(fine_validation_faces[:70].permute(0, 2, 3, 1).numpy()):
        Image.fromarray(pixels).save(tmp_path / f"{place:03}.png")
    faces = FaceSet.open(tmp_path)
    assert fit_head_turn(fine_editor.classifier, faces, most=20) is None
    found = fit_head_turn(fine_editor.classifier, faces)
    assert found is not None
    assert found.numbers.shape == SHAPE
    basis = replace(DirectionBasis.load(directions_path(FACES_128), fine_editor.checkpoint), head_turn=found)
    basis.save(tmp_path / "again.safetensors")
    again = DirectionBasis.load(tmp_path / "again.safetensors", fine_editor.checkpoint)
    assert again.head_turn is not None
    assert torch.equal(again.head_turn.numbers, found.numbers)
    mouth = again.sliders[LABEL_NAMES.index("Mouth_Slightly_Open")]
    assert mouth.natural_turned_up < mouth.natural_turned_down < 1.0


def test_a_probe_of_another_classifier_s_features_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="1024 features"):
        HeadTurn(torch.zeros(1025))
