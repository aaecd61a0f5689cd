"""Dequantisation, layouts of picture folders, and which pictures a step sees."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from attributes import LABEL_NAMES, DatasetError, FaceSet
from train.data import Batches, load_pixels
from train.dequantise import dequantise


@pytest.mark.parametrize("n_bits", [1, 5, 8])
def test_dequantised_values_stay_in_their_bin_and_fill_it(n_bits: int) -> None:
    pixels = torch.arange(256, dtype=torch.uint8).repeat(200).view(1, 1, 200, 256)
    x = dequantise(pixels, n_bits, torch.Generator().manual_seed(0))
    bins = pixels // 2 ** (8 - n_bits)
    assert torch.equal((x * 2**n_bits).floor().byte(), bins)
    place = x * 2**n_bits - bins
    assert place.min() < 0.02
    assert place.max() > 0.98


@pytest.mark.parametrize("n_bits", range(1, 9))
def test_an_8_bit_value_lies_in_its_own_n_bit_bin(n_bits: int) -> None:
    """So the editor may encode a photo as it is, where the paper's demo first threw bits away."""
    values = torch.arange(256, dtype=torch.float64)
    bins = (values / 2 ** (8 - n_bits)).floor()
    x = values / 255 * 2**n_bits
    assert ((x >= bins) & (x <= bins + 1)).all()


def picture(path: Path, value: int, size: tuple[int, int] = (8, 8)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, value, value)).save(path)


def annotations(path: Path, names: list[str], positive: int) -> None:
    rows = [f"{name} {' '.join('1' if i == positive else '-1' for i in range(40))}" for name in names]
    path.write_text("\n".join([str(len(names)), " ".join(LABEL_NAMES), *rows]) + "\n")


def test_celebahq_layout_meets_pictures_and_labels_by_number(tmp_path: Path) -> None:
    for number in (0, 2, 10):
        picture(tmp_path / "CelebA-HQ-img" / f"{number}.png", number * 10)
    annotations(tmp_path / "CelebAMask-HQ-attribute-anno.txt", [f"{i}.jpg" for i in range(11)], positive=31)
    (tmp_path / "list_eval_partition.txt").write_text("0.jpg 0\n2.jpg 1\n10.jpg 0\n")
    train, val = FaceSet.open(tmp_path, "train"), FaceSet.open(tmp_path, "val")
    assert [path.stem for path in train.paths] == ["0", "10"]
    assert [path.stem for path in val.paths] == ["2"]
    assert train.labels is not None
    assert [LABEL_NAMES[i] for i in np.flatnonzero(train.labels[0])] == ["Smiling"]
    assert load_pixels(train, 4)[:, 0, 0, 0].tolist() == [0, 100]


def test_torchvision_celeba_layout(tmp_path: Path) -> None:
    names = [f"{i:06d}.jpg" for i in range(1, 5)]
    for name in names:
        picture(tmp_path / "celeba" / "img_align_celeba" / name, 50, (178, 218))
    annotations(tmp_path / "celeba" / "list_attr_celeba.txt", names, positive=20)
    parts = "\n".join(f"{name} {part}" for name, part in zip(names, (0, 0, 1, 2), strict=True))
    (tmp_path / "celeba" / "list_eval_partition.txt").write_text(parts)
    assert len(FaceSet.open(tmp_path, "train")) == 2
    assert len(FaceSet.open(tmp_path, "val")) == 1
    assert FaceSet.open(tmp_path, "train").crop == 148


def test_any_folder_of_pictures(tmp_path: Path) -> None:
    for i in range(40):
        picture(tmp_path / f"person {i % 3}" / f"{i}.png", i)
    train, val = FaceSet.open(tmp_path, "train"), FaceSet.open(tmp_path, "val")
    assert (len(train), len(val)) == (38, 2)
    assert not set(train.paths) & set(val.paths)
    assert train.labels is None


def test_what_is_no_data_set_is_refused_with_words(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no pictures"):
        FaceSet.open(tmp_path)
    picture(tmp_path / "CelebA-HQ-img" / "0.png", 0)
    with pytest.raises(DatasetError, match=r"no CelebAMask-HQ-attribute-anno\.txt"):
        FaceSet.open(tmp_path)
    (tmp_path / "CelebAMask-HQ-attribute-anno.txt").write_text("1\nSmiling Young\n0.jpg 1 1\n")
    with pytest.raises(DatasetError, match="must name CelebA's 40 labels; it has 2"):
        FaceSet.open(tmp_path)


def test_every_epoch_sees_every_picture_once_in_another_order() -> None:
    batches = Batches(torch.zeros(10, 3, 2, 2, dtype=torch.uint8), batch=4, n_bits=5, seed=0)
    seen = [index for step in range(5) for index in batches.indices(step)]
    assert Counter(seen[:10]) == Counter(seen[10:]) == Counter(range(10))
    assert seen[:10] != seen[10:]


def test_a_step_is_the_same_whenever_it_is_made() -> None:
    pixels = torch.randint(0, 256, (10, 3, 2, 2), dtype=torch.uint8)
    batches = Batches(pixels, batch=4, n_bits=5, seed=0)
    first = [batches(step) for step in range(6)]
    again = Batches(pixels, batch=4, n_bits=5, seed=0)
    assert torch.equal(again(5), first[5])
    assert torch.equal(again(2), first[2])
    assert not torch.equal(first[2], first[3])


def test_half_of_the_pictures_are_mirrored() -> None:
    pixels = torch.zeros(1, 3, 1, 2, dtype=torch.uint8)
    pixels[..., 1] = 255
    batches = Batches(pixels, batch=1, n_bits=5, seed=0)
    mirrored = sum(bool(batches(step)[0, 0, 0, 0] > 0.5) for step in range(200))
    assert 70 < mirrored < 130
