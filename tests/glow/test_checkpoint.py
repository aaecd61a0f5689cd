"""Checkpoints come back whole, and broken ones are refused with words."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from glow import Checkpoint, CheckpointError, Glow, GlowConfig, TrainingRecord, load_checkpoint, save_checkpoint
from glow.checkpoint import InaccurateInverseWarning
from glow.exactness import LOSSLESS, round_trip_error
from storage.tensors import read_safetensors, write_safetensors

TINY = GlowConfig(image_size=4, levels=1, flow_steps=1, widths=(8,))


def test_a_model_comes_back_with_its_record(tmp_path: Path) -> None:
    model = Glow(TINY)
    record = TrainingRecord(step=7, images_seen=70, data="some faces", metrics={"bits_per_dim": 1.5})
    save_checkpoint(tmp_path / "m.safetensors", model, record)
    loaded = load_checkpoint(tmp_path / "m.safetensors")
    x = torch.rand(2, 3, 4, 4)
    loaded.model.set_precision()
    assert torch.equal(loaded.model.log_prob(x), model.log_prob(x))
    assert loaded.model.config == TINY
    assert loaded.record == record


def test_half_the_file_is_as_exact_and_gives_nearly_the_same_likelihood(
    checkpoint: Checkpoint, tmp_path: Path, validation_faces: torch.Tensor
) -> None:
    model, faces = checkpoint.model, validation_faces[:8] / 255
    for name in ("whole", "half"):
        save_checkpoint(tmp_path / name, model, TrainingRecord(), half=name == "half")
    whole, half = (load_checkpoint(tmp_path / name).model for name in ("whole", "half"))
    assert (tmp_path / "half").stat().st_size < 0.52 * (tmp_path / "whole").stat().st_size
    assert float((half.decode(half.encode(faces)) - faces).abs().max()) < LOSSLESS
    torch.testing.assert_close(half.bits_per_dim(faces), whole.bits_per_dim(faces), atol=2e-3, rtol=0)


def test_the_hash_follows_the_weights_and_not_the_record(tmp_path: Path) -> None:
    model = Glow(TINY)
    hashes = []
    for step in (1, 2):
        save_checkpoint(tmp_path / "m.safetensors", model, TrainingRecord(step=step))
        hashes.append(load_checkpoint(tmp_path / "m.safetensors").hash)
    assert hashes[0] == hashes[1]
    with torch.no_grad():
        model.top.mean.add_(1)
    save_checkpoint(tmp_path / "m.safetensors", model, TrainingRecord(step=1))
    assert load_checkpoint(tmp_path / "m.safetensors").hash != hashes[0]


def test_a_dequantiser_leaves_the_hash_for_it_encodes_nothing(tmp_path: Path) -> None:
    plain, learned = Glow(TINY), Glow(replace(TINY, dequantiser_width=4))
    learned.load_state_dict(plain.state_dict(), strict=False)
    for name, model in (("plain", plain), ("learned", learned)):
        save_checkpoint(tmp_path / name, model, TrainingRecord())
    assert load_checkpoint(tmp_path / "plain").hash == load_checkpoint(tmp_path / "learned").hash


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(CheckpointError, match="there is no file"):
        load_checkpoint(path)
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match="broken or not a safetensors file"):
        load_checkpoint(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="'model' is needed"):
        load_checkpoint(path)


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_checkpoint(path, Glow(TINY), TrainingRecord())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="broken"):
        load_checkpoint(path)


@contextmanager
def files_of_at_most(count: int) -> Iterator[None]:
    """As on a disk with so many bytes left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_checkpoint(path, Glow(TINY), TrainingRecord(step=1))
    with pytest.raises(CheckpointError, match="File too large"), files_of_at_most(path.stat().st_size // 2):
        save_checkpoint(path, Glow(TINY), TrainingRecord(step=2))
    assert load_checkpoint(path).record.step == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_model_whose_inverse_lost_accuracy_says_so(tmp_path: Path) -> None:
    model = Glow(TINY)
    with torch.no_grad():
        next(p for name, p in model.named_parameters() if name.endswith("log_s"))[0] = -15
    save_checkpoint(tmp_path / "m.safetensors", model, TrainingRecord())
    with pytest.warns(InaccurateInverseWarning, match="condition number"):
        load_checkpoint(tmp_path / "m.safetensors")


def deep(weight: float) -> Glow:
    """A model whose couplings magnify differences, so that rounding errors grow on the way through its 16 steps."""
    torch.manual_seed(0)
    model = Glow(GlowConfig(image_size=16, levels=1, flow_steps=16, widths=(64,), coupling="additive"))
    model.initialise(torch.rand(8, 3, 16, 16))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("net.last.weight"):
                parameter.copy_(weight * torch.randn_like(parameter))
    return model.requires_grad_(False)


def error_of_float32_nets(model: Glow) -> float:
    model.set_precision(nets=torch.float32, flow=torch.float64)
    return round_trip_error(model)


def test_nets_that_would_lose_digits_are_computed_in_the_flows_dtype(tmp_path: Path) -> None:
    # By how much errors grow depends on each rounding, which CPUs do differently: the mildest model that is too much.
    weights = (0.15 + 0.01 * step for step in range(10))
    model = next(model for model in map(deep, weights) if error_of_float32_nets(model) > LOSSLESS)
    save_checkpoint(tmp_path / "m.safetensors", model, TrainingRecord())
    assert round_trip_error(load_checkpoint(tmp_path / "m.safetensors").model) < LOSSLESS


def test_a_model_that_gives_no_picture_back_says_so(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "m.safetensors", deep(1.0), TrainingRecord())
    with pytest.warns(InaccurateInverseWarning, match="pictures come back with errors"):
        load_checkpoint(tmp_path / "m.safetensors")


def changed(path: Path, config: GlowConfig = TINY, header: dict[str, Any] | None = None, **tensors: Any) -> Path:
    """The file of a model with another header, and tensors for which functions of the old ones are given: of those
    whose names end so."""
    save_checkpoint(path, Glow(config), TrainingRecord())
    old, said = read_safetensors(path, "model")
    new = {name: next((f(t) for end, f in tensors.items() if name.endswith(end)), t) for name, t in old.items()}
    write_safetensors(path, {name: tensor for name, tensor in new.items() if tensor is not None}, said | (header or {}))
    return path


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("levels", 2**63, "levels is 9223372036854775808; it must be a whole number from 1 to"),
        ("steps", 10**400, "steps is 1000"),
        ("steps", 100, "1 levels of 100 steps are more than its"),
        ("image_size", 2**30, "image_size is 1073741824"),
        ("image_size", "4", "image_size is '4'"),
        ("image_size", True, "image_size is True"),
        ("widths", [10**6], "a width is 1000000"),
        ("widths", 8, "widths 8 must be 1 positive numbers"),
        ("widths", [16], r"is F32 of shape \(8, .*, where F32 or F16 of \(16,"),
        ("scale_bound", float("nan"), "scale_bound is nan"),
        ("input_bound", float("inf"), "input_bound is inf"),
        ("coupling", ["affine"], r"coupling is \['affine'\]; choose one of affine, additive"),
        ("coordinates", 1, "coordinates is 1; it must be true or false"),
        ("colour", 1, "unknown fields"),
    ],
)
def test_a_config_that_no_model_can_have_is_refused(tmp_path: Path, field: str, value: Any, message: str) -> None:
    path = changed(tmp_path / "m.safetensors", header={"config": TINY.to_dict() | {field: value}})
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path)


@pytest.mark.parametrize("record", [None, [], {"step": -1}, {"step": "7"}, {"metrics": {"a": "b"}}, {"who": 1}])
def test_a_record_that_no_training_writes_is_refused(tmp_path: Path, record: Any) -> None:
    with pytest.raises(CheckpointError, match="does not fit this Glowface"):
        load_checkpoint(changed(tmp_path / "m.safetensors", header={"record": record}))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1e30])
def test_weights_that_are_no_numbers_are_named(tmp_path: Path, number: float) -> None:
    path = changed(tmp_path / "m.safetensors", **{"net.last.bias": lambda bias: torch.full_like(bias, number)})
    with pytest.raises(
        CheckpointError, match=r"is spoilt: levels\.0\.0\.coupling\.net\.last\.bias holds NaN, infinity"
    ):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("permutation", "end", "change", "message"),
    [
        ("1x1-lu", "conv.permutation", lambda p: p + 1, "by which channels cannot be put back"),
        ("1x1-lu", "conv.permutation", torch.zeros_like, "by which channels cannot be put back"),
        ("1x1-lu", "conv.sign", torch.zeros_like, "by which channels cannot be put back"),
        ("1x1-lu", "conv.log_s", lambda s: s - 200, "and so no inverse"),
        ("1x1-lu", "conv.log_s", lambda s: s + 200, "and so no inverse"),
        ("1x1-full", "conv.matrix", torch.zeros_like, "and so no inverse"),
        ("shuffle", "conv.order", lambda order: -order, "by which channels cannot be put back"),
    ],
)
def test_mixings_without_an_inverse_are_refused(
    tmp_path: Path, permutation: Any, end: str, change: Any, message: str
) -> None:
    path = changed(tmp_path / "m.safetensors", replace(TINY, permutation=permutation), **{end: change})
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: None, "top.mean is missing"),
        (lambda mean: mean.double(), "top.mean is F64 of shape"),
        (lambda mean: mean.to(torch.float8_e5m2), "top.mean is F8_E5M2"),
        (lambda mean: mean.bool(), "top.mean is BOOL"),
        (lambda mean: mean.to(torch.complex64), "top.mean is C64"),
        (lambda mean: mean[:0], r"top.mean is F32 of shape \(0, 1, 1\)"),
        (lambda mean: mean.flatten(), r"top.mean is F32 of shape \(12,\), where F32 or F16 of \(12, 1, 1\)"),
    ],
)
def test_tensors_that_do_not_fit_the_config_are_named(tmp_path: Path, change: Any, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(changed(tmp_path / "m.safetensors", **{"top.mean": change}))
