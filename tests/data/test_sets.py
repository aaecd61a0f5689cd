"""The data sets of the paper, in the very forms in which people have them on disk."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path

import lmdb
import numpy as np
import pytest
from PIL import Image

from attributes import DatasetError
from data.cache import must_cache
from data.formats.lsun import LsunSet
from data.loader import load_pixels
from data.open_pictures import open_pictures

RANDOM = np.random.default_rng(0)


def rows(count: int, side: int) -> np.ndarray:
    """Random pictures as rows of bytes."""
    return RANDOM.integers(0, 256, (count, 3 * side * side), dtype=np.uint8)


def pickled(path: Path, data: np.ndarray, *, python_2: bool) -> None:
    """A batch as CIFAR-10's authors pickled it, with keys of bytes; or as ImageNet's did."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = [0] * len(data)
    content = {b"data": data, b"labels": labels} if python_2 else {"data": data, "labels": labels, "mean": data.mean(0)}
    path.write_bytes(pickle.dumps(content, protocol=2))


def test_cifar10_as_it_is_unpacked(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    parts = [rows(4, 32) for _ in range(6)]
    for name, part in zip([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"], parts, strict=True):
        pickled(folder / name, part, python_2=True)
    (folder / "batches.meta").write_bytes(b"other")
    for place in (tmp_path, folder):
        train, val = open_pictures(place, "train"), open_pictures(place, "val")
        assert must_cache(train)
        assert (load_pixels(train, 32).flatten(1).numpy() == np.concatenate(parts[:5])).all()
        assert (load_pixels(val, 32).flatten(1).numpy() == parts[5]).all()
    assert len(open_pictures(tmp_path, "all")) == 24
    assert len(open_pictures(tmp_path, "train", limit=7)) == 7


@pytest.mark.parametrize("kind", ["npz", "pickle"])
def test_downsampled_imagenet_in_both_its_forms(tmp_path: Path, kind: str) -> None:
    end = "_npz" if kind == "npz" else ""
    parts = {f"Imagenet64_train{end}/train_data_batch_{i}": rows(2, 64) for i in (1, 2, 10)}
    parts[f"Imagenet64_val{end}/val_data"] = rows(3, 64)
    for name, data in parts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        if kind == "npz":
            np.savez(tmp_path / name, data=data, labels=np.zeros(len(data)))
        else:
            pickled(tmp_path / name, data, python_2=False)
    whole = list(parts.values())
    train = load_pixels(open_pictures(tmp_path, "train"), 64)
    assert (train.flatten(1).numpy() == np.concatenate(whole[:3])).all()  # 10 after 2
    assert (load_pixels(open_pictures(tmp_path, "val"), 64).flatten(1).numpy() == whole[3]).all()
    assert load_pixels(open_pictures(tmp_path, "val"), 32).shape == (3, 3, 32, 32)
    with pytest.raises(DatasetError, match="none of the 3 pictures"):
        load_pixels(open_pictures(tmp_path, "val"), 128)


class _Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("harm",)


def test_a_pickle_that_runs_programs_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data_batch_1").write_bytes(pickle.dumps({"data": rows(2, 32), "more": _Harmful()}))
    with pytest.raises(DatasetError, match=r"data_batch_1 is broken.*mkdir"):
        open_pictures(tmp_path, "train")
    assert not Path("harm").exists()


def test_broken_and_missing_array_files_are_named(tmp_path: Path) -> None:
    pickled(tmp_path / "data_batch_1", rows(2, 32), python_2=True)
    with pytest.raises(DatasetError, match="no files for the split 'val'"):
        open_pictures(tmp_path, "val")
    (tmp_path / "data_batch_2").write_bytes((tmp_path / "data_batch_1").read_bytes()[:-500])
    with pytest.raises(DatasetError, match="data_batch_2 is broken"):
        open_pictures(tmp_path, "train")
    pickled(tmp_path / "data_batch_2", rows(2, 64), python_2=True)
    with pytest.raises(DatasetError, match="different sizes"):
        open_pictures(tmp_path, "train")


def test_lsun_from_its_databases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part, values in (("train", [10, 60, 110, 160]), ("val", [200])):
        with (
            lmdb.open(str(tmp_path / f"bedroom_{part}_lmdb"), map_size=2**20) as database,
            database.begin(write=True) as to,
        ):
            for value in values:
                file = io.BytesIO()
                Image.new("RGB", (40, 30), (value,) * 3).save(file, format="webp", lossless=True)
                to.put(f"{value:04d}".encode(), file.getvalue() if value != 60 else b"broken")
    train, val = open_pictures(tmp_path, "train"), open_pictures(tmp_path, "val")
    assert isinstance(train, LsunSet)
    assert (len(train), len(val)) == (4, 1)
    assert load_pixels(val, 16)[:, 0, 0, 0].tolist() == [200]
    assert load_pixels(train, 16)[:, 0, 0, 0].tolist() == [10, 110, 160]
    told = capsys.readouterr().err
    assert "1 of 4 pictures" in told
    assert "0060" in told
    assert pickle.loads(pickle.dumps(train)).read(0, 8).shape == (3, 8, 8)  # as another process gets it
    (tmp_path / "tower_train_lmdb").mkdir()
    with pytest.raises(DatasetError, match="must hold one …_train_lmdb"):
        open_pictures(tmp_path, "train")
