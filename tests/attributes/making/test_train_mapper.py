"""Training a mapper: compared with the right real faces, towards the label, the same again, and kept in the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from attributes import LABEL_NAMES, DirectionBasis, DirectionsError, FaceSet, directions_path, load_classifier
from attributes.__main__ import main
from attributes.directions.mapper import LatentMapper, mapped
from attributes.making.critic import FEWEST, Critic, RealFaces, shaken
from attributes.making.mapper_training import LabelledFaces, MapperTraining
from attributes.making.train_mapper import encoded_faces, half_cosine, mapped_basis, train_mapper
from glow import Checkpoint, Latent
from storage.assets import FACES_64

FACES, BATCH = 40, 4


@pytest.fixture(scope="module")
def basis(checkpoint: Checkpoint) -> DirectionBasis:
    return DirectionBasis.load(directions_path(FACES_64), checkpoint)


@pytest.fixture(scope="module")
def faces(checkpoint: Checkpoint, validation_faces: torch.Tensor) -> LabelledFaces:
    pixels = validation_faces[:FACES]
    with torch.inference_mode():
        latents = checkpoint.model.encode(pixels.float() / 255).flatten().half()
        seen = load_classifier().balanced_probabilities(pixels.float() / 255) > 0.5
    labels = seen.clone()
    labels[0], labels[1] = True, False  # each label on some
    return LabelledFaces(latents.clone(), pixels, labels)


def training(
    checkpoint: Checkpoint, basis: DirectionBasis, faces: LabelledFaces, only: str | None = None
) -> MapperTraining:
    often = {name: float(name == only) for name in LABEL_NAMES} if only else None
    return MapperTraining(checkpoint.model, load_classifier(), basis.means.flatten(), faces, seed=3, often=often)


def test_moved_faces_are_compared_with_faces_that_have_the_label_and_are_alike_in_gender_and_age() -> None:
    labels = torch.rand(8000, 40, generator=torch.Generator().manual_seed(0)) < 0.3
    real, male, young = RealFaces.of(labels), LABEL_NAMES.index("Male"), LABEL_NAMES.index("Young")
    moved = torch.randint(8000, (500,), generator=torch.Generator().manual_seed(1))
    label = torch.full_like(moved, LABEL_NAMES.index("Smiling"))
    present = ~labels[moved, label]
    found = labels[real.draw(moved, label, present)]
    assert torch.equal(found[:, label[0]], present)
    assert torch.equal(found[:, [male, young]], labels[moved][:, [male, young]])
    to_men = labels[real.draw(moved, torch.full_like(moved, male), torch.ones_like(present))]
    assert to_men[:, male].all()
    assert torch.equal(to_men[:, young], labels[moved, young])


def test_where_few_are_alike_all_with_the_label_are_compared_with() -> None:
    labels = torch.rand(2000, 40, generator=torch.Generator().manual_seed(0)) < 0.5
    male, beard = LABEL_NAMES.index("Male"), LABEL_NAMES.index("Goatee")
    labels[:, beard] &= labels[:, male]
    women = torch.nonzero(~labels[:, male]).flatten()
    label = torch.full_like(women, beard)
    drawn = RealFaces.of(labels).draw(women, label, torch.ones_like(women, dtype=torch.bool))
    assert labels[drawn, beard].all()
    assert len(drawn.unique()) > FEWEST


def test_a_critic_learns_to_tell_two_kinds_of_pictures(validation_faces: torch.Tensor) -> None:
    torch.manual_seed(0)
    critic, generator = Critic(), torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(critic.parameters(), 1e-3, betas=(0.5, 0.99))
    real = validation_faces[:16, :, ::2, ::2].float() / 255
    fake = real.roll(4, dims=2).flip(2)
    label, up = torch.zeros(32, dtype=torch.long), torch.ones(32, dtype=torch.bool)
    for _ in range(30):
        score, _ = critic(shaken(torch.cat([real, fake]), generator), label, up)
        loss = torch.nn.functional.softplus(torch.cat([-score[:16], score[16:]])).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        score, _ = critic(torch.cat([real, fake]), label, up)
    assert score[:16].mean() > score[16:].mean() + 1


def test_shaken_pictures_are_near_the_same(validation_faces: torch.Tensor) -> None:
    x = validation_faces[:8].float() / 255
    moved = shaken(x, torch.Generator().manual_seed(0))
    assert moved.shape == x.shape
    assert not torch.equal(moved, x)
    assert (moved.mean((1, 2, 3)) - x.mean((1, 2, 3))).abs().max() < 0.05


@pytest.mark.slow
def test_steps_bring_the_label_and_are_the_same_again(
    checkpoint: Checkpoint, basis: DirectionBasis, faces: LabelledFaces
) -> None:
    """All faces along one slider and at the full rate, so that few steps can be seen to help."""
    smiling = LABEL_NAMES.index("Smiling")
    without = faces.latents[~faces.labels[:, smiling]].float()[:8]
    some = Latent.unflatten(without, checkpoint.model.config.scale_shapes())
    runs: list[list[torch.Tensor]] = []
    for steps in (10, 2):
        work = training(checkpoint, basis, faces, only="Smiling")
        assert not mapped(work.mapper, some, smiling, present=True).flatten().any()  # at first it adds nothing
        torch.manual_seed(3)
        runs.append([])
        for _ in range(steps):
            work.step(BATCH, 3.0)
            runs[-1].append(mapped(work.mapper, some, smiling, present=True).flatten())
    assert all(torch.equal(*pair) for pair in zip(*runs, strict=False))
    found = runs[0][-1]
    means = basis.means.flatten()[smiling]
    assert 0.01 < float(found.norm(dim=1).mean() / means.norm()) < 2
    plain, more = _seen(checkpoint, without + means), _seen(checkpoint, without + means + found)
    assert (more > plain).double().mean() > 0.7


def test_until_it_is_trained_only_the_critic_learns(
    checkpoint: Checkpoint, basis: DirectionBasis, faces: LabelledFaces
) -> None:
    work = training(checkpoint, basis, faces)
    before = [value.clone() for value in work.critic.parameters()]
    work.step(BATCH, 1.0, train=False)
    assert not all(torch.equal(*pair) for pair in zip(before, work.critic.parameters(), strict=True))
    assert not any(head.weight.any() for head in work.mapper.heads)


def _seen(checkpoint: Checkpoint, latents: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        pictures = checkpoint.model.decode(Latent.unflatten(latents, checkpoint.model.config.scale_shapes()))
        return load_classifier().evidence(pictures)[:, LABEL_NAMES.index("Smiling")]


def test_the_rate_falls_from_full_to_nothing() -> None:
    assert half_cosine(0) == 1
    assert half_cosine(0.5) == pytest.approx(0.5)
    assert half_cosine(1) == pytest.approx(0)


def test_a_mapped_basis_comes_back_from_its_file(
    checkpoint: Checkpoint, basis: DirectionBasis, faces: LabelledFaces, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    shapes = checkpoint.model.config.scale_shapes()
    mapper = LatentMapper(shapes)
    for head in mapper.heads:
        torch.nn.init.normal_(head.weight)
    made = mapped_basis(basis, basis.means * 2, mapper, faces.latents)
    made.save(tmp_path / "mapped.safetensors")
    back = DirectionBasis.load(tmp_path / "mapped.safetensors", checkpoint)
    doubled = 2 * basis.means.flatten()
    torch.testing.assert_close(back.directions("base").vectors.flatten(), doubled, rtol=1e-3, atol=1e-5)
    where, twice = back.population(back.kind("mean")), back.population(back.kind("base"))
    torch.testing.assert_close(twice.mean, 2 * where.mean, rtol=1e-2, atol=0.05)
    torch.testing.assert_close(twice.deviation, 2 * where.deviation, rtol=1e-2, atol=0)
    some = Latent.unflatten(faces.latents[:4].float(), shapes)
    was, now = (each.directions("base").along(some, "Bangs", -1) for each in (made, back))
    torch.testing.assert_close(now, was, rtol=0.02, atol=0.02)
    assert (now - doubled[LABEL_NAMES.index("Bangs")]).norm(dim=1).min() > 1
    with pytest.raises(DirectionsError, match="attributes mapper"):
        replace(back, base=None, mapper=None).kind("base")


def test_it_goes_on_from_the_mapper_that_there_is(
    checkpoint: Checkpoint, basis: DirectionBasis, faces: LabelledFaces, celebahq_folder: Path
) -> None:
    torch.manual_seed(0)
    mapper = LatentMapper(checkpoint.model.config.scale_shapes())
    for head in mapper.heads:
        torch.nn.init.normal_(head.weight)
    work = MapperTraining(checkpoint.model, load_classifier(), basis.means.flatten(), faces, start=mapper, seed=3)
    work.step(BATCH, 1.0)
    for head, further in zip(mapper.heads, work.averaged.heads, strict=True):
        assert not torch.equal(further.weight, head.weight)
        torch.testing.assert_close(further.weight, head.weight, atol=0.02, rtol=0)
    known = FaceSet.open(celebahq_folder, "train", 60)
    with pytest.raises(DirectionsError, match="no mapper to begin with"):
        train_mapper(checkpoint, basis, known, load_classifier(), steps=1, batch=4, warm_start=True)


def test_faces_without_labels_are_refused(checkpoint: Checkpoint, basis: DirectionBasis, celebahq_folder: Path) -> None:
    known = FaceSet.open(celebahq_folder, "train", 4)
    with pytest.raises(DirectionsError, match="needs labels"):
        train_mapper(checkpoint, basis, FaceSet(known.paths, None, known.crop), load_classifier(), steps=1, batch=4)
    with pytest.raises(DirectionsError, match="use more faces"):
        train_mapper(checkpoint, basis, known, load_classifier(), steps=1, batch=4)


def test_steps_that_make_no_sense_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mapper", "--data", "nowhere", "--steps", "0"]) == 1
    assert "--steps is 0" in capsys.readouterr().err


def test_a_picture_that_cannot_be_read_is_no_real_face(
    checkpoint: Checkpoint, celebahq_folder: Path, tmp_path: Path
) -> None:
    known = FaceSet.open(celebahq_folder, "train", 6)
    broken = tmp_path / known.paths[2].name
    broken.write_bytes(known.paths[2].read_bytes()[:200])
    paths = (*known.paths[:2], broken, *known.paths[3:])
    found = encoded_faces(checkpoint.model, FaceSet(paths, known.labels, known.crop))
    assert known.labels is not None
    assert found.labels.tolist() == [row for place, row in enumerate(known.labels.tolist()) if place != 2]
    assert len(found.latents) == len(found.pixels) == 5
    assert found.pixels.float().mean((1, 2, 3)).min() > 5
    assert not found.latents.is_inference()
