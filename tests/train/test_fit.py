"""Training for real, on a few real faces: it learns, and says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attributes import FaceSet
from data.cache import CachedPictures
from data.loader import load_pixels
from glow import GlowConfig, TrainingRecord, load_checkpoint, save_checkpoint
from glow.distributed import World
from storage.assets import FACES_64, FACES_128
from tests.conftest import ROOT
from tests.train.conftest import Run
from train.__main__ import main
from train.evaluation.bits_per_dim import bits_per_dim
from train.fit import TrainingDivergedError, fit
from train.metric_logger import TEMPERATURES
from train.settings.config import FitConfig, OptimiserKind
from train.settings.presets import PRESETS
from train.settings.run_options import RunOptions
from train.step.learning_rate_schedule import learning_rate_factor

CPU = torch.device("cpu")


def test_a_run_learns_and_its_checkpoint_scores_what_it_says(
    run: Run, celebahq_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--steps", "60", "--look-every", "30") == 0
    scores = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    validation = [line["validation"] for line in scores if "validation" in line]
    assert len(validation) == 2
    assert validation[1] < validation[0] < 5
    assert (tmp_path / "samples" / "step-0000060.png").exists()
    record = load_checkpoint(tmp_path / "model.safetensors").record
    assert (record.step, record.images_seen) == (60, 60 * 16)
    capsys.readouterr()
    checkpoint = str(tmp_path / "model.safetensors")
    cache = str(tmp_path / "cache")
    words = ["eval", "--data", str(celebahq_folder), "--cache", cache, "--checkpoint", checkpoint]
    assert main([*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    learned, uniform = result.pop("bits_per_dim"), result.pop("bits_per_dim_uniform")
    assert learned == pytest.approx(validation[1], abs=1e-3)
    assert learned < uniform
    assert result == {"images": 32, "image_size": 16, "n_bits": 5}


def test_every_memory_mode_trains_the_same_model(run: Run, tmp_path: Path) -> None:
    weights = []
    for memory in ("store", "checkpoint", "reversible"):
        options = ("--steps", "5", "--precision", "float32", "--variant", "nice-like", "--memory", memory)
        assert run(tmp_path / memory, *options) == 0
        model = load_checkpoint(tmp_path / memory / "model.safetensors").model
        assert (model.config.coupling, model.config.permutation) == ("additive", "reverse")
        weights.append(torch.nn.utils.parameters_to_vector(model.parameters()))
    for others in weights[1:]:
        torch.testing.assert_close(others, weights[0], atol=1e-5, rtol=1e-3)  # the file has three digits


def test_a_changed_recipe_is_refused_and_a_longer_run_is_not(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--steps", "4") == 0
    assert run(tmp_path, "--steps", "4", "--batch", "8") == 1
    assert "other settings (batch 16 there, 8 here)" in capsys.readouterr().err
    assert run(tmp_path, "--steps", "6", "--limit", "64") == 1
    assert "a run on 96 pictures, 64 are given here" in capsys.readouterr().err
    assert run(tmp_path, "--steps", "6") == 0
    assert load_checkpoint(tmp_path / "model.safetensors").record.step == 6


@pytest.mark.parametrize("optimiser", ["adam", "adamax", "muon"])
def test_steps_without_a_finite_gradient_are_skipped_and_many_of_them_end_the_run(
    tmp_path: Path, optimiser: OptimiserKind
) -> None:
    model = GlowConfig(image_size=4, levels=1, flow_steps=1, widths=(4,))
    config = FitConfig(model=model, steps=100, batch=2, learning_rate=1e30, warmup=0, optimiser=optimiser)
    pixels = torch.randint(0, 256, (8, 3, 4, 4), dtype=torch.uint8)
    pixels.numpy().tofile(tmp_path / "pictures.u8")
    with pytest.raises(TrainingDivergedError, match="lower --learning-rate"):
        fit(config, CachedPictures(tmp_path / "pictures.u8", 4), pixels, tmp_path / "run", world=World(CPU))


@pytest.mark.parametrize("steps", [3, 100])
def test_a_run_that_diverges_writes_no_model(tmp_path: Path, steps: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither at a look before its end nor at the end: what is there stays the last one with finite numbers."""
    model = GlowConfig(image_size=4, levels=1, flow_steps=1, widths=(4,))
    config = FitConfig(model=model, steps=steps, batch=2, learning_rate=1e30, warmup=0, ema=0.0)
    pixels = torch.randint(0, 256, (8, 3, 4, 4), dtype=torch.uint8)
    pixels.numpy().tofile(tmp_path / "pictures.u8")
    pictures, options = CachedPictures(tmp_path / "pictures.u8", 4), RunOptions(eval_every=1, log_every=25)
    with pytest.raises(TrainingDivergedError, match="lower --learning-rate"):
        fit(config, pictures, pixels, tmp_path / "run", world=World(CPU), options=options)
    assert "it is not written" in capsys.readouterr().err
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_wrong_input_is_answered_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 1
    assert "no pictures" in capsys.readouterr().err
    assert main(["eval", "--data", str(tmp_path), "--checkpoint", "nowhere.safetensors"]) == 1
    assert "there is no file nowhere.safetensors" in capsys.readouterr().err
    assert main(["sample", "--temperatures", "0.7,-1"]) == 2
    assert "at least 0" in capsys.readouterr().err


def test_a_run_that_gets_no_better_stops_early_and_keeps_its_best_model(run: Run, tmp_path: Path) -> None:
    # A rate that soon spoils what the first steps have learned.
    spoilt = ("--learning-rate", "0.05", "--warmup", "20", "--ema", "0", "--decay-share", "0", "--precision", "float32")
    options = (*spoilt, "--steps", "100", "--look-every", "2", "--patience", "3")
    assert run(tmp_path, *options) == 0
    log = (tmp_path / "log.jsonl").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    scores = {line["step"]: line["validation"] for line in lines if "validation" in line}
    best = min(scores, key=scores.__getitem__)
    assert max(scores) == best + 6 < 100
    record = load_checkpoint(tmp_path / "model.safetensors").record
    assert (record.step, record.metrics["bits_per_dim"]) == (best, scores[best])
    assert run(tmp_path, *options) == 0
    assert (tmp_path / "log.jsonl").read_text() == log, "it went on"


def test_pictures_may_be_streamed_and_steps_computed_in_parts(run: Run, tmp_path: Path) -> None:
    """The ways to less memory train the same model."""
    weights = []
    ways = ((), ("--pictures", "streamed", "--workers", "1"), ("--accumulation", "3"))
    for place, way in enumerate(ways):
        assert run(tmp_path / str(place), "--steps", "5", "--precision", "float32", *way) == 0
        model = load_checkpoint(tmp_path / str(place) / "model.safetensors").model
        weights.append(torch.nn.utils.parameters_to_vector(model.parameters()))
    assert torch.equal(weights[1], weights[0])
    torch.testing.assert_close(weights[2], weights[0], atol=1e-5, rtol=1e-3)  # the file has three digits


def test_curves_and_samples_are_in_tensorboard(run: Run, tmp_path: Path) -> None:
    assert run(tmp_path, "--steps", "4", "--log-every", "2") == 0
    board = EventAccumulator(str(tmp_path / "tensorboard"), size_guidance={"images": 0}).Reload()
    tags = board.Tags()
    assert set(tags["scalars"]) == {
        "train",
        "validation",
        "gradient",
        "learning_rate",
        "images_per_second",
        "waiting_for_data",
    }
    assert [event.step for event in board.Scalars("train")] == [2, 4]
    assert all(0 <= event.value <= 1 for event in board.Scalars("waiting_for_data"))
    assert set(tags["images"]) == {f"samples/temperature {temperature}" for temperature in TEMPERATURES}


def test_samples_are_drawn_at_each_temperature_from_the_same_noise(tmp_path: Path) -> None:
    words = ["sample", "-o", str(tmp_path / "grid.png"), "--columns", "3", "--device", "cpu", "--temperatures", "0,0.7"]
    assert main(words) == 0
    with Image.open(tmp_path / "grid.png") as image:
        grid = np.asarray(image)
    assert grid.shape == (2 * 129 + 1, 3 * 129 + 1, 3)
    cold = [grid[1:129, 1 + 129 * i : 129 + 129 * i] for i in range(3)]
    warm = [grid[130:258, 1 + 129 * i : 129 + 129 * i] for i in range(3)]
    assert (cold[0] == cold[1]).all()
    assert (warm[0] != warm[1]).any()


def test_the_learning_rate_rises_stays_and_falls() -> None:
    config = FitConfig(steps=100, warmup=10, decay_share=0.2)
    rates = [learning_rate_factor(config, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:80] == [1.0] * 71
    assert rates[99] == pytest.approx(0.05)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_say_how_to_run_them(name: str) -> None:
    assert f"--preset {name}" in (PRESETS[name].__doc__ or "")
    for about in ("Hardware:", "Time:", "Bits/dim:"):
        assert about in (PRESETS[name].__doc__ or "")
    assert PRESETS[name]().steps > 0


@pytest.mark.parametrize("path", [FACES_64, FACES_128], ids=lambda path: path.stem)
def test_the_committed_models_score_what_their_records_and_card_say(path: Path, celebahq_folder: Path) -> None:
    """On 32 of the 1,000 validation pictures, so near the recorded mean but not equal to it."""
    checkpoint = load_checkpoint(path)
    pixels = load_pixels(FaceSet.open(celebahq_folder, "val"), checkpoint.model.config.image_size)
    recorded = checkpoint.record.metrics["bits_per_dim"]
    assert bits_per_dim(checkpoint.model, pixels) == pytest.approx(recorded, abs=0.15)
    card = (ROOT / "assets" / "MODEL_CARD.md").read_text()
    assert f"{recorded:.3f}" in card
    assert f"{checkpoint.record.images_seen:,}" in card


def test_a_run_starts_from_another_models_weights(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "first", "--steps", "60") == 0
    first = tmp_path / "first" / "model.safetensors"
    warm = ("--warm-start", str(first), "--learning-rate", "1e-5", "--steps", "2")
    assert run(tmp_path / "second", *warm) == 0
    records = [load_checkpoint(tmp_path / name / "model.safetensors").record for name in ("first", "second")]
    assert records[1].metrics["bits_per_dim"] == pytest.approx(records[0].metrics["bits_per_dim"], abs=0.01)
    assert records[1].images_seen == 62 * 16
    capsys.readouterr()
    assert run(tmp_path / "second", "--learning-rate", "1e-5", "--steps", "2") == 1
    assert "warm_start" in capsys.readouterr().err
    assert run(tmp_path / "third", *warm, "--flow-steps", "3") == 1
    assert "--flow-steps 2 there, 3 here" in capsys.readouterr().err


@pytest.mark.parametrize("half", [True, False])
def test_a_dequantiser_is_trained_for_a_flow_that_stays_as_it_is(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], celebahq_folder: Path, half: bool
) -> None:
    """Of 1 bit, whose wide bins leave it much to do also for a flow that has hardly learnt."""
    first, second = (tmp_path / name / "model.safetensors" for name in ("first", "second"))
    assert run(first.parent, "--n-bits", "1", "--steps", "60", "--dequantiser-width", "0") == 0
    if not half:
        model = load_checkpoint(first).model
        with torch.no_grad():
            model.levels[0][0].coupling.net.first.weight.mul_(1.0001)  # type: ignore[index, union-attr]
        save_checkpoint(first, model, TrainingRecord(images_seen=960))
    own = ("--n-bits", "1", "--learning-rate", "0.01", "--memory", "reversible", "--save-every", "50")
    own = (*own, "--warm-start", str(first), "--freeze-flow")
    assert run(second.parent, *own, "--steps", "100") == 0
    assert run(second.parent, *own, "--steps", "110") == 0
    one, other = load_checkpoint(first), load_checkpoint(second)
    assert one.hash == other.hash
    assert one.record.images_seen == other.record.images_seen
    pixels = load_pixels(FaceSet.open(celebahq_folder, "val"), 16)
    before = bits_per_dim(one.model, pixels)
    assert bits_per_dim(other.model, pixels, dequantiser=False) == pytest.approx(before, abs=1e-9)
    assert bits_per_dim(other.model, pixels) < before - 0.01
    capsys.readouterr()
    assert run(second.parent, *own[:-1], "--steps", "120") == 1
    assert "freeze_flow True there, False here" in capsys.readouterr().err
    assert run(tmp_path / "third", "--freeze-flow") == 1
    assert "give one with --warm-start" in capsys.readouterr().err
    assert run(tmp_path / "third", *own, "--dequantiser-width", "0") == 1
    assert "give --dequantiser-width" in capsys.readouterr().err


@pytest.mark.parametrize("width", ["0", "4"])
def test_a_run_may_start_from_a_flow_with_another_dequantiser_or_without_one(
    run: Run, tmp_path: Path, width: str
) -> None:
    assert run(tmp_path / "first", "--steps", "20") == 0
    first = tmp_path / "first" / "model.safetensors"
    options = ("--warm-start", str(first), "--dequantiser-width", width, "--learning-rate", "1e-6", "--steps", "1")
    assert run(tmp_path / "second", *options) == 0
    one, other = (load_checkpoint(tmp_path / name / "model.safetensors").model for name in ("first", "second"))
    x = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    away = one.encode(x).flatten() - other.encode(x).flatten()
    assert float(away.abs().mean()) < 0.01  # one small step, and kernels rounded to three digits
    assert other.config.dequantiser_width == int(width)


def test_a_run_grows_a_model_of_half_the_size(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], celebahq_folder: Path
) -> None:
    assert run(tmp_path / "first", "--steps", "100") == 0
    first = tmp_path / "first" / "model.safetensors"
    options = ("--image-size", "32", "--levels", "3", "--widths", "16", "16", "16", "--dequantiser-width", "0")
    warm = (*options, "--warm-start", str(first), "--learning-rate", "1e-6")
    assert run(tmp_path / "second", *warm, "--steps", "1") == 0
    one, other = (load_checkpoint(tmp_path / name / "model.safetensors") for name in ("first", "second"))
    x = torch.from_numpy(load_pixels(FaceSet.open(celebahq_folder, "val"), 32).numpy()).float() / 255
    small, large = one.model.encode(torch.nn.functional.avg_pool2d(x, 2)), other.model.encode(x)
    away = large.scales[1].chunk(2, 1)[0] - small.scales[0]
    assert float(away.abs().mean()) < 0.05  # one small step, and kernels rounded to three digits
    assert other.record.images_seen == 101 * 16
    capsys.readouterr()
    assert run(tmp_path / "third", *warm, "--flow-steps", "3") == 1
    assert "cannot grow to this one (--flow-steps 2 there, 3 here)" in capsys.readouterr().err
    assert run(tmp_path / "third", *warm, "--variant", "realnvp-like") == 1
    assert "--variant 1x1-lu there, reverse here" in capsys.readouterr().err
    assert run(tmp_path / "third", *warm, "--dequantiser-width", "8", "--freeze-flow") == 1
    assert "of the same shape" in capsys.readouterr().err


def test_a_grown_run_that_was_stopped_goes_on_as_if_it_had_not_been(run: Run, tmp_path: Path) -> None:
    assert run(tmp_path / "first", "--steps", "2") == 0
    first = tmp_path / "first" / "model.safetensors"
    warm = ("--image-size", "32", "--levels", "3", "--widths", "16", "16", "16", "--warm-start", str(first))
    assert run(tmp_path / "whole", *warm, "--steps", "2") == 0
    assert run(tmp_path / "stopped", *warm, "--steps", "1") == 0
    assert run(tmp_path / "stopped", *warm, "--steps", "2") == 0
    whole, stopped = (
        load_checkpoint(tmp_path / name / "model.safetensors").model.state_dict() for name in ("whole", "stopped")
    )
    for name, tensor in whole.items():
        assert torch.equal(tensor, stopped[name]), name
