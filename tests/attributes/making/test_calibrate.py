"""Calibrated sliders: they reach their label on faces that had no part in it, and leak less than plain directions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from attributes import LABEL_NAMES, DirectionBasis, DirectionsError, directions_path
from attributes.__main__ import main
from attributes.classifier.network import REPORT_HALF, load_classifier
from attributes.making.by_eye import natural_oddness
from attributes.making.calibrate import calibrate, course, label_mix
from attributes.making.evaluate import Evaluation, other_labels
from attributes.reach.crossing import crossing
from attributes.reach.judge import Judge
from attributes.reach.reach import REACH
from attributes.sliders.slider import PLAIN
from glow import Checkpoint, Glow, GlowConfig, TrainingRecord, save_checkpoint
from storage.assets import DEFAULT_CLASSIFIER, FACES_64

LOOKED_AT = ("Smiling", "Black_Hair", "Bangs")


@pytest.fixture(scope="module")
def basis(checkpoint: Checkpoint) -> DirectionBasis:
    return DirectionBasis.load(directions_path(FACES_64), checkpoint)


@pytest.fixture(scope="module")
def evaluation(checkpoint: Checkpoint, validation_faces: torch.Tensor) -> Evaluation:
    judge = Judge(checkpoint.model, load_classifier())
    with torch.inference_mode():
        latents = checkpoint.model.encode(validation_faces[REPORT_HALF][:60].float() / 255).flatten()
    return Evaluation(judge, latents, 40)


def test_where_a_course_first_crosses() -> None:
    curve = torch.tensor([[-1.0, -1.0, -3.0], [1.0, -0.5, -2.0], [-1.0, 0.5, -1.0]], dtype=torch.float64)
    at = torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64)
    assert crossing(curve, at).tolist() == [0.5, 2.0, 6.0]


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_value_of_one_reaches_faces_and_leaks_less_than_the_mean(
    basis: DirectionBasis, evaluation: Evaluation, name: str
) -> None:
    label = LABEL_NAMES.index(name)
    side = evaluation.side(basis.directions("calibrated"), label, 1)
    assert side.reached >= 0.1  # where that looks natural; of so small a model, that is on few faces
    mean = evaluation.at_the_same_rate(basis, "mean", label, side.reached)
    assert other_labels(side.leakage, label) < other_labels(mean.leakage, label)


@pytest.mark.slow
def test_a_plain_direction_that_cannot_reach_so_many_is_compared_where_it_reaches_the_most(
    basis: DirectionBasis, evaluation: Evaluation
) -> None:
    """Further on its faces only break."""
    side = evaluation.at_the_same_rate(basis, "partial", LABEL_NAMES.index("Eyeglasses"), 1.0)
    assert side.faces > 0
    assert side.reached > 0


@pytest.mark.slow
def test_a_held_out_classifier_is_asked_by_its_own_reading(basis: DirectionBasis, evaluation: Evaluation) -> None:
    """One that says of few faces that they smile sees fewer begin to."""
    judge, label = evaluation.judge, LABEL_NAMES.index("Smiling")
    offset = judge.classifier.scaling.offset.clone()
    offset[label] -= 8
    held_out = replace(judge.classifier, scaling=replace(judge.classifier.scaling, offset=offset))
    side = Evaluation(judge, evaluation.latents, 40, held_out).side(basis.directions("calibrated"), label, 1)
    assert side.held_out is not None
    assert 0 < side.held_out.faces <= side.faces
    assert side.held_out.reached < side.reached
    assert not torch.equal(side.held_out.leakage, side.leakage)


def test_every_slider_goes_both_ways_within_its_range(basis: DirectionBasis) -> None:
    for slider in basis.sliders:
        assert slider.up > 0
        assert slider.down > 0
        assert slider.low <= -1
        assert slider.high >= 1


def test_uncalibrated_directions_say_so(basis: DirectionBasis) -> None:
    with pytest.raises(DirectionsError, match="attributes calibrate"):
        DirectionBasis(
            basis.means, basis.label_second_moment, basis.projection_mean, basis.projection_covariance, ""
        ).directions("calibrated")


@pytest.mark.slow
def test_from_faces_to_figures_and_pictures_by_command(
    celebahq_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a tiny model, as each of the 40 sliders is measured; what they are worth is tested with a real one."""
    torch.manual_seed(0)
    model = Glow(GlowConfig(image_size=16, levels=2, flow_steps=1, widths=(8, 8)))
    save_checkpoint(tmp_path / "m.safetensors", model, TrainingRecord())
    given = ["--data", str(celebahq_folder), "--checkpoint", str(tmp_path / "m.safetensors"), "--device", "cpu"]
    assert main(["compute", *given, "--plain"]) == 0
    assert main(["calibrate", *given]) == 0
    page, figures = tmp_path / "attributes.md", tmp_path / "figures.json"
    command = ["evaluate", *given, "--faces", "1", "--json", str(figures), "--markdown", str(page)]
    assert main([*command, "--witness", str(DEFAULT_CLASSIFIER)]) == 0  # who sees just what the judge sees
    found = json.loads(figures.read_text())
    assert len(found["sliders"]) == 40
    assert all(slider["reversed"] for slider in found["sliders"].values())
    for name in LABEL_NAMES:
        up = found["sliders"][name]["up"]
        assert up["witness"] == {key: up[key] for key in ("faces", "reached", "leakage")}
    text = page.read_text()
    assert "To another classifier" in text
    for name in LABEL_NAMES:
        assert f"attributes/{name}.jpg" in text
        assert 0 < (tmp_path / "attributes" / f"{name}.jpg").stat().st_size < 20_000
    assert (tmp_path / "attributes" / "leakage.png").is_file()

    # One slider alone: a former figure of its own goes, those of others stay.
    for name in ("Smiling", "Young"):
        found["sliders"][name]["up"]["reached"] = 0.123
    figures.write_text(json.dumps(found))
    only = [*command, "--witness", str(DEFAULT_CLASSIFIER), "--only", "smiling"]
    assert main(only) == 0
    anew = json.loads(figures.read_text())
    assert {name for name in LABEL_NAMES if anew["sliders"][name] != found["sliders"][name]} == {"Smiling"}
    assert list(anew["at the same rate"]) == list(found["at the same rate"])
    assert "--only Smiling" in page.read_text()
    figures.write_text("{}")
    assert main(only) == 1
    assert "no evaluation of all sliders" in capsys.readouterr().err
    assert main(["evaluate", *given, "--only", "Smiling"]) == 1
    assert "--json with --only" in capsys.readouterr().err


def test_one_slider_is_made_anew_and_all_others_stay(basis: DirectionBasis, evaluation: Evaluation) -> None:
    """On other faces than those that the committed ones were made on."""
    made = calibrate(basis, evaluation.judge, evaluation.latents[:24], {"Smiling"})
    assert made.mix is not None
    assert made.head_turn is basis.head_turn
    torch.testing.assert_close(made.mix, basis.mix)
    for former, slider in zip(basis.sliders, made.sliders, strict=True):
        assert (slider == former) == (slider.name != "Smiling")
    plain = replace(basis, mix=None)
    with pytest.raises(DirectionsError, match="attributes calibrate"):  # of the others there is nothing that could stay
        calibrate(plain, evaluation.judge, evaluation.latents[:24], {"Smiling"})


def test_a_slider_that_is_not_there_is_refused_with_one_that_is(
    celebahq_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", "--data", str(celebahq_folder), "--only", "Smilling"]) == 1
    assert "did you mean Smiling" in capsys.readouterr().err


def test_too_few_faces_are_refused(celebahq_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--data", str(celebahq_folder), "--limit", "5"]) == 1
    assert "5 validation faces" in capsys.readouterr().err


def test_without_a_mapper_sliders_go_half_along_the_mean_and_half_along_the_partial_direction(
    basis: DirectionBasis,
) -> None:
    label = LABEL_NAMES.index("Smiling")
    mix = label_mix(basis, label)
    assert mix[0].count_nonzero() > 2  # other labels have a part in it
    length = basis.vectors(mix[None]).flatten().norm()
    torch.testing.assert_close(length, basis.means.flatten()[label].norm(), rtol=1e-3, atol=0)


def test_a_course_ends_where_the_label_is_plain_or_the_face_looks_odd(
    basis: DirectionBasis, evaluation: Evaluation
) -> None:
    label = LABEL_NAMES.index("Smiling")
    judge, before = evaluation.judge, evaluation.seen
    faces = torch.nonzero(before.logits[:, label] < 0).flatten()[:10]
    latents, some = evaluation.latents[faces], before[faces]
    vectors = basis.means.flatten()[[label]]
    most = natural_oddness("Smiling", 1)
    found = course(judge, latents, some, vectors, label, most=most)
    moves = found.lengths[:, None].float() * vectors
    seen = judge.look(latents + moves)
    odd, odds = seen.oddness(some, moves), seen.logits[:, label]
    assert ((odd < most + 0.2) & (odds < PLAIN + 2)).all()
    assert ((odd > most - 0.2) | (odds > PLAIN - 2)).all()
    assert found.reached == pytest.approx(float((odds >= REACH.clear).double().mean()), abs=0.11)
