"""Tuned directions: what comes with a label on the faces they were tuned on comes less with it on other faces."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import attributes.tuning
from attributes import LABEL_NAMES, Basis, directions_path
from attributes.calibrate import Course, course
from attributes.classifier import CALIBRATION_HALF, REPORT_HALF, load_classifier
from attributes.fitting import CLEAR
from attributes.judge import Judge
from attributes.tuning import FAR, Tuner, orthonormal
from glow import FACES_64, Checkpoint, load_checkpoint

SMILING, YOUNG = LABEL_NAMES.index("Smiling"), LABEL_NAMES.index("Young")
FEW_STEPS = 15


@pytest.fixture(scope="module")
def basis(checkpoint: Checkpoint) -> Basis:
    return Basis.load(directions_path(FACES_64), checkpoint)


@pytest.fixture(scope="module")
def latents(checkpoint: Checkpoint, validation_faces: Tensor) -> Tensor:
    with torch.inference_mode():
        return checkpoint.model.encode(validation_faces.float() / 255).flatten()


def test_orthonormal_mixes_leave_out_what_is_no_new_direction() -> None:
    vectors = torch.randn(3, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    vectors = torch.cat([vectors, vectors[:1] - 2 * vectors[1:2]])
    mixes = orthonormal(vectors @ vectors.T)
    assert mixes.shape == (3, 4)
    made = mixes @ vectors
    torch.testing.assert_close(made @ made.T, torch.eye(3, dtype=torch.float64))


@pytest.mark.parametrize("sense", [1, -1])
def test_the_gradient_tells_what_a_step_costs_where_faces_go_as_far_as_they_need(
    basis: Basis, latents: Tensor, sense: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a difference, with the lengths found anew on both sides, by nets that do not round it off."""
    for bound in ("MOST_PULL", "OUTLIER"):
        monkeypatch.setattr(attributes.tuning, bound, torch.inf)
    model = load_checkpoint(FACES_64).model
    model.set_precision(spine=torch.float64)
    judge = Judge(model, load_classifier())
    tuner = Tuner(basis, judge, latents[:60], judge.logits(latents[:60]))
    faces, parts = tuner.faces(SMILING, sense), basis.vectors(basis.kind("mean")[SMILING][None]).scales
    at = torch.cat([axes @ part.flatten() for axes, part in zip(tuner.axes, parts, strict=True)])

    def settled(at: Tensor, some: Tensor) -> tuple[Tensor, Tensor]:
        """Cost and log odds where faces have found their way."""
        way = sense * tuner.vector(at)
        for _ in range(15):
            lengths = tuner.find_lengths(SMILING, faces, some, way)
        with torch.no_grad():
            cost, odds = tuner.cost(SMILING, faces, some, faces.latents[some] + lengths[:, None] * way)
        return (cost + FAR * lengths).mean(), odds

    # Some do not get there, or their label comes in a leap.
    some = torch.nonzero((settled(at, torch.arange(16))[1] - CLEAR).abs() < 0.01).flatten()[:8]
    assert len(some) == 8
    gradient = tuner.gradient(SMILING, faces, some, at)
    step = gradient * (0.03 * at.norm() / gradient.norm())
    difference = settled(at + step, some)[0] - settled(at - step, some)[0]
    assert float(difference) == pytest.approx(float(2 * step @ gradient), rel=0.1)


def test_tuning_leaks_less_on_other_faces(checkpoint: Checkpoint, basis: Basis, latents: Tensor) -> None:
    """From the plain mean direction, both ways."""
    judge = Judge(checkpoint.model, load_classifier())
    seen = judge.logits(latents)

    def measured(mix: Tensor, sense: int) -> Course:
        vector = sense * basis.vectors(mix[None]).flatten()[0]
        return course(judge, latents[REPORT_HALF], seen[REPORT_HALF], vector, YOUNG, most=40, sense=sense)

    mean = basis.kind("mean")[YOUNG]
    tuned = Tuner(basis, judge, latents[CALIBRATION_HALF], seen[CALIBRATION_HALF], FEW_STEPS).tuned(YOUNG, mean)
    lengths = [float(basis.vectors(mix[None]).flatten().norm()) for mix in (mean, tuned)]
    assert lengths[1] == pytest.approx(lengths[0], rel=1e-3)
    for sense in (1, -1):
        before, after = measured(mean, sense), measured(tuned, sense)
        assert after.reached >= 0.9
        assert after.leakage < 0.9 * before.leakage


def test_few_faces_of_one_side_only_are_enough(checkpoint: Checkpoint, basis: Basis, latents: Tensor) -> None:
    judge = Judge(checkpoint.model, load_classifier())
    seen = judge.logits(latents)
    old = torch.nonzero(seen[:, YOUNG] < 0).flatten()[:5]
    mean = basis.kind("mean")[YOUNG]
    tuned = Tuner(basis, judge, latents[old], seen[old], FEW_STEPS).tuned(YOUNG, mean)
    assert tuned.isfinite().all()
    assert not torch.equal(tuned, mean)
