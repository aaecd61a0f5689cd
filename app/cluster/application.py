"""The deployments put together, in the two applications that Serve's configuration names."""

# No `from __future__ import annotations` here: Ray reads the type of a builder's parameter, and it would be a text.
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel
from ray import serve
from ray.serve import Application

from app.cluster.editing import Editing
from app.cluster.flow import Flow
from app.cluster.http_api import EDITING, http_api
from storage.assets import DEFAULT_CHECKPOINT

ENCODER, DECODER, FITTER, FRONT = "Encoder", "Decoder", "Fitter", "Front"
"""The names of the deployments: three that hold the model, and the one that clients speak to."""


Changes: TypeAlias = Mapping[str, Mapping[str, Any]]
"""For deployments by name, options of :meth:`ray.serve.Deployment.options` in place of those here."""


class ModelSettings(BaseModel, extra="forbid"):
    """``args`` of the application :func:`model` in Serve's configuration."""

    checkpoint: Path = DEFAULT_CHECKPOINT
    """The model's file, which lies at the same place on each machine."""

    device: str = "auto"
    """Where replicas run the model: "auto" takes the GPU that Serve gives a replica, else CPUs."""


def model(settings: ModelSettings) -> Application:
    """``Editing``, which asks ``Encoder``, ``Decoder`` and ``Fitter``; as Serve's configuration names it,
    ``import_path: app.cluster.application:model``."""
    return changed_model(settings, {})


def changed_model(settings: ModelSettings, changes: Changes) -> Application:
    """As :func:`model`, with changes."""
    checkpoint = str(settings.checkpoint.absolute())
    batches = {"max_batch_size": 8, "batch_wait_timeout_s": 0.0}
    flows = [
        _deployed(changes, Flow, name, checkpoint, settings.device, max_ongoing_requests=32, user_config=batches)
        for name in (ENCODER, DECODER, FITTER)
    ]
    return _deployed(changes, Editing, EDITING, checkpoint, *flows, max_ongoing_requests=2, max_queued_requests=32)


def front(_: dict[str, Any]) -> Application:
    """``Front``, without ``args``: ``import_path: app.cluster.application:front``.

    It is an application of its own so that it can be ended first: it finishes what is under way, and the model is
    still there for that.
    """
    return changed_front({})


def changed_front(changes: Changes) -> Application:
    """As :func:`front`, with changes."""
    made = serve.ingress(http_api)()
    return _deployed(changes, made, FRONT, max_ongoing_requests=200, graceful_shutdown_timeout_s=120)


def _deployed(changes: Changes, made: Any, name: str, *given: Any, **options: Any) -> Application:
    # By default little is reserved, so that all find room on the smallest machine.
    options = {"name": name, "ray_actor_options": {"num_cpus": 0.1}} | options | dict(changes.get(name, {}))
    return serve.deployment(made).options(**options).bind(*given)
