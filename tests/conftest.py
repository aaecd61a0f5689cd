"""What several rooms' tests share: the committed model, real faces, and the photo of an astronaut."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from app.editor import Editor
from glow import Checkpoint, load_checkpoint
from storage.assets import FACES_64, FACES_128

if "PYTEST_XDIST_WORKER" in os.environ:  # beside another worker, a second thread mostly waits
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "celebahq"
PARTITION = "list_eval_partition.txt"
ANNOTATIONS = "CelebAMask-HQ-attribute-anno.txt"


MARKS = {"celebahq": "celebahq", "browser": "browser", "arguments": "slow"}
"""Marks by the fixtures that a test asks for, itself or by way of others; the last gives training runs."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they ask for, leave out what needs a GPU where there is none, and put what takes long first.

    ``make test`` gives the next file to the worker that is free: with long files at the end, the other would wait.
    """
    for item in items:
        for fixture in MARKS.keys() & getattr(item, "fixturenames", ()):
            item.add_marker(MARKS[fixture])
        if item.get_closest_marker("cuda") and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="there is no CUDA GPU here"))
    long = {item.path for item in items for mark in ("slow", "browser") if item.get_closest_marker(mark)}
    items.sort(key=lambda item: item.path not in long)


Pictures = Callable[[int, str], dict[int, bytes]]


@pytest.fixture(scope="session")
def celebahq() -> Path:
    """The folder with the archives of CelebA-HQ and its tables; whoever asks for it is marked ``celebahq``."""
    if not SHARED.is_dir():
        pytest.skip("CelebA-HQ is not here (../shared/celebahq)")
    return SHARED


@pytest.fixture(scope="session")
def celebahq_pictures(celebahq: Path) -> Pictures:
    """``celebahq_pictures(count, part)``: the first files of the part "0" (train) or "1" (validation), by number."""

    def read(count: int, part: str) -> dict[int, bytes]:
        lines = (celebahq / PARTITION).read_text().splitlines()
        wanted = {int(line.split(".")[0]) for line in lines if line.split()[1] == part}
        found: dict[int, bytes] = {}
        for archive in sorted(celebahq.glob("*.tar")):
            with tarfile.open(archive) as tar:
                for member in tar:
                    if member.isfile() and int(Path(member.name).stem) in wanted:
                        file = tar.extractfile(member)
                        assert file is not None
                        found[int(Path(member.name).stem)] = file.read()
                    if len(found) == count:
                        return found
        return found

    return read


def as_pixels(files: dict[int, bytes], size: int) -> torch.Tensor:
    """Files as uint8 ``(N, 3, size, size)``."""
    pictures = [
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB").resize((size, size), Image.Resampling.LANCZOS))
        for data in files.values()
    ]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()


@pytest.fixture(scope="session")
def validation_faces(celebahq_pictures: Pictures) -> torch.Tensor:
    """200 validation faces, uint8 ``(200, 3, 64, 64)``."""
    return as_pixels(celebahq_pictures(200, "1"), 64)


@pytest.fixture(scope="session")
def fine_validation_faces(celebahq_pictures: Pictures) -> torch.Tensor:
    """80 validation faces, uint8 ``(80, 3, 128, 128)``."""
    return as_pixels(celebahq_pictures(80, "1"), 128)


@pytest.fixture(scope="session")
def celebahq_folder(celebahq: Path, celebahq_pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CelebA-HQ in the layout that people download: 96 training and 32 validation pictures."""
    folder = tmp_path_factory.mktemp("celebahq")
    (folder / "CelebA-HQ-img").mkdir()
    pictures = celebahq_pictures(96, "0") | celebahq_pictures(32, "1")
    for number, data in pictures.items():
        (folder / "CelebA-HQ-img" / f"{number}.webp").write_bytes(data)
    # Their rows of the tables, and some without a picture: all 28,000 would be read twice by each training run.
    for text, head in ((PARTITION, 0), (ANNOTATIONS, 2)):
        lines = (celebahq / text).read_text().splitlines(keepends=True)
        known = [line for line in lines[head:] if (number := int(line.split(".")[0])) in pictures or number < 500]
        (folder / text).write_text("".join(lines[:head] + known))
    return folder


@pytest.fixture(scope="session")
def checkpoint() -> Checkpoint:
    """The smaller model that comes with Glowface: most tests are about no model in particular."""
    return load_checkpoint(FACES_64)


@pytest.fixture(scope="session")
def editor() -> Editor:
    """The editor with the smaller model."""
    return Editor.load(FACES_64, device="cpu")


@pytest.fixture(scope="session")
def fine_editor(editor: Editor) -> Editor:
    """The editor with the finer model."""
    return editor.with_model(FACES_128)


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """A photo of a smiling astronaut, uint8 ``(512, 512, 3)`` (NASA, public domain)."""
    return skimage.data.astronaut()


@pytest.fixture(scope="session")
def astronaut_file(astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The astronaut as a PNG file."""
    path = tmp_path_factory.mktemp("photos") / "astronaut.png"
    Image.fromarray(astronaut).save(path)
    return path
