"""Telling the person from the background: on the astronaut, whose outline is plain to see, and in training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from attributes import DatasetError, FaceSet
from faces import Alignment, crop_float
from faces.compositing.matte import MatteNet, load_matte, matte, save_matte
from glow import CheckpointError
from train.__main__ import main
from train.matte import Taught, overlap, train_matte

Array = np.ndarray[Any, Any]


@pytest.mark.parametrize("size", [64, 128, 300])
def test_the_astronaut_is_told_from_what_is_behind(astronaut: Array, square: Alignment, size: int) -> None:
    picture = torch.from_numpy(crop_float(astronaut, square, size)).permute(2, 0, 1)[None]
    found = matte(picture.float())[0, 0]
    assert found.shape == (size, size)
    assert 0 <= found.min() <= found.max() <= 1
    middle = slice(round(0.35 * size), round(0.75 * size))
    assert found[middle, middle].mean() > 0.97  # the face
    assert found[: size // 6, -size // 6 :].mean() < 0.2  # the corner beside her hair


def test_what_was_saved_is_loaded_and_what_is_broken_is_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = MatteNet().eval()
    save_matte(tmp_path / "matte.safetensors", net, {"iou": 0.5})
    back = load_matte(tmp_path / "matte.safetensors")
    x = torch.rand(2, 3, 128, 128)
    torch.testing.assert_close(back(x), net(x), rtol=0.02, atol=0.02)
    (tmp_path / "broken.safetensors").write_bytes((tmp_path / "matte.safetensors").read_bytes()[:2000])
    with pytest.raises(CheckpointError):
        load_matte(tmp_path / "broken.safetensors")


@pytest.mark.slow
def test_it_learns_what_a_teacher_shows(celebahq_folder: Path, tmp_path: Path) -> None:
    """Here that the person is what is bright: by command, with the figures of the held-out faces in the file."""
    faces = FaceSet.open(celebahq_folder)
    pixels = np.stack([faces.read(index, 128) for index in range(len(faces))])
    masks = np.where(pixels.mean(1) > 128, 255, 0).astype(np.uint8)
    taught = tmp_path / "masks.npz"
    np.savez_compressed(taught, names=np.array([path.stem for path in faces.paths]), masks=masks)
    out = tmp_path / "matte.safetensors"
    command = ["matte", "--data", str(celebahq_folder), "--masks", str(taught), "-o", str(out), "--epochs", "16"]
    assert main(command) == 0
    found = overlap(load_matte(out), pixels[:16], masks[:16])
    blind = overlap(MatteNet().eval(), pixels[:16], masks[:16])
    assert found["iou"] > 0.65 > blind["iou"]
    assert found["difference"] < 0.3 < blind["difference"]


def test_masks_that_are_none_are_refused(tmp_path: Path, celebahq_folder: Path) -> None:
    path = tmp_path / "masks.npz"
    with pytest.raises(DatasetError, match="holds no masks"):
        Taught(path)
    np.savez(path, names=np.array(["1"]), masks=np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(DatasetError, match="of the shape"):
        Taught(path)
    np.savez(path, names=np.array(["x"]), masks=np.zeros((1, 128, 128), np.uint8))
    with pytest.raises(DatasetError, match="none of these pictures"):
        Taught(path).pairs(FaceSet.open(celebahq_folder))
    nothing = np.zeros((4, 3, 128, 128), np.uint8)
    assert not train_matte(nothing, nothing[:, 0], epochs=1).training  # fewer than a batch
