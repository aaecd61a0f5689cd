"""Pictures that lack what a model is to learn are noticed, and others are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from attributes import FaceSet
from data.source_quality import SourceQuality, quality_notes, source_quality
from train.cli import main

JPEG_420, JPEG_444 = {"format": "JPEG", "subsampling": 2}, {"format": "JPEG", "subsampling": 0}
WEBP, LOSSLESS = {"format": "WEBP"}, {"format": "WEBP", "lossless": True}
PROFILE = {"icc_profile": b"a colour profile", "exif": b"Exif\0\0"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (JPEG_420, SourceQuality(96, 48, lossy=True)),
        (JPEG_444, SourceQuality(96, 96, lossy=True)),
        (WEBP, SourceQuality(96, 48, lossy=True)),
        (LOSSLESS, SourceQuality(96, 96, lossy=False)),
        (WEBP | PROFILE, SourceQuality(96, 48, lossy=True)),
        (LOSSLESS | PROFILE, SourceQuality(96, 96, lossy=False)),
        ({"format": "JPEG", "subsampling": "4:2:2"}, SourceQuality(96, 48, lossy=True)),
        ({"format": "AVIF", "subsampling": "4:2:0"}, SourceQuality(96, 48, lossy=True)),
        ({"format": "AVIF", "subsampling": "4:4:4"}, SourceQuality(96, 96, lossy=True)),
        ({"format": "PNG"}, SourceQuality(96, 96, lossy=False)),
    ],
)
def test_files_tell_what_they_hold(
    astronaut: np.ndarray, tmp_path: Path, options: dict[str, Any], expected: SourceQuality
) -> None:
    Image.fromarray(astronaut[:96, :128]).save(tmp_path / "picture", **options)
    assert source_quality(tmp_path / "picture") == expected


def test_grey_has_no_colour_to_lose(astronaut: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(astronaut[:96, :96, 0]).save(tmp_path / "grey", "JPEG")
    assert source_quality(tmp_path / "grey") == SourceQuality(96, 96, lossy=True)


@pytest.mark.parametrize(
    ("options", "size", "told"),
    [
        (JPEG_420, 48, []),
        (JPEG_420, 64, ["keep colour at less than 64 pixels"]),
        (JPEG_444, 96, []),
        (JPEG_444, 128, ["lossy copies smaller than 128 pixels"]),
        (LOSSLESS, 128, ["are smaller than 128 pixels"]),
    ],
)
def test_what_a_model_would_not_learn_is_told(
    astronaut: np.ndarray, tmp_path: Path, options: dict[str, Any], size: int, told: list[str]
) -> None:
    for number in range(3):
        Image.fromarray(astronaut[number : number + 96, :96]).save(
            tmp_path / f"{number}.{options['format']}", **options
        )
    notes = quality_notes(FaceSet.open(tmp_path), size)
    assert len(notes) == len(told)
    assert all(words in note for words, note in zip(told, notes, strict=True))


def test_training_says_so_and_goes_on(
    astronaut: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(20):
        small = Image.fromarray(astronaut[number : number + 200, :200]).resize((16, 16))
        small.save(tmp_path / f"{number}.webp", **PROFILE)
    words = "fit --preset tiny-16 --steps 1 --batch 2 --workers 0 --device cpu"
    folders = ["--data", str(tmp_path), "--out", str(tmp_path / "run"), "--cache", str(tmp_path / "cache")]
    assert main([*words.split(), *folders]) == 0
    assert "note: 100% of the pictures keep colour at less than 16 pixels" in capsys.readouterr().err
    assert (tmp_path / "run" / "model.safetensors").exists()


def test_the_pictures_of_celebahq_are_good_enough(celebahq_folder: Path) -> None:
    assert quality_notes(FaceSet.open(celebahq_folder), 128) == ()


def test_a_broken_picture_is_left_to_who_reads_it(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    assert source_quality(tmp_path / "broken.jpg") is None
