"""Start the web app, privately: this machine only, no telemetry, a temporary folder that is deleted at the end."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from types import FrameType

from app.models import Models
from app.ui.server.environment import close_environment
from app.ui.server.folder import ServerFolder, remove_leftovers
from errors import GlowfaceError

HOST = "127.0.0.1"
WARMING = 10.0
"""Seconds for which a server that ends at once waits for its first warm-up."""

AGE = 3600.0
"""Seconds after which what a broken-off visit or an unused upload has left is deleted."""


class PortError(GlowfaceError):
    """The app cannot be served on a port."""


def launch(checkpoint: Path, device: str = "auto", *, port: int = 7860, browser: bool = True, age: float = AGE) -> None:
    """Serve the app on 127.0.0.1 until it is interrupted.

    Args:
        checkpoint: the model to begin with; visits can choose from those beside it.
        device: "auto", "cpu", "cuda", ...
        port: TCP port; 0 takes any free one.
        browser: open the page in the user's browser.
        age: seconds after which what nobody uses any more is deleted.

    Raises:
        PortError: the port is taken, which is found before any model is loaded.
        CheckpointError, DirectionsError, InvalidValueError: as :class:`Models` does.
    """
    listening = _bound(port)
    models = Models(checkpoint, device)
    remove_leftovers()
    # A server that is told to end must still delete its users' pictures.
    signal.signal(signal.SIGTERM, _end)
    folder = ServerFolder.create()
    # The detector's first use is slow; let it be before the first photo comes.
    warming = threading.Thread(target=models.first.warm_up, daemon=True)
    try:
        close_environment()
        # Of a library below Gradio, about proxies, which this app never uses.
        warnings.filterwarnings("ignore", message="SOCKS support in urllib3")
        # Gradio reads these when it is imported.
        os.environ["GRADIO_TEMP_DIR"] = str(folder.root)
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        # torch makes an empty folder for a compiler that is never used here; it shall go with the rest.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder.root / "torch"))
        from app.ui.serve import serve
        from app.ui.visits.visit import Visits

        warming.start()
        with suppress(KeyboardInterrupt):  # Ctrl+C is how a person ends it
            serve(Visits(models, folder, age), listening, browser=browser)
    finally:
        listening.close()
        if warming.is_alive():
            warming.join(WARMING)  # torch makes its folder in it, perhaps after all was deleted
        folder.close()


def _bound(port: int) -> socket.socket:
    """A socket that listens on this machine only; connections wait until they are served."""
    if not 0 <= port <= 65535:
        raise PortError(f"there is no port {port}; choose one from 1024 to 65535.")
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere it would let two servers share a port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise PortError(f"port {port} cannot be used ({reason}); choose another with --port, or 0 for any.") from error
    return listening


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
