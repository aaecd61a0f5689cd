"""The models that a user can choose from: those that lie beside the one that the app was started with."""

from __future__ import annotations

import threading
from pathlib import Path

from app.editor import Editor
from app.inference.inference import InferenceMaker
from attributes import directions_path
from glow import CheckpointError
from glow.checkpoint import read_config


class Models:
    """One editor for each model, loaded when somebody first asks for it, then shared by all.

    Args:
        checkpoint: the model to begin with. The others are those in the same folder that have directions.
        device: "auto", "cpu", "cuda", ...
        inference: makes what runs each model; by default each call runs by itself as it comes.

    Raises:
        CheckpointError: a file of the first model is missing or broken.
        DirectionsError: its directions belong to another checkpoint.
        InvalidValueError: the device cannot be used here.
    """

    def __init__(self, checkpoint: str | Path, device: str = "auto", inference: InferenceMaker | None = None) -> None:
        self._inference = inference
        first = self._served(Editor.load(checkpoint, device=device))
        self._first = first.path
        self._editors = {first.path: first}
        self._loading, self._refreshing = threading.Lock(), threading.Lock()

    @property
    def first(self) -> Editor:
        """The editor of the model to begin with."""
        return self._editors[self._first]

    def choices(self) -> list[tuple[str, str]]:
        """Titles and paths, the fastest first. Files that are no models, or broken, are left out."""
        found = {}
        for path in {self.first.path, *self.first.path.parent.glob("*.safetensors")}:
            try:
                # A name that cannot be shown could not come back from a page either.
                if path.name.isprintable() and directions_path(path).is_file():
                    found[path] = read_config(path).image_size
            except (CheckpointError, OSError):
                continue
        listed = sorted(found, key=lambda path: (found[path], path.name))
        return [(f"{path.stem} · {found[path]} × {found[path]}", str(path)) for path in listed]

    def editor(self, path: str | Path) -> Editor:
        """The editor of one of :meth:`choices`: no other file is opened, for what is asked may come from anywhere.

        Raises:
            CheckpointError: it is none of them, or a file is missing or broken.
            DirectionsError: its directions belong to another checkpoint.
        """
        path = Path(path)
        if path not in self._editors:
            with self._loading:
                if path not in self._editors:
                    self._editors[path] = self._load(path)
        return self._editors[path]

    def refreshed(self, path: str | Path) -> Editor:
        """As :meth:`editor`, with the custom sliders that are there now.

        It is the model's editor from then on. Who uses the one from before sees no change until they take this.
        """
        path = Path(path)
        self.editor(path)
        with self._refreshing:
            self._editors[path] = self._editors[path].refreshed()
            return self._editors[path]

    def _load(self, path: Path) -> Editor:
        if str(path) not in {choice for _, choice in self.choices()}:
            raise CheckpointError(f"{path.name} is no model beside {self.first.path.name}, or broken; choose another.")
        editor = self._served(self.first.with_model(path))
        editor.warm_up()
        return editor

    def _served(self, editor: Editor) -> Editor:
        return editor if self._inference is None else editor.run_by(self._inference)
