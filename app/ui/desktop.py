"""A window of the page's own: by pywebview where that is installed, else by a browser that shows a page as an app."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from app.ui.server.folder import PREFIX, delete_folder

WIDTH, HEIGHT = 1366, 900

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "chrome",
    "msedge",
)
"""Commands of browsers with an app mode."""

_PLACES = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ),
    "win32": (
        r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
        r"%ProgramFiles%\Microsoft\Edge\Application\msedge.exe",
        r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
        r"%LocalAppData%\Google\Chrome\Application\chrome.exe",
    ),
}

_QUIET = (
    "--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions",
)  # fmt: skip

_PYWEBVIEW = f"""
import sys, webview
webview.create_window("Glowface", sys.argv[1], width={WIDTH}, height={HEIGHT})
webview.start()
"""


class Window:
    """A window in a process of its own, which lasts as long as the window is open.

    Args:
        address: the page that it shows.
        closed: called when somebody has closed it.
        failed: called where nothing on this machine can show a window, or what showed it broke off.
    """

    def __init__(self, address: str, closed: Callable[[], None], failed: Callable[[], None]) -> None:
        # Named as the server's own folder is: should this process be killed, the next one deletes it.
        self._profile = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False
        self._lock = threading.Lock()
        commands = _commands(address, self._profile)
        threading.Thread(target=self._show, args=(commands, closed, failed), daemon=True).start()

    def _show(self, commands: list[list[str]], closed: Callable[[], None], failed: Callable[[], None]) -> None:
        for command in commands:
            with self._lock:
                if self._ended:
                    return
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env=os.environ | {"TMPDIR": str(self._profile)},  # what they leave there goes with the rest
                    start_new_session=True,  # a group of processes, which can be ended as one
                )  # fmt: skip
            status = self._process.wait()
            _end_helpers(self._process)
            if status == 0:
                closed()
                return
        if not self._ended:
            failed()

    def close(self) -> None:
        """Close it, if it is open, and delete what it left."""
        with self._lock:
            self._ended = True
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            _end_helpers(self._process)
        delete_folder(self._profile)


def _end_helpers(process: subprocess.Popen[bytes]) -> None:
    """End what a browser that has ended left running: it would make its deleted folder anew."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):  # none is left; on a Mac, none that is not ending
            os.killpg(process.pid, signal.SIGKILL)


def _commands(address: str, profile: Path) -> list[list[str]]:
    """What may show a page in a window, the best first."""
    commands = []
    if find_spec("webview") is not None:
        commands.append([sys.executable, "-c", _PYWEBVIEW, address])
    browser = _browser()
    if browser is not None:
        size = f"--window-size={WIDTH},{HEIGHT}"
        # As root, these browsers run in no other way.
        rights = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        commands.append([browser, f"--app={address}", f"--user-data-dir={profile}", size, *_QUIET, *rights])
    return commands


def _browser() -> str | None:
    """The command of a browser with an app mode."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    places = (os.path.expandvars(place) for place in _PLACES.get(sys.platform, ()))
    return found or next((place for place in places if os.path.isfile(place)), None)
