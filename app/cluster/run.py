"""``glowface serve``: the application put on a cluster, or on one that is started here, and the page beside it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe

import ray
import yaml
from ray import serve
from ray.serve.schema import ServeDeploySchema

from app.cluster.application import DECODER, ENCODER, FITTER, Changes, ModelSettings, changed_front, changed_model
from app.cluster.http_api import MODEL, NAME, TOKEN
from app.cluster.inference import ClusterInference
from errors import GlowfaceError


class ServeConfigError(GlowfaceError):
    """Serve's configuration cannot be used."""


@contextmanager
def served(checkpoint: Path, device: str, config: Path | None, host: str, port: int) -> Iterator[ClusterInference]:
    """The application on the cluster that ``RAY_ADDRESS`` names, or on one that starts here and ends with the block.

    At the end no new requests are taken, and those under way are finished. Where the applications run on the cluster
    already, they are used as they are, and stay.

    Args:
        checkpoint, device: as :class:`ModelSettings` has them.
        config: Serve's configuration; what it says takes the place of the settings of :mod:`app.cluster.application`.
        host, port: where the HTTP API listens, unless a Serve that runs already listens elsewhere.

    Raises:
        ServeConfigError: the configuration cannot be used.
    """
    changes = changes_in(config)
    made_here = TOKEN not in os.environ
    os.environ.setdefault(TOKEN, token_urlsafe(32))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # A machine that is slow or busy needs longer than Serve waits by itself for what listens to be there.
    os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "60")
    where = {} if "RAY_ADDRESS" in os.environ else {"address": "local"}
    ray.init(log_to_driver=False, logging_level="warning", **where)
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    # Applications that `serve deploy` has put there stay: then this is a further page for them.
    deploy = MODEL not in serve.status().applications
    try:
        if deploy:
            serve.start(http_options={"host": host, "port": port})
            settings = ModelSettings(checkpoint=checkpoint, device=device)
            serve.run(changed_model(settings, changes), name=MODEL, route_prefix=None)
            serve.run(changed_front(changes), name=NAME)
            told = os.environ[TOKEN] if made_here else f"the one in {TOKEN}"
            print(f"The API is at http://{host}:{port}; its token is {told}", flush=True)
        yield ClusterInference(*(serve.get_deployment_handle(name, MODEL) for name in (ENCODER, DECODER, FITTER)))
    finally:
        for name in (NAME, MODEL) if deploy else ():  # in this order: the first finishes its work with the second
            serve.delete(name)
        ray.shutdown()


def changes_in(config: Path | None) -> Changes:
    """What a configuration of Ray Serve says of deployments, by their names.

    Raises:
        ServeConfigError: it is none.
    """
    if config is None:
        return {}
    try:
        schema = ServeDeploySchema.model_validate(yaml.safe_load(config.read_text()))
    except (ValueError, yaml.YAMLError) as error:
        raise ServeConfigError(f"{config.name} is no configuration of Ray Serve: {error}") from error
    return {
        deployment.name: deployment.model_dump(exclude_unset=True, exclude={"name"})
        for application in schema.applications
        for deployment in application.deployments
    }
