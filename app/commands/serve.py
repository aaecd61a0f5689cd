"""``serve``: the HTTP API and the page for many users, on Ray Serve."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import SharedOptions
from errors import GlowfaceError


@dataclass(frozen=True, kw_only=True)
class ServeOptions(SharedOptions):
    """Options of ``serve``."""

    config: Annotated[
        Path | None, typer.Option(metavar="YAML", help="Ray Serve's configuration: replicas, GPUs, autoscaling, limits")
    ] = None
    port: Annotated[int, typer.Option(help="the HTTP API's port")] = 8000
    page_port: Annotated[int, typer.Option(help="the page's port")] = 7860
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="this machine's address in the network")] = None


def run_serve(options: ServeOptions) -> None:
    """Serve the HTTP API and the page, with the model on Ray Serve.

    It runs on the cluster that RAY_ADDRESS names, or on this machine; docs/serving tells all.
    """
    if find_spec("ray") is None:
        raise GlowfaceError("`serve` needs Ray: python -m pip install 'glowface[serve]'")
    if "RAY_ADDRESS" not in os.environ:
        # A Ray of one's own listens on this machine alone, but for its replicas, as it does on Windows and macOS.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # which Ray reads when it is imported
    from app.cluster.run import served
    from app.ui.launch import HOST, launch

    checkpoint = options.checkpoint.absolute()
    with served(checkpoint, options.device, options.config, options.host or HOST, options.port) as cluster:
        launch(
            checkpoint, "cpu", port=options.page_port, browser=False, host=options.host,
            inference=cluster.served(checkpoint),
        )  # fmt: skip
