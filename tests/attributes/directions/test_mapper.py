"""A latent mapper: each face goes a way of its own, always the same, and back again."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from app.editor import Editor
from attributes import LABEL_NAMES
from attributes.directions.mapper import LatentMapper, mapped
from attributes.sliders.slider import Reach
from glow import Latent


@pytest.fixture(scope="module")
def faces(fine_editor: Editor, fine_validation_faces: torch.Tensor) -> Latent:
    with torch.inference_mode():
        return fine_editor.checkpoint.model.encode(fine_validation_faces[:6].float() / 255)


def test_faces_go_ways_of_their_own_and_another_one_up_than_down(fine_editor: Editor, faces: Latent) -> None:
    up, down = (fine_editor.label_directions.along(faces, "Bangs", side) for side in (1, -1))
    base = fine_editor.label_directions.vectors.flatten()[LABEL_NAMES.index("Bangs")]
    assert up.shape == down.shape == (6, len(base))
    apart = torch.cdist(up, up)[*torch.triu_indices(6, 6, 1)]
    assert apart.min() > 0.1 * base.norm()
    alike = torch.nn.functional.cosine_similarity(up, down)
    assert (alike > 0).all()
    assert (alike < 0.98).all()


def test_a_face_goes_the_same_way_alone_as_among_others(fine_editor: Editor, faces: Latent) -> None:
    together = fine_editor.label_directions.along(faces, "Smiling", 1)
    for place, face in enumerate(faces):
        alone = fine_editor.label_directions.along(face, "Smiling", 1)[0]
        torch.testing.assert_close(alone, together[place], atol=1e-3, rtol=1e-3)


def test_a_move_goes_along_them_and_back_bit_for_bit(fine_editor: Editor, faces: Latent) -> None:
    labels = fine_editor.label_directions
    there = labels.move(faces, {"Blond_Hair": -0.5})
    gone = (there.flatten() - faces.flatten()) / labels.along(faces, "Blond_Hair", -1)
    assert (gone.std(1) < 0.05 * gone.mean(1).abs()).all()
    assert labels.move(there, {"Blond_Hair": 0.5}) is faces
    other = labels.move(labels.move(faces, {"Smiling": 0.5}), {"Blond_Hair": -0.5})
    same = labels.move(there, {"Smiling": 0.5})
    assert torch.equal(other.flatten(), same.flatten())


def test_a_remembered_vector_gives_the_same_numbers_and_is_refused_for_other_faces(
    fine_editor: Editor, faces: Latent
) -> None:
    labels, lengths = fine_editor.label_directions, torch.full((6,), 0.4, dtype=torch.float64)
    vector = labels.along(faces, "Smiling", 1)
    reaches = [{("Smiling", 1): Reach(lengths, lengths, vector=each)} for each in (vector, None)]
    first, second = (labels.move(faces, {"Smiling": 1.0}, (), each).flatten() for each in reaches)
    assert torch.equal(first, second)
    with pytest.raises(ValueError, match="that of 6 faces, not of these 2"):
        labels.move(faces[:2], {"Smiling": 1.0}, (), reaches[0])


def test_what_is_kept_fixed_is_taken_out_of_each_faces_own_way(fine_editor: Editor, faces: Latent) -> None:
    labels = fine_editor.label_directions
    male = labels.vectors.flatten()[LABEL_NAMES.index("Male")].double()
    free, fixed = (labels.move(faces, {"No_Beard": -0.5}, keep).flatten() for keep in ((), ("Male",)))
    along = [((moved - faces.flatten()) @ male / male.norm()).abs() for moved in (free, fixed)]
    assert along[0].min() > 0.1
    assert along[1].max() < 1e-3


def test_alike_ways_hinder_each_other_as_far_as_they_go_together(fine_editor: Editor, faces: Latent) -> None:
    """A smile and an open mouth: the more is gone of one, the less is left of the other."""
    labels = fine_editor.label_directions
    alone = labels.move(faces, {"Mouth_Slightly_Open": 1.5}).flatten() - faces.flatten()
    smiling = labels.move(faces, {"Smiling": 1.5, "High_Cheekbones": 1.5})
    both = labels.move(smiling, {"Mouth_Slightly_Open": 1.5}).flatten() - smiling.flatten()
    assert (both.norm(dim=1) < 0.97 * alone.norm(dim=1)).double().mean() > 0.5


def test_a_mapper_moves_to_another_device_with_its_directions(fine_editor: Editor, faces: Latent) -> None:
    there = fine_editor.label_directions.to("cpu")
    assert there.mapper is not fine_editor.label_directions.mapper
    assert torch.equal(there.along(faces, "Bangs", 1), fine_editor.label_directions.along(faces, "Bangs", 1))


def test_where_a_mapper_puts_out_what_is_no_number_the_base_stays(fine_editor: Editor, faces: Latent) -> None:
    broken = copy.deepcopy(fine_editor.label_directions.mapper)
    assert broken is not None
    for head in broken.heads:
        head.weight.fill_(3e38)
    sliders = tuple(replace(slider, companions=()) for slider in fine_editor.label_directions.sliders)
    labels = replace(fine_editor.label_directions, mapper=broken, sliders=sliders)
    base = labels.vectors.flatten()[[LABEL_NAMES.index("Young")]]
    weights = labels.slider("Young").mask.of_latent([tuple(scale.shape[1:]) for scale in faces.scales])
    assert torch.equal(labels.along(faces, "Young", 1), (weights * base).expand(6, -1))


def test_latents_of_another_model_are_refused(fine_editor: Editor, editor: Editor) -> None:
    mapper = fine_editor.label_directions.mapper
    assert mapper is not None
    with pytest.raises(ValueError, match="reads latents with the scales"):
        mapped(mapper, editor.checkpoint.model.sample_latent(1), 0, present=True)


def test_an_untrained_mapper_adds_nothing(fine_editor: Editor, faces: Latent) -> None:
    fresh = LatentMapper(fine_editor.checkpoint.model.config.scale_shapes())
    assert not mapped(fresh, faces, 3, present=True).flatten().any()
