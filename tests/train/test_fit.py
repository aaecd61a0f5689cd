"""Training for real, on a few real faces: it learns, survives a kill, and says what is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from attributes import FaceSet
from glow import GlowConfig, load_checkpoint
from train.__main__ import main
from train.config import FitConfig
from train.data import load_pixels
from train.evaluate import bits_per_dim
from train.fit import TrainingDivergedError, fit
from train.presets import PRESETS

CPU = torch.device("cpu")


def run(folder: Path, out: Path, *options: str) -> int:
    return main(["fit", "--preset", "tiny-16", "--data", str(folder), "--out", str(out), "--device", "cpu", *options])


def test_a_run_learns_and_its_checkpoint_scores_what_it_says(
    celebahq_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(celebahq_folder, tmp_path, "--steps", "60", "--look-every", "30") == 0
    scores = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    validation = [line["validation"] for line in scores if "validation" in line]
    assert len(validation) == 2
    assert validation[1] < validation[0] < 5
    assert (tmp_path / "samples" / "step-0000060.png").exists()
    record = load_checkpoint(tmp_path / "model.safetensors").record
    assert (record.step, record.images_seen) == (60, 60 * 16)
    capsys.readouterr()
    checkpoint = str(tmp_path / "model.safetensors")
    assert main(["eval", "--data", str(celebahq_folder), "--checkpoint", checkpoint, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result.pop("bits_per_dim") == pytest.approx(validation[1], abs=1e-3)
    assert result == {"images": 32, "image_size": 16, "n_bits": 5}


def test_every_memory_mode_trains_the_same_model(celebahq_folder: Path, tmp_path: Path) -> None:
    weights = []
    for memory in ("store", "checkpoint", "reversible"):
        options = ("--steps", "5", "--precision", "float32", "--variant", "nice-like", "--memory", memory)
        assert run(celebahq_folder, tmp_path / memory, *options) == 0
        model = load_checkpoint(tmp_path / memory / "model.safetensors").model
        assert (model.config.coupling, model.config.permutation) == ("additive", "reverse")
        weights.append(torch.nn.utils.parameters_to_vector(model.parameters()))
    for others in weights[1:]:
        torch.testing.assert_close(others, weights[0], atol=1e-5, rtol=0)


def test_a_killed_run_goes_on_and_ends_like_one_that_was_not_killed(celebahq_folder: Path, tmp_path: Path) -> None:
    options = ["--steps", "60", "--save-every", "10", "--look-every", "1000", "--precision", "float32"]
    assert run(celebahq_folder, tmp_path / "whole", *options) == 0
    command = [sys.executable, "-m", "train", "fit", "--preset", "tiny-16", "--data", str(celebahq_folder)]
    process = subprocess.Popen([*command, "--out", str(tmp_path / "killed"), "--device", "cpu", *options])
    state = tmp_path / "killed" / "state.safetensors"
    while not state.exists() and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert state.exists()
    assert not (tmp_path / "killed" / "model.safetensors").exists(), "it ended before it could be killed"
    assert run(celebahq_folder, tmp_path / "killed", *options) == 0
    whole, killed = (load_checkpoint(tmp_path / name / "model.safetensors").model for name in ("whole", "killed"))
    for (name, a), b in zip(whole.state_dict().items(), killed.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, msg=f"{name} differs")


def test_a_changed_recipe_is_refused_and_a_longer_run_is_not(
    celebahq_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(celebahq_folder, tmp_path, "--steps", "4") == 0
    assert run(celebahq_folder, tmp_path, "--steps", "4", "--batch", "8") == 1
    assert "another recipe (batch 16 there, 8 here)" in capsys.readouterr().err
    assert run(celebahq_folder, tmp_path, "--steps", "6") == 0
    assert load_checkpoint(tmp_path / "model.safetensors").record.step == 6


def test_steps_without_a_finite_gradient_are_skipped_and_many_of_them_end_the_run(tmp_path: Path) -> None:
    config = FitConfig(
        model=GlowConfig(image_size=4, levels=1, steps=1, widths=(4,)), steps=100, batch=2, learning_rate=1e30
    )
    pixels = torch.randint(0, 256, (8, 3, 4, 4), dtype=torch.uint8)
    with pytest.raises(TrainingDivergedError, match="lower --learning-rate"):
        fit(replace(config, warmup=0), pixels, pixels, tmp_path, device=CPU)


def test_wrong_input_is_answered_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, tmp_path / "run") == 1
    assert "no pictures" in capsys.readouterr().err
    assert main(["eval", "--data", str(tmp_path), "--checkpoint", "nowhere.safetensors"]) == 1
    assert "there is no file nowhere.safetensors" in capsys.readouterr().err


def test_the_learning_rate_rises_stays_and_falls() -> None:
    config = FitConfig(steps=100, warmup=10, decay_share=0.2, learning_rate=1.0)
    rates = [config.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:80] == [1.0] * 71
    assert rates[99] == pytest.approx(0.05)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_say_how_to_run_them(name: str) -> None:
    assert f"--preset {name}" in (PRESETS[name].__doc__ or "")
    assert PRESETS[name]().steps > 0


def test_the_committed_model_scores_what_its_record_and_card_say(checkpoint, celebahq_folder: Path) -> None:  # type: ignore[no-untyped-def]
    """On 32 of the 1,000 validation pictures, so near the recorded mean but not equal to it."""
    pixels = load_pixels(FaceSet.open(celebahq_folder, "val"), 64)
    recorded = checkpoint.record.metrics["bits_per_dim"]
    assert bits_per_dim(checkpoint.model, pixels) == pytest.approx(recorded, abs=0.15)
    card = (Path(__file__).parents[2] / "assets" / "MODEL_CARD.md").read_text()
    assert f"{recorded:.3f}" in card
    assert f"{checkpoint.record.images_seen:,}" in card


def test_a_run_starts_from_another_models_weights(
    celebahq_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(celebahq_folder, tmp_path / "first", "--steps", "60") == 0
    first = tmp_path / "first" / "model.safetensors"
    warm = ("--warm-start", str(first), "--learning-rate", "1e-5", "--steps", "2")
    assert run(celebahq_folder, tmp_path / "second", *warm) == 0
    records = [load_checkpoint(tmp_path / name / "model.safetensors").record for name in ("first", "second")]
    assert records[1].metrics["bits_per_dim"] == pytest.approx(records[0].metrics["bits_per_dim"], abs=0.01)
    assert records[1].images_seen == 62 * 16
    capsys.readouterr()
    assert run(celebahq_folder, tmp_path / "second", "--learning-rate", "1e-5", "--steps", "2") == 1
    assert "warm_start" in capsys.readouterr().err
    assert run(celebahq_folder, tmp_path / "third", *warm, "--flow-steps", "3") == 1
    assert "steps 2 there, 3 here" in capsys.readouterr().err
