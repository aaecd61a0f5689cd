"""Start the web app, privately: this machine only unless asked otherwise, no telemetry, a temporary folder that is
deleted at the end."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import threading
import warnings
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Literal

from app.ui.server.environment import close_environment
from app.ui.server.folder import ServerFolder, remove_leftovers
from app.ui.visits.lifetimes import IDLE_SECONDS, RECONNECT_SECONDS
from app.ui.visits.memory import limit_fragmentation
from errors import GlowfaceError

if TYPE_CHECKING:
    from app.inference.inference import InferenceMaker
    from app.models import Models

HOST = "127.0.0.1"
WARMING = 25.0
"""Seconds for which a server that ends at once waits for its first warm-up: while that computes, Python cannot end in
good order."""

AS_ROOT = "note: Glowface runs as root, and need not; start it as a user without rights."
"""Said on the terminal where it may do all, though less would do."""


class PortError(GlowfaceError):
    """The app cannot be served on a port."""


def launch(
    checkpoint: Path,
    device: str = "auto",
    *,
    port: int = 7860,
    browser: bool = True,
    desktop: bool = False,
    host: str | None = None,
    idle_seconds: float = IDLE_SECONDS,
    reconnect_seconds: float = RECONNECT_SECONDS,
    inference: InferenceMaker | None = None,
) -> None:
    """Serve the app until it is interrupted, on 127.0.0.1 or at an address in a network.

    Args:
        checkpoint: the model to begin with; visits can choose from those beside it.
        device: "auto", "cpu", "cuda", ...
        port: TCP port; 0 takes any free one.
        browser: open the page in the user's browser.
        desktop: open it in a window of its own instead; the server ends when that is closed.
        host: this machine's address in a network from which the page shall be reached too, by a link with a token.
        idle_seconds: after which what nobody uses any more is deleted,
        reconnect_seconds: for which a page that has gone may come back to its work.
        inference: makes what runs each model; by default this process does, for many users at once.

    Raises:
        PortError: the port or the address cannot be used, which is found before any model is loaded.
        CheckpointError, DirectionsError, InvalidValueError: as :class:`Models` does.
    """
    listening = _bound(port, host)
    print("Starting Glowface…", flush=True)
    _warn_of_root()
    limit_fragmentation()
    from app.inference.batching import BatchingInference  # PyTorch takes seconds
    from app.models import Models

    models = Models(checkpoint, device, inference or BatchingInference.of)
    remove_leftovers()
    # A server that is told to end, or whose terminal is closed, must still delete its users' pictures.
    signal.signal(signal.SIGTERM, _end)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # not below `nohup`
        signal.signal(signal.SIGHUP, lambda _signal, _frame: signal.raise_signal(signal.SIGTERM))
    folder = ServerFolder.create()
    # The detector's first use is slow; let it be before the first photo comes.
    warming = threading.Thread(target=_warm_up, args=(models,), daemon=True)
    try:
        close_environment()
        # Of a library below Gradio, about proxies, which this app never uses.
        warnings.filterwarnings("ignore", message="SOCKS support in urllib3")
        # Gradio reads these when it is imported.
        os.environ["GRADIO_TEMP_DIR"] = str(folder.root)
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        # Or each event would make a table of the last ten thousand, and figures of it that nobody looks at.
        os.environ |= {"GRADIO_ANALYTICS_MAX_EVENTS": "1", "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(2**62)}
        # torch makes an empty folder for a compiler that is never used here; it shall go with the rest.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder.root / "torch"))
        from app.ui.serve import serve
        from app.ui.server.access import Access
        from app.ui.visits.visit import Visits

        warming.start()
        with suppress(KeyboardInterrupt):  # Ctrl+C is how a person ends it
            access = Access(listening.getsockname()[1], host)
            visits = Visits(models, folder, idle_seconds, reconnect_seconds=reconnect_seconds)
            serve(visits, listening, access, _shown(browser, desktop))
    finally:
        listening.close()
        if warming.is_alive():
            warming.join(WARMING)
        folder.close()


def _warm_up(models: Models) -> None:
    """Use all once; first the part of torch that makes a folder when it is imported, which is to go with the rest."""
    import torch._dynamo  # noqa: F401

    models.first.warm_up()


def _warn_of_root() -> None:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        print(AS_ROOT, file=sys.stderr, flush=True)


def _shown(browser: bool, desktop: bool) -> Literal["nowhere", "browser", "window"]:
    if desktop:
        return "window"
    return "browser" if browser else "nowhere"


def _bound(port: int, host: str | None) -> socket.socket:
    """A socket that listens on this machine only, or at ``host``; connections wait until they are served."""
    if not 0 <= port <= 65535:
        raise PortError(f"there is no port {port}; choose one from 1024 to 65535.")
    if host is not None:
        _check_address(host)
    family = socket.AF_INET6 if host is not None and ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere it would let two servers share a port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host or HOST, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise PortError(f"{host} is no address of this machine; {_own_address()}.") from error
        reason = error.strerror or str(error)
        raise PortError(f"port {port} cannot be used ({reason}); choose another with --port, or 0 for any.") from error
    return listening


def _check_address(host: str) -> None:
    """Refuse what is not exactly one address: a name may come to mean another machine, and 0.0.0.0 is all networks."""
    try:
        address = ip_address(host)
    except ValueError as error:
        raise PortError(f"{host!r} is no address in numbers; {_own_address()}.") from error
    if address.is_unspecified or address.is_multicast or str(address) != host:
        raise PortError(f"{host} is not exactly one address; {_own_address()}.")


def _own_address() -> str:
    """What to say of this machine's address."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing, and tells by which address it would
        return f"this machine's seems to be {probe.getsockname()[0]}"
    return "give this machine's in the network, such as 192.168.1.5"


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
