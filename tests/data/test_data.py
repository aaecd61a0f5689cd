"""Dequantisation, layouts of picture folders, and which pictures a step sees."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from attributes import LABEL_NAMES, DatasetError, FaceSet
from data.cache import CachedPictures, cache_pictures
from data.dequantise import dequantise
from data.loader import Batches, BatchLoader, load_pixels
from tests.conftest import ROOT


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


def test_subfolders_named_after_the_splits_are_the_splits(tmp_path: Path) -> None:
    for name, count in (("train_32x32", 5), ("valid_32x32", 2)):
        for i in range(count):
            picture(tmp_path / name / f"{i}.png", i)
    counts = [len(FaceSet.open(tmp_path, split)) for split in ("train", "val", "all")]
    assert counts == [5, 2, 7]


def test_what_is_no_data_set_is_refused_with_words(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no pictures"):
        FaceSet.open(tmp_path)
    picture(tmp_path / "CelebA-HQ-img" / "0.png", 0)
    with pytest.raises(DatasetError, match=r"no CelebAMask-HQ-attribute-anno\.txt"):
        FaceSet.open(tmp_path)
    (tmp_path / "CelebAMask-HQ-attribute-anno.txt").write_text("1\nSmiling Young\n0.jpg 1 1\n")
    with pytest.raises(DatasetError, match="must name CelebA's 40 labels; it has 2"):
        FaceSet.open(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("CelebAMask-HQ-attribute-anno.txt", "", "must name CelebA's 40 labels; it has 0 names"),
        ("CelebAMask-HQ-attribute-anno.txt", "1\n" + "a " * 10**6, "must name CelebA's 40 labels; it has 41 names"),
        (
            "CelebAMask-HQ-attribute-anno.txt",
            f"1\n{' '.join(LABEL_NAMES)}\n\n",
            "line 3 of .* must be a file name and 40",
        ),
        ("CelebAMask-HQ-attribute-anno.txt", f"1\n{' '.join(LABEL_NAMES)}\n0.jpg{' 2' * 40}", "line 3 of .* must be"),
        (
            "CelebAMask-HQ-attribute-anno.txt",
            f"1\n{' '.join(LABEL_NAMES)}\nx.jpg{' 1' * 40}",
            "'x.jpg' in .* does not begin",
        ),
        ("CelebAMask-HQ-attribute-anno.txt", f"1\n{' '.join(LABEL_NAMES)}\n{'9' * 5000}{' 1' * 40}", "does not begin"),
        ("CelebAMask-HQ-attribute-anno.txt", "\ud800", "no UTF-8"),
        ("list_eval_partition.txt", "0.jpg 3", "line 1 of .* must be a file name and a part: 0, 1 or 2"),
        ("list_eval_partition.txt", "0.jpg 1\n2.jpg", "line 2 of .* must be a file name and a part"),
        ("list_eval_partition.txt", "0.jpg 1 1", "line 1 of .* must be a file name and a part"),
    ],
)
def test_a_broken_file_of_labels_is_refused_with_its_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    picture(tmp_path / "CelebA-HQ-img" / "0.png", 0)
    annotations(tmp_path / "CelebAMask-HQ-attribute-anno.txt", ["0.jpg"], positive=31)
    (tmp_path / name).write_text(text, errors="surrogatepass")
    with pytest.raises(DatasetError, match=message):
        FaceSet.open(tmp_path)


def test_what_is_no_picture_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe is not waited for, and a file of PostScript is not run, whatever its name ends in."""
    for i in range(3):
        picture(tmp_path / f"{i}.png", i)
    os.mkfifo(tmp_path / "3.png")
    (tmp_path / "4.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "5.png").mkdir()
    (tmp_path / "6.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n")
    assert load_pixels(FaceSet.open(tmp_path), 8)[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert "3 of 6 pictures cannot be read" in capsys.readouterr().err
    assert FaceSet.open(tmp_path).identity


def in_memory(folder: Path, pixels: np.ndarray) -> CachedPictures:
    """Pictures ``(N, 3, side, side)`` as a set."""
    pixels.tofile(folder / "pictures.u8")
    return CachedPictures(folder / "pictures.u8", pixels.shape[-1])


def test_every_epoch_sees_every_picture_once_in_another_order(tmp_path: Path) -> None:
    pictures = in_memory(tmp_path, np.zeros((10, 3, 2, 2), dtype=np.uint8))
    batches = Batches(pictures, 2, batch=4, n_bits=5, seed=0)
    seen = [batches.picture(position) for step in range(5) for position in batches.places(step)]
    assert Counter(seen[:10]) == Counter(seen[10:]) == Counter(range(10))
    assert seen[:10] != seen[10:]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_step_is_the_same_whenever_and_by_whomever_it_is_made(tmp_path: Path, workers: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (10, 3, 2, 2), dtype=np.uint8)
    batches = Batches(in_memory(tmp_path, pixels), 2, batch=4, n_bits=5, seed=0)
    first = [batches(step) for step in range(6)]
    again = list(BatchLoader(Batches(batches.pictures, 2, batch=4, n_bits=5, seed=0), 2, 6, workers=workers))
    assert len(again) == 4
    for (ours,), theirs in zip(again, first[2:], strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(first[2], first[3])


def test_half_of_the_pictures_are_mirrored_unless_none_shall_be(tmp_path: Path) -> None:
    pixels = np.zeros((1, 3, 2, 2), dtype=np.uint8)
    pixels[..., 1] = 255
    pictures = in_memory(tmp_path, pixels)
    for mirror, fewest, most in ((True, 70, 130), (False, 0, 0)):
        batches = Batches(pictures, 2, batch=1, n_bits=5, seed=0, mirror=mirror)
        mirrored = sum(bool(batches(step)[0, 0, 0, 0] > 0.5) for step in range(200))
        assert fewest <= mirrored <= most


def test_noise_differs_from_place_to_place_and_fills_its_bin(tmp_path: Path) -> None:
    batches = Batches(in_memory(tmp_path, np.zeros((1, 3, 4, 4), dtype=np.uint8)), 4, batch=64, n_bits=5, seed=0)
    noise = batches(0) * 32
    assert len(noise.flatten(1).unique(dim=0)) == 64
    assert float(noise.mean()) == pytest.approx(0.5, abs=0.02)
    assert float(noise.std()) == pytest.approx(12**-0.5, abs=0.02)


def test_a_broken_picture_is_left_out_named_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(8):
        picture(tmp_path / "set" / f"{i}.png", 20 * i)
    whole = (tmp_path / "set" / "3.png").read_bytes()
    (tmp_path / "set" / "3.png").write_bytes(whole[: len(whole) // 2])
    pictures = FaceSet.open(tmp_path / "set", "all")
    copies = cache_pictures(pictures, 8, tmp_path / "cache")
    told = capsys.readouterr().err
    assert "1 of 8 pictures cannot be read" in told
    assert "3.png" in told
    assert copies.array[:, 0, 0, 0].tolist() == [0, 20, 40, 80, 100, 120, 140]
    assert torch.equal(load_pixels(pictures, 8), torch.from_numpy(copies.array))
    capsys.readouterr()
    feed = BatchLoader(Batches(pictures, 8, batch=8, n_bits=8, seed=0), 0, 3, workers=2)
    values = [sorted((x[:, 0, 0, 0] * 256).floor().int().tolist()) for (x,) in feed]
    assert values == [[0, 20, 40, 80, 80, 100, 120, 140]] * 3  # the next one instead
    told = capsys.readouterr().err
    assert told.count("\n") == 1, "it is named once"
    assert "(1 so far)" in told
    assert "3.png" in told
    for path in (tmp_path / "set").iterdir():
        path.write_bytes(b"nothing")
    with pytest.raises(DatasetError, match="none of the 8 pictures"):
        cache_pictures(FaceSet.open(tmp_path / "set", "all"), 8, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob(".*.part"))


def test_copies_are_made_once_and_anew_when_the_pictures_change(tmp_path: Path) -> None:
    for i in range(4):
        picture(tmp_path / "set" / f"{i}.png", i)
    first = cache_pictures(FaceSet.open(tmp_path / "set", "all"), 4, tmp_path / "cache")
    made = first.path.stat().st_mtime_ns
    assert cache_pictures(FaceSet.open(tmp_path / "set", "all"), 4, tmp_path / "cache").path == first.path
    assert first.path.stat().st_mtime_ns == made
    picture(tmp_path / "set" / "1.png", 99, (9, 9))
    second = cache_pictures(FaceSet.open(tmp_path / "set", "all"), 4, tmp_path / "cache")
    assert second.array[:, 0, 0, 0].tolist() == [0, 99, 2, 3]
    assert len(cache_pictures(FaceSet.open(tmp_path / "set", "train"), 4, tmp_path / "cache")) == 3


@pytest.mark.slow
def test_processes_that_want_the_same_copy_share_one(tmp_path: Path) -> None:
    for i in range(40):
        picture(tmp_path / "set" / f"{i}.png", i, (200, 200))
    make = (
        "import sys; from pathlib import Path; from attributes import FaceSet; from data.cache import cache_pictures;"
        "print(cache_pictures(FaceSet.open(sys.argv[1], 'all'), 64, Path(sys.argv[2])).path)"
    )
    words = [sys.executable, "-c", make, str(tmp_path / "set"), str(tmp_path / "cache")]
    both = [subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = {process.communicate()[0] for process in both}
    assert len(told) == 1
    path = Path(told.pop().strip())
    assert [file.name for file in (tmp_path / "cache").glob("*.u8")] == [path.name]
    assert CachedPictures(path, 64).array[:, 0, 0, 0].tolist() == sorted(range(40), key=str)
