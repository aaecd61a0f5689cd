"""The app's page in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from storage.assets import FACES_64
from tests.app.ui.browsing import WAIT
from tests.app.ui.serving import Server, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Without these, Chromium calls home, and a machine without a network makes it wait.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

WIDTH, _, HEIGHT = os.environ.get("GLOWFACE_WINDOW", "1366x900").partition("x")
"""Of the window in which :func:`page` opens, in pixels; the tests are also for a phone's 390x844."""


@pytest.fixture(scope="session")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's temporary folder."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def shared_server(temporary: Path) -> Iterator[Server]:
    """A server of its own process, for all tests that leave nothing behind in it.

    A page may come back within 10 seconds, not 30 as elsewhere: until then its files are there, and tests wait.
    """
    with serving(temporary, FACES_64, idle_seconds=3600, reconnect_seconds=10) as server:
        yield server
    assert not list(temporary.iterdir()), "a server that was told to end left files behind"


@pytest.fixture(scope="session")
def address(shared_server: Server) -> str:
    """Where :func:`shared_server` is."""
    return shared_server.address


@pytest.fixture(scope="module")
def own_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Glowface's models in a folder of their own, so that sliders made for them do not lie in the repository."""
    folder = tmp_path_factory.mktemp("model")
    for path in FACES_64.parent.glob("faces-*.safetensors"):
        shutil.copy(path, folder / path.name)
    return folder / FACES_64.name


@pytest.fixture(scope="module")
def own_temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The temporary folder of :func:`own_server`."""
    return tmp_path_factory.mktemp("own-server")


@pytest.fixture(scope="module")
def own_server(own_temporary: Path, own_checkpoint: Path) -> Iterator[str]:
    """The address of a server with :func:`own_checkpoint`, for tests that make sliders."""
    with serving(own_temporary, own_checkpoint, idle_seconds=3600, reconnect_seconds=5) as server:
        yield server.address
    assert not list(own_temporary.iterdir()), "a server that was told to end left files behind"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; whoever asks for it is marked ``browser``."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": int(WIDTH), "height": int(HEIGHT)})
    page.set_default_timeout(WAIT)
    outside: list[str] = []
    page.on("request", lambda r: outside.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
    page.goto(address)
    page.wait_for_selector("#photo input[type=file]", state="attached")
    yield page
    page.close()
    assert not outside, "the page asked another machine for something"
