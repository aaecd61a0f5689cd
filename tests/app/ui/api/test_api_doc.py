"""Each line of docs/api.md runs, and the three ways to an act give the same."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from glowface.cli import main
from storage.assets import FACES_64
from tests.conftest import ROOT

FIRST, *SECTIONS = re.split(r"^## ", (ROOT / "docs" / "api.md").read_text(), flags=re.M)
LABELS = {"Smiling"}
"""What tells a table by names from one with keys of its own."""


def blocks(section: str) -> list[tuple[str, str]]:
    """The code of a section, with its language."""
    return re.findall(r"```(\w+)\n(.*?)```", section, re.S)


@pytest.fixture(scope="module")
def names(address: str, astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the page's Python has defined so far, in a folder with the photos that it speaks of."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("work")
        patch.chdir(folder)
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        Image.fromarray(astronaut).save("photo.jpg", quality=95)
        Image.fromarray(astronaut[:, ::-1]).save("second.jpg", quality=95)
        Path("photos").mkdir()
        Image.fromarray(np.hstack([astronaut, astronaut[:, ::-1]])).resize((512, 256)).save("photos/a.jpg")
        defined: dict[str, Any] = {}
        for _, code in blocks(FIRST):
            here = code.replace("Editor.load()", f'Editor.load("{FACES_64}", device="cpu")')
            exec(here.replace("http://127.0.0.1:7860", address), defined)
        yield defined
        defined["client"].close()


def frames(path: Path) -> list[np.ndarray]:
    """The pixels of a picture, or of each picture of an animation."""
    return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(Image.open(path))]


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same, pictures pixel by pixel."""
    if isinstance(one, list) and isinstance(one[0], np.ndarray):
        return len(one) == len(other) and all(np.array_equal(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other)


def assert_keys(documented: Any, told: Any) -> None:
    """What a command told has the keys that the page shows; of tables by name, at least those."""
    if isinstance(documented, dict):
        assert documented.keys() <= told.keys()
        if not documented.keys() & LABELS:
            assert documented.keys() == told.keys()
        for key in documented:
            assert_keys(documented[key], told[key])
    elif isinstance(documented, list) and documented:
        assert_keys(documented[0], told[0])


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_the_three_ways_give_the_same(section: str, names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    code = blocks(section)
    told = []
    for line in "".join(text for language, text in code if language == "sh").splitlines():
        assert main(["--checkpoint", str(FACES_64), "--device", "cpu", *shlex.split(line)[1:]]) == 0
        told.append(json.loads(capsys.readouterr().out))
    documented = [json.loads(text) for language, text in code if language == "json"]
    assert len(documented) == len(told)
    for pair in zip(documented, told, strict=True):
        assert_keys(*pair)

    first = told[0]
    result = first["results"][0] if "results" in first else first
    file = Path(result["output"]) if "output" in result else None
    by_command = result.get("labels", result.get("sliders")) if file is None else frames(file)
    if file is not None:
        file.unlink()  # Python writes it anew
    python = [text for language, text in code if language == "python"]
    exec(python[0], names)
    if by_command is None:
        assert [recipe["name"] for recipe in first["recipes"]] == list(names["recipes"])
        return
    assert same(by_command, names["labels"] if file is None else frames(file))
    for text in python[1:]:
        exec(text, names)
        assert same(by_command, names["result"] if file is None else frames(Path(names["result"])))
