"""A real server in a process of its own, and a client that speaks to it as the page does, or as an attacker would."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from storage.assets import FACES_64
from tests.conftest import ROOT

HOSTILE = {
    "GRADIO_ALLOWED_PATHS": "/",
    "GRADIO_ROOT_PATH": "/elsewhere",
    "GRADIO_MCP_SERVER": "True",
    "GRADIO_SHARE": "True",
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "GRADIO_SERVER_PORT": "1",
    "GRADIO_NUM_WORKERS": "2",
    "GRADIO_SSR_MODE": "True",
    "GRADIO_LOCAL_DEV_MODE": "1",
    "GRADIO_ANALYTICS_ENABLED": "True",
    "GRADIO_RUN_HISTORY": "True",
    "GRADIO_VIBE_MODE": "1",
    "GRADIO_WATCH_DIRS": ".",
    "GRADIO_TEMP_DIR": "/nowhere",
    "FORWARDED_ALLOW_IPS": "*",
    "WEB_CONCURRENCY": "3",
    "SPACE_ID": "somebody/space",
    "SYSTEM": "spaces",
    "OAUTH_CLIENT_ID": "x",
    "http_proxy": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "socks5://127.0.0.1:1",
    "all_proxy": "socks://127.0.0.1:1",
}
"""Variables of the environment by which Gradio and uvicorn would open a server."""

START = """
import sys
from pathlib import Path
from app.ui.launch import launch
idle_seconds, reconnect_seconds = float(sys.argv[3]), float(sys.argv[4])
launch(
    Path(sys.argv[1]), "cpu", port=int(sys.argv[2]), browser=False,
    idle_seconds=idle_seconds, reconnect_seconds=reconnect_seconds,
)
"""


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    address: str
    temporary: Path
    """Where its temporary folder lies, and nothing else."""

    process: subprocess.Popen[bytes]

    @property
    def folder(self) -> Path:
        """Its temporary folder."""
        return next(self.temporary.glob("glowface-*"))


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(
    temporary: Path,
    checkpoint: Path = FACES_64,
    *,
    idle_seconds: float | None = None,
    reconnect_seconds: float = 2.0,
    environment: dict[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Server]:
    """Start the app at a free ``port`` or this one, and end it.

    It runs as ``python -m app`` does, or with other ``idle_seconds``, after which what nobody uses is deleted, and
    other ``reconnect_seconds`` for pages that have gone.
    """
    port = port or free_port()
    if idle_seconds is None:
        command = ["-m", "app", "--no-browser", "--port", str(port), "--device", "cpu", "--checkpoint", str(checkpoint)]
    else:
        command = ["-c", START, str(checkpoint), str(port), str(idle_seconds), str(reconnect_seconds)]
    variables = os.environ | {"TMPDIR": str(temporary)} | (environment or {})
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=variables)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(6000):  # a busy machine may take minutes
            assert process.poll() is None, "the server ended"
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise AssertionError("the server never answered")
        yield Server(address, temporary, process)
    finally:
        process.terminate()
        process.wait(30)


@dataclass
class Answer:
    """What came of an event."""

    status: int
    text: str
    """All that the page would show a person: the refusal, or the notes."""

    data: list[Any] | None = None
    """New values of the page's components; None where there are none."""


@dataclass
class Tab:
    """One open page, without a browser."""

    address: str
    session: str = field(default_factory=lambda: secrets.token_hex(6))
    cookies: httpx.Cookies | None = None
    """Another tab's, to be the same browser."""

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.address, timeout=120, trust_env=False, cookies=self.cookies)
        self.config = self.http.get("/config").json()  # with a cookie, as with the page, which takes longer to make
        self._beating: socket.socket | None = None

    def request(self, path: str) -> socket.socket:
        """Ask for something and leave its answer unread."""
        host, port = self.address.removeprefix("http://").split(":")
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        connection = socket.create_connection((host, int(port)), timeout=60)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\n\r\n".encode())
        return connection

    def open(self) -> None:
        """Hold the page open, as a browser does."""
        self._beating = self.request(f"/gradio_api/heartbeat/{self.session}")
        assert self._beating.recv(100).startswith(b"HTTP/1.1 200")

    def close(self) -> None:
        """Close the page."""
        if self._beating is not None:
            self._beating.close()
        self.http.close()

    def function(self, element: str, event: str) -> int:
        """The number of what the page does when something happens to an element."""
        component = next(c["id"] for c in self.config["components"] if c["props"].get("elem_id") == element)
        return next(d["id"] for d in self.config["dependencies"] if [component, event] in map(list, d["targets"]))

    def upload(self, content: bytes, name: str = "photo.png") -> str:
        """Send a file; its path on the server."""
        response = self.http.post("/gradio_api/upload", files={"files": (name, content)})
        assert response.status_code == 200, response.text
        path: str = response.json()[0]
        return path

    def join(self, element: str, event: str, *values: Any, told: Any = None) -> httpx.Response:
        """Send an event, with what it ``told`` besides the components' values."""
        body = {
            "data": list(values),
            "fn_index": self.function(element, event),
            "session_hash": self.session,
            "trigger_id": None,
            "event_data": told,
        }
        return self.http.post("/gradio_api/queue/join", json=body)

    def send(self, element: str, event: str, *values: Any, told: Any = None) -> Answer:
        """Send an event, and wait for what comes of it."""
        response = self.join(element, event, *values, told=told)
        if response.status_code != 200:
            return Answer(response.status_code, response.json()["detail"])
        number, notes = response.json()["event_id"], []
        with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if message.get("event_id") not in (number, None):
                    continue
                if message.get("msg") == "log":
                    notes.append(message["log"])
                if message.get("msg") == "process_completed":
                    output = message["output"]
                    notes.append(str(output.get("error") or ""))
                    return Answer(200, " ".join(notes).strip(), output.get("data"))
        return Answer(0, " ".join(notes))

    def open_photo(self, content: bytes, name: str = "photo.png") -> Answer:
        """Upload a photo and open it in the tab Edit."""
        return self.send("photo", "input", file_value(self.upload(content, name)))

    def first_picture(self, photo: bytes) -> str:
        """Open a photo; the path of the picture that the page then shows."""
        answer = self.open_photo(photo)
        assert answer.data is not None
        return next(value[0]["path"] for value in answer.data if isinstance(value, list) and value and value[0])


def file_value(path: str) -> dict[str, Any]:
    """A file as a component's value."""
    return {"path": path, "orig_name": Path(path).name, "meta": {"_type": "gradio.FileData"}}


def until(condition: Callable[[], object]) -> None:
    """Wait for something that the server does in its own time; the limit only ends a test that would never end."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.1)
    assert condition(), "it never came"
