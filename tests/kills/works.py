"""Work that is killed at a random moment: nothing half-written may be seen then, and the next run ends it cleanly."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image

from app.ui.server.folder import PREFIX
from attributes import directions_path, sliders_folder
from attributes.custom.store import load_slider
from glow import load_checkpoint
from storage.assets import FACES_64
from tests.app.ui.serving import Server, Tab, serving
from tests.conftest import ROOT

SLOWEST = 600
"""Seconds that a whole run may take at the most."""


class Killable(ABC):
    """Something that can be killed."""

    @abstractmethod
    def kill(self, chance: random.Random) -> None:
        """Begin it, kill it at some moment, and see that what is there is whole."""

    @abstractmethod
    def run(self) -> None:
        """The whole of it, and see that all is there and nothing else."""


class Work(Killable):
    """Something that writes files, as a command line does it.

    Args:
        folder: an empty folder of its own.
        photo: a photo with one face.
    """

    def __init__(self, folder: Path, photo: Path) -> None:
        self.folder, self.photo = folder, photo
        self._seconds = 0.0

    @abstractmethod
    def command(self) -> list[str]:
        """What runs, behind the name of Python."""

    @abstractmethod
    def check(self, *, ended: bool) -> None:
        """See that all that is there is whole; when a run has ended, that all is there and nothing else."""

    def run(self) -> None:
        start = time.monotonic()
        subprocess.run([sys.executable, *self.command()], cwd=ROOT, check=True, capture_output=True, timeout=SLOWEST)
        self._seconds = time.monotonic() - start
        self.check(ended=True)

    def kill(self, chance: random.Random) -> None:
        if not self._seconds:
            self.run()
        process = subprocess.Popen(
            [sys.executable, *self.command()], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.2, 1.0) * self._seconds)
        process.kill()
        process.wait()
        self.check(ended=False)


class Edit(Work):
    """An edit that is saved over an earlier one."""

    def command(self) -> list[str]:
        edit = ["-m", "app", "edit", str(self.photo), "--set", "Smiling=0.5", "-o", str(self.folder / "out.png")]
        return [*edit, "--checkpoint", str(FACES_64), "--device", "cpu"]

    def check(self, *, ended: bool) -> None:
        seen = [self.folder / "out.png"] if ended else _shown(self.folder)
        assert not ended or list(self.folder.iterdir()) == seen
        _check_pictures(seen)


class Prepare(Work):
    """A training set of some photos, which goes on where it was stopped."""

    COUNT = 4

    def command(self) -> list[str]:
        photos = self.folder / "photos"
        if not photos.exists():
            photos.mkdir()
            for number in range(self.COUNT):
                with Image.open(self.photo) as photo:
                    photo.resize((300 + number, 300 + number)).save(photos / f"{number}.png")
        return ["-m", "train", "prepare", str(photos), str(self.folder / "out"), "--size", "64", "--device", "cpu"]

    def check(self, *, ended: bool) -> None:
        out = self.folder / "out"
        pictures = [path for path in _shown(out) if path.suffix == ".png"] if out.exists() else []
        _check_pictures(pictures)
        if ended:
            assert len(pictures) == self.COUNT
            assert not list(out.glob("*.part"))

    def run(self) -> None:
        shutil.rmtree(self.folder / "out", ignore_errors=True) if not self._seconds else None
        super().run()


class Learn(Work):
    """A slider of one's own, made anew."""

    def command(self) -> list[str]:
        checkpoint = self.folder / FACES_64.name
        if not checkpoint.exists():
            for path in (FACES_64, directions_path(FACES_64)):
                shutil.copy(path, self.folder)
            for name, upside_down in (("with", False), ("without", True)):
                (self.folder / name).mkdir()
                for number in range(10):
                    with Image.open(self.photo) as photo:
                        small = photo.resize((100 + number, 100 + number))
                        small.rotate(180 * upside_down).save(self.folder / name / f"{number}.png")
        learn = ["-m", "attributes", "learn", "Upright", "--checkpoint", str(checkpoint), "--aligned", "yes"]
        return [*learn, "--with", str(self.folder / "with"), "--without", str(self.folder / "without")]

    def check(self, *, ended: bool) -> None:
        checkpoint = self.folder / FACES_64.name
        made = sliders_folder(checkpoint)
        found = [path for path in _shown(made) if path.suffix == ".safetensors"] if made.exists() else []
        for path in found:
            load_slider(path, load_checkpoint(checkpoint))
        if ended:
            assert len(found) == 1
            assert not list(made.glob(".*.part"))


class Fit(Work):
    """A training, which goes on where it was stopped."""

    def __init__(self, folder: Path, photo: Path) -> None:
        super().__init__(folder, photo)
        self._runs = 0

    def command(self) -> list[str]:
        pictures = self.folder / "pictures"
        if not pictures.exists():
            pictures.mkdir()
            for number in range(16):
                with Image.open(self.photo) as photo:
                    photo.rotate(20 * number).resize((64, 64)).save(pictures / f"{number}.png")
        fit = ["-m", "train", "fit", "--preset", "tiny-16", "--data", str(pictures), "--out", str(self._out)]
        return [*fit, "--steps", "20", "--batch", "4", "--save-every", "2", "--look-every", "5", "--device", "cpu"]

    @property
    def _out(self) -> Path:
        return self.folder / f"run-{self._runs}"

    def check(self, *, ended: bool) -> None:
        model = self._out / "model.safetensors"
        assert model.exists() or not ended
        if model.exists():
            load_checkpoint(model)
        if ended:
            assert not list(self._out.rglob("*.part"))
            self._runs += 1


class Visit(Killable):
    """The app, killed while a person edits; what it kept of the visit goes at the next start.

    Args:
        folder: an empty folder of its own, for the server's temporary files.
        photo: a photo with one face.
    """

    def __init__(self, folder: Path, photo: Path) -> None:
        self.folder, self.photo = folder, photo

    def run(self) -> None:
        with self._started() as server:
            assert Tab(server.address).open_photo(self.photo.read_bytes()).data is not None
        assert list(self.folder.iterdir()) == []

    def kill(self, chance: random.Random) -> None:
        with self._started() as server:
            tab = Tab(server.address)
            for _ in self._acts(tab):
                if chance.random() < 0.3:
                    break
            server.process.kill()
            server.process.wait()

    @contextmanager
    def _started(self) -> Iterator[Server]:
        """The app, which has done away with what the one before it left when it was killed."""
        left = {path.name for path in self.folder.glob(f"{PREFIX}*")}
        with serving(self.folder) as server:
            assert [path for path in self.folder.iterdir() if path.name in left] == []
            yield server

    def _acts(self, tab: Tab) -> Iterator[None]:
        tab.open()
        yield
        tab.open_photo(self.photo.read_bytes())
        yield
        tab.send("save", "click", "PNG", "whole", False)
        yield
        tab.upload(b"x" * 100_000)
        yield


WORKS: dict[str, Callable[[Path, Path], Killable]] = {
    "edit": Edit,
    "prepare": Prepare,
    "learn": Learn,
    "fit": Fit,
    "visit": Visit,
}


def _shown(folder: Path) -> list[Path]:
    """What people see of a folder."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _check_pictures(paths: list[Path]) -> None:
    for path in paths:
        with Image.open(path) as picture:
            picture.load()
