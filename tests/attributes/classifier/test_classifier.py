"""The attribute classifier: as good as it says on real faces, at any size, and able to learn."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from attributes import LABEL_NAMES, DatasetError, FaceSet
from attributes.__main__ import main
from attributes.classifier.network import AttributeClassifier, load_classifier, make_net, save_classifier
from attributes.classifier.training import balanced_accuracies, platt_scaling, read_all, train_classifier
from glow import CheckpointError
from storage.assets import DEFAULT_CLASSIFIER
from storage.tensors import read_safetensors, write_safetensors
from tests.conftest import ANNOTATIONS, Pictures

HEADLINE = ("Smiling", "Young", "Blond_Hair", "Black_Hair", "Male", "Eyeglasses", "Bangs", "No_Beard", "Pale_Skin")


@pytest.fixture(scope="module")
def classifier() -> AttributeClassifier:
    return load_classifier()


@pytest.fixture(scope="module")
def validation_labels(celebahq: Path, celebahq_pictures: Pictures) -> np.ndarray:
    """Of the pictures of ``validation_faces``, bool ``(200, 40)``."""
    lines = (celebahq / ANNOTATIONS).read_text().splitlines()
    columns = [lines[1].split().index(name) for name in LABEL_NAMES]
    rows = {int(line.split(".")[0]): line.split()[1:] for line in lines[2:]}
    return np.array([[rows[number][c] == "1" for c in columns] for number in celebahq_pictures(200, "1")])


def test_it_reads_held_out_faces_as_well_as_its_file_says(
    classifier: AttributeClassifier, validation_faces: torch.Tensor, validation_labels: np.ndarray
) -> None:
    sure = classifier.balanced_probabilities(validation_faces.float() / 255) > 0.5
    accuracies = dict(zip(LABEL_NAMES, balanced_accuracies(sure, validation_labels), strict=True))
    counted = [k for k in range(40) if 5 <= validation_labels[:, k].sum() <= 195]
    stated = np.mean([classifier.balanced_accuracy[k] for k in counted])
    assert stated > 0.8
    assert np.mean([accuracies[LABEL_NAMES[k]] for k in counted]) > stated - 0.05
    for name in HEADLINE:
        assert accuracies[name] > 0.7, name


def test_likely_weighs_how_rare_a_label_is(
    classifier: AttributeClassifier, validation_faces: torch.Tensor, validation_labels: np.ndarray
) -> None:
    likely = classifier.probabilities(validation_faces.float() / 255)
    assert float((likely.mean(0) - torch.from_numpy(validation_labels.mean(0))).abs().mean()) < 0.06


def test_larger_pictures_and_mirror_images_read_the_same(
    classifier: AttributeClassifier, validation_faces: torch.Tensor
) -> None:
    x = validation_faces[:40].float() / 255
    large = torch.nn.functional.interpolate(x, size=(160, 160), mode="bicubic", align_corners=False).clamp(0, 1)
    for same in (large, x.flip(3)):
        difference = (classifier.balanced_probabilities(same) - classifier.balanced_probabilities(x)).abs()
        assert float(difference.mean()) < 0.06
    assert classifier.features(large).shape == classifier.features(x).shape


def test_pictures_of_a_wrong_shape_are_refused(classifier: AttributeClassifier) -> None:
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\), not \(3, 64, 64\)"):
        classifier.balanced_probabilities(torch.zeros(3, 64, 64))


def test_it_is_small_and_comes_back_from_disk(classifier: AttributeClassifier, tmp_path: Path) -> None:
    assert DEFAULT_CLASSIFIER.stat().st_size <= 8 * 2**20
    save_classifier(tmp_path / "c.safetensors", classifier, 5)
    x = torch.rand(2, 3, 64, 64)
    back = load_classifier(tmp_path / "c.safetensors")
    assert torch.equal(back.balanced_probabilities(x), classifier.balanced_probabilities(x))
    with pytest.raises(CheckpointError, match="no file"):
        load_classifier(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("net.head.bias", lambda bias: bias * math.nan, "net.head.bias holds NaN"),
        ("net.body.1.running_var", torch.neg, "net.body.1.running_var is from -"),
        ("calibration.prevalence", lambda share: share + 1, "calibration.prevalence is from 1"),
        ("calibration.slope", lambda slope: slope[:39], r"calibration.slope is F32 of shape \(39,\)"),
        ("net.head.weight", torch.Tensor.long, "net.head.weight is I64"),
        ("more", lambda _: torch.zeros(1), "more is unknown"),
    ],
)
def test_tensors_that_read_nothing_are_refused(tmp_path: Path, name: str, change: Any, message: str) -> None:
    tensors, header = read_safetensors(DEFAULT_CLASSIFIER, "attribute classifier")
    write_safetensors(tmp_path / "c.safetensors", {**tensors, name: change(tensors.get(name))}, header)
    with pytest.raises(CheckpointError, match=message):
        load_classifier(tmp_path / "c.safetensors")


@pytest.mark.parametrize("accuracy", [None, {}, {**dict.fromkeys(LABEL_NAMES, 0.5), "Young": "1"}])
def test_a_classifier_that_does_not_know_how_good_it_is_is_refused(tmp_path: Path, accuracy: Any) -> None:
    tensors, header = read_safetensors(DEFAULT_CLASSIFIER, "attribute classifier")
    write_safetensors(tmp_path / "c.safetensors", tensors, header | {"balanced_accuracy": accuracy})
    with pytest.raises(CheckpointError, match="balanced accuracy"):
        load_classifier(tmp_path / "c.safetensors")


@pytest.mark.slow
def test_training_learns_what_can_be_seen(celebahq_folder: Path) -> None:
    """Real faces, of which some are tinted: that tint stands for every label."""
    faces = FaceSet.open(celebahq_folder)
    pixels = np.stack([faces.read(i, 64) for i in range(len(faces))])
    tinted = np.arange(len(pixels)) // 2 % 2 == 0  # as often in both halves of the validation faces
    pixels[tinted, 0] = pixels[tinted, 0] // 2 + 127
    pixels[tinted, 2] //= 2
    labels = np.repeat(tinted[:, None], 40, axis=1)
    trained = train_classifier(pixels[:88], labels[:88], pixels[88:], labels[88:], epochs=14)
    assert np.mean(trained.balanced_accuracy) > 0.9


def test_a_label_on_no_face_is_refused(celebahq_folder: Path) -> None:
    faces = FaceSet.open(celebahq_folder, limit=8)
    assert faces.labels is not None
    pixels, read = read_all(faces)
    assert read.tolist() == list(range(len(faces)))
    with pytest.raises(DatasetError, match=r"of the 8 training faces, all or none have .*Blurry"):
        train_classifier(pixels, faces.labels, pixels, faces.labels)


def test_without_labels_there_is_nothing_to_train(
    tmp_path: Path, astronaut_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        shutil.copy(astronaut_file, tmp_path / f"{number}.png")
    assert main(["classifier", "--data", str(tmp_path), "-o", str(tmp_path / "c.safetensors")]) == 1
    assert "a classifier needs labels" in capsys.readouterr().err


def test_calibration_makes_probabilities_of_logits() -> None:
    """Logits that are twice as sure as they may be, and shifted, come back to what the labels' shares say."""
    generator = np.random.default_rng(0)
    labels = generator.random((4000, 2)) < [0.5, 0.1]
    evidence = torch.from_numpy(np.where(labels, 1.0, -1.0) + generator.normal(size=labels.shape)).float()
    evidence = 2 * evidence  # the log odds of two unit Gaussians that are 2 apart, where both are as frequent
    found = platt_scaling(2 * evidence + 1, labels, torch.tensor([0.5, 0.1]))
    torch.testing.assert_close((2 * evidence + 1) * found.slope + found.offset, evidence, atol=1.0, rtol=0.2)


def test_what_cannot_be_measured_is_not_a_number() -> None:
    assert math.isnan(balanced_accuracies(torch.ones(4, 1, dtype=torch.bool), np.zeros((4, 1), dtype=bool))[0])


def test_a_held_out_classifier_comes_back_from_disk(tmp_path: Path, classifier: AttributeClassifier) -> None:
    torch.manual_seed(0)
    held_out = replace(classifier, net=make_net("witness").eval())
    save_classifier(tmp_path / "witness.safetensors", held_out, 10)
    back = load_classifier(tmp_path / "witness.safetensors")
    x = torch.rand(2, 3, 128, 128)
    torch.testing.assert_close(back.balanced_probabilities(x), held_out.balanced_probabilities(x), atol=5e-3, rtol=0)
    assert back.features(x).shape != classifier.features(x).shape


def test_a_classifier_of_an_unknown_build_is_refused(tmp_path: Path) -> None:
    tensors, header = read_safetensors(DEFAULT_CLASSIFIER, "attribute classifier")
    write_safetensors(tmp_path / "new.safetensors", tensors, header | {"architecture": "oracle"})
    with pytest.raises(CheckpointError, match="newer Glowface"):
        load_classifier(tmp_path / "new.safetensors")


def test_a_held_out_classifier_does_not_take_the_place_of_the_classifier(
    celebahq_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classifier", "--data", str(celebahq_folder), "--architecture", "witness"]) == 1
    assert "give -o FILE" in capsys.readouterr().err
