"""Real faces for the tests: a public-domain photo, and CelebA-HQ pictures where the archive is at hand."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skimage import data

from faces import Alignment, Detector, align, open_photo


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Small nets on a busy machine: a second thread mostly waits for the first, many times over."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray[Any, Any]:
    """512 x 512 public-domain photo with one face."""
    return np.array(data.astronaut())


@pytest.fixture(scope="session")
def detector() -> Detector:
    return Detector()


@pytest.fixture(scope="session")
def square(astronaut: np.ndarray[Any, Any], detector: Detector) -> Alignment:
    """The astronaut's face, aligned: a square of 172 pixels, turned by 3 degrees."""
    return align(detector.detect(astronaut)[0])


@pytest.fixture(scope="session")
def aligned_pictures(celebahq: Path) -> list[np.ndarray[Any, Any]]:
    """40 CelebA-HQ pictures, 256 x 256, already aligned."""
    pictures = []
    with tarfile.open(celebahq / "CelebA-HQ-img-0.tar") as archive:
        for index, member in enumerate(member for member in archive if member.name.endswith(".webp")):
            if index % 10 == 0:
                file = archive.extractfile(member)
                assert file is not None
                pictures.append(open_photo(file.read()).pixels)
            if len(pictures) == 40:
                break
    return pictures
