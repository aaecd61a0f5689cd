"""The replicas that open photos, find faces and put edits back, for the HTTP API; others run the model."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ray.serve.handle import DeploymentHandle

from app.cluster.inference import ClusterError, ClusterInference
from app.editor import Editor
from app.request_checks import asked_face, asked_moves
from attributes import arranged, slider_facts
from errors import GlowfaceError
from faces import Photo, save_photo
from glow import Latent
from storage.values import InvalidValueError, boolean, integer, number

MAX_SEED = 2**63 - 1
MAX_TEMPERATURE = 10.0


@dataclass(frozen=True)
class ApiRequest:
    """One request."""

    operation: str
    """"edit", "blend", "sample", "read" or "labels"."""

    settings: dict[str, Any] = field(default_factory=dict)
    """The form's fields as they came."""

    photos: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class ApiResponse:
    """What came of a request."""

    status: int
    """HTTP's number for it."""

    media_type: str
    """The content's type."""

    content: bytes


class Editing:
    """Everything but the model: one editor whose model the other deployments run.

    Args:
        checkpoint: the model's file, on this machine.
        encoder, decoder, fitter: the deployments that run it.
    """

    def __init__(
        self, checkpoint: str, encoder: DeploymentHandle, decoder: DeploymentHandle, fitter: DeploymentHandle
    ) -> None:
        cluster = ClusterInference(encoder, decoder, fitter)
        self.editor = Editor.load(checkpoint, device="cpu").run_by(cluster.served(Path(checkpoint)))
        self.drawn: Latent | None = None  # a face, once the model has answered
        operations = self._edit, self._blend, self._sample, self._read, self._labels
        self.operations = {operation.__name__.strip("_"): operation for operation in operations}

    async def answer(self, request: ApiRequest) -> ApiResponse:
        """What comes of a request; what a person can mend is an answer too."""
        return await asyncio.to_thread(self._answer, request)

    async def ready(self) -> None:
        """Return once a face is encoded, decoded and its reach measured; from then on a decode tells."""
        await asyncio.to_thread(self._ready)

    def _ready(self) -> None:
        if self.drawn is None:
            self.editor.warm_up()
            self.drawn = self.editor.sample(1)[0].latent
        self.editor.decode(self.drawn)

    def _answer(self, request: ApiRequest) -> ApiResponse:
        try:
            return self.operations[request.operation](request)
        except ClusterError as error:
            return refusal(503, str(error))
        except GlowfaceError as error:
            return refusal(422, str(error))
        except Exception as error:
            logging.getLogger("ray.serve").error("a request failed", exc_info=error)
            return refusal(500, "That did not work; the server's log tells more.")

    def _edit(self, request: ApiRequest) -> ApiResponse:
        lock = _flag(request.settings, "lock_background")
        moves, keep = asked_moves(self.editor, _json(request.settings, "values"), _json(request.settings, "keep"))
        portrait = self.editor.open(request.photos[0], asked_face(request.settings.get("face", "1")))
        return _png(self.editor.edit(portrait, moves, keep, lock_background=lock))

    def _blend(self, request: ApiRequest) -> ApiResponse:
        lock = _flag(request.settings, "lock_background")
        ratio = number("the ratio", _json(request.settings, "ratio", 0.5), 0, 1)
        first, second = (
            self.editor.open(photo, asked_face(request.settings.get(name, "1")))
            for photo, name in zip(request.photos, ("face", "second_face"), strict=True)
        )
        return _png(self.editor.blend(first, second, ratio, lock_background=lock))

    def _sample(self, request: ApiRequest) -> ApiResponse:
        temperature = number("temperature", _json(request.settings, "temperature", 0.7), 0, MAX_TEMPERATURE)
        seed = integer("seed", _json(request.settings, "seed", 0), -MAX_SEED - 1, MAX_SEED)
        return _png(self.editor.sample(1, temperature, seed)[0].photo)

    def _read(self, request: ApiRequest) -> ApiResponse:
        portrait = self.editor.open(request.photos[0], asked_face(request.settings.get("face", "1")))
        return document(200, self.editor.read(portrait.decoded))

    def _labels(self, _: ApiRequest) -> ApiResponse:
        return document(200, [slider_facts(slider) for slider in arranged(self.editor.directions.sliders)])


def document(status: int, value: Any) -> ApiResponse:
    """An answer in JSON."""
    return ApiResponse(status, "application/json", json.dumps(value, ensure_ascii=False).encode())


def refusal(status: int, message: str) -> ApiResponse:
    """An answer that says what was wrong and what to do."""
    return document(status, {"detail": message})


def _png(photo: Photo) -> ApiResponse:
    with tempfile.TemporaryDirectory(prefix="glowface-answer-") as folder:
        path = Path(folder) / "photo.png"
        save_photo(photo, path)
        return ApiResponse(200, "image/png", path.read_bytes())


def _json(settings: dict[str, Any], name: str, default: Any = None) -> Any:
    text = settings.get(name)
    if text is None:
        return default
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidValueError(f"{name} is {text!r}; it must be JSON.") from error


def _flag(settings: dict[str, Any], name: str) -> bool:
    return boolean(name, _json(settings, name, True))
