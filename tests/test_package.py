"""Glowface as a package: what is in it, and that it works from anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from glowface import __version__

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = {name for name in SETTINGS["tool"]["setuptools"]["packages"] if name != "glowface.assets"}
ROOMS = sorted({name.split(".")[0] for name in PACKAGES})
MODULES = {
    path.relative_to(ROOT)
    for name in PACKAGES
    for path in (ROOT / name.replace(".", "/")).iterdir()
    if path.suffix in (".py", ".js", ".css", ".json", ".png")
}
ASSETS = {
    path.relative_to(ROOT)
    for pattern in ("*.safetensors", "MODEL_CARD.md", "recipes/*.json")
    for path in (ROOT / "assets").glob(pattern)
}
BUILD = "import sys, setuptools.build_meta as backend; getattr(backend, sys.argv[1])(sys.argv[2])"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source distribution made of a checkout in use, and a wheel made of that."""
    checkout, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("built")
    for room in [*ROOMS, "assets"]:
        ignored = shutil.ignore_patterns("__pycache__", "celebahq")
        shutil.copytree(ROOT / room, checkout / room, ignore=ignored)
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, checkout)
    # What users have lying there.
    for place in ("data/mine", "assets/mine.sliders"):
        (checkout / place).mkdir()
        (checkout / place / "__init__.py").write_text("")
        (checkout / place / "face.jpg").write_text("")
    _build("build_sdist", checkout, out)
    with tarfile.open(next(out.glob("*.tar.gz"))) as archive:
        archive.extractall(out / "unpacked", filter="data")
    _build("build_wheel", next((out / "unpacked").iterdir()), out)
    return out


def _build(what: str, source: Path, out: Path) -> None:
    subprocess.run([sys.executable, "-c", BUILD, what, str(out)], cwd=source, check=True, capture_output=True)


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files where pip puts them, in a folder of their own."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([*pip, "--target", str(target), str(next(built.glob("*.whl")))], check=True, capture_output=True)
    return target


def test_every_folder_of_code_is_listed() -> None:
    folders = {path.parent.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("__init__.py")}
    folders = {folder for folder in folders if "celebahq" not in folder.parts}
    assert {".".join(folder.parts) for folder in folders} == PACKAGES


def test_the_wheel_holds_code_models_and_recipes_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = {Path(name) for name in wheel.namelist() if ".dist-info/" not in name}
        metadata = wheel.read(f"glowface-{__version__}.dist-info/METADATA").decode()
    assert names == MODULES | {"glowface" / path for path in ASSETS}
    needed = [
        line.removeprefix("Requires-Dist: ") for line in metadata.splitlines() if line.startswith("Requires-Dist")
    ]
    assert [line for line in needed if line.startswith("tensorboard")] == [
        f'tensorboard<3,>=2.19; extra == "{extra}"' for extra in ("train", "dev")
    ]
    assert any(line.startswith("torch<") and "extra" not in line for line in needed)


def test_the_source_distribution_holds_what_a_build_needs(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {Path(*Path(name).parts[1:]) for name in archive.getnames()}
    assert names >= MODULES | ASSETS | {Path("requirements.txt"), Path("constraints.txt"), Path("LICENSE")}
    assert not [name for name in names if "mine" in name.parts or "mine.sliders" in name.parts]


def test_the_command_works_from_any_folder_and_writes_nothing_there(installed: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in installed.rglob("*")}
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}

    def told(*words: str) -> str:
        command = [str(installed / "bin" / "glowface"), *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout

    assert told("--version") == f"glowface {__version__}\n"
    assert told("recipes").startswith("blonde")
    program = (
        "from attributes import sliders_folder; from storage.assets import DEFAULT_CHECKPOINT, check_own\n"
        "print(DEFAULT_CHECKPOINT, sliders_folder(DEFAULT_CHECKPOINT), sliders_folder('mine.safetensors'))\n"
        "check_own(DEFAULT_CHECKPOINT)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment | {"XDG_DATA_HOME": str(tmp_path / "data"), "LOCALAPPDATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    checkpoint, sliders, own = done.stdout.split()
    assert Path(checkpoint) == installed / "glowface" / "assets" / "faces-128.safetensors"
    assert not Path(sliders).is_relative_to(installed)
    assert own == "mine.sliders"
    assert "belongs to the installed Glowface" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in installed.rglob("*")} == before
    assert list(tmp_path.iterdir()) == []
