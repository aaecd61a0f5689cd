"""`glowface serve` as people run it: a real Ray on this machine, with two replicas that decode."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from app.editor import Editor
from storage.assets import FACES_64
from tests.app.ui.serving import until
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not here (pip install 'glowface[serve]')"),
]

CONFIG = """
applications:
  - name: glowface-model
    import_path: app.cluster.application:model
    deployments:
      - {name: Decoder, num_replicas: 2}
      - {name: Editing, max_ongoing_requests: 2, max_queued_requests: 3}
"""
METRICS = (
    "ray_serve_deployment_processing_latency_ms",
    "ray_serve_num_ongoing_requests_at_replicas",
    "ray_serve_deployment_queued_queries",
)
VALUES = {"Smiling": -1.0, "Blond_Hair": 0.7}


@dataclass(frozen=True)
class Cluster:
    """One that runs."""

    address: str
    page: str
    token: str
    process: subprocess.Popen[bytes]
    temporary: Path

    def post(self, act: str, photo: bytes | None = None, token: str | None = None, **settings: str) -> httpx.Response:
        """Ask for something."""
        files = {} if photo is None else {"photo": ("photo.png", photo)}
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = f"{self.address}/{act}"
        return httpx.post(url, data=settings, files=files, headers=headers, timeout=180, trust_env=False)

    def replicas(self, name: str) -> list[int]:
        """The processes of a deployment's replicas."""
        wanted = rf"ray::S.*glowface-model[#:]{name}\b".encode()
        return sorted(int(place.name) for place in self._processes() if re.match(wanted, _read(place / "cmdline")))

    def _processes(self) -> list[Path]:
        """All that belong to it."""
        token = self.token.encode()
        return [place for place in Path("/proc").glob("[0-9]*") if token in _read(place / "environ")]

    def listening(self) -> set[str]:
        """The addresses of this machine at which its processes listen, as Linux writes them; without those of its
        replicas, whose calls to each other Ray takes at all addresses, and has no setting for it."""
        own = set()
        replica = b"ray::ServeReplica"
        others = [place for place in self._processes() if not _read(place / "cmdline").startswith(replica)]
        for link in (link for place in others for link in (place / "fd").glob("*")):
            with suppress(OSError):  # what was closed meanwhile
                own.add(os.readlink(link))
        tables = "\n".join(Path(f"/proc/net/{table}").read_text() for table in ("tcp", "tcp6"))
        rows = [line.split() for line in tables.splitlines() if ":" in line]
        return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in own}

    def metrics(self) -> str:
        """What its node tells Prometheus."""
        (told,) = json.loads((self.temporary / "ray" / "prom_metrics_service_discovery.json").read_text())
        return "".join(
            httpx.get(f"http://{target}/metrics", timeout=60, trust_env=False).text for target in told["targets"]
        )


def _read(path: Path) -> bytes:
    with suppress(OSError):  # a process that has ended meanwhile
        return path.read_bytes()
    return b""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The small model, served."""
    config = tmp_path_factory.mktemp("cluster") / "serve.yaml"
    config.write_text(CONFIG)
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        port, page = one.getsockname()[1], other.getsockname()[1]
    token = secrets.token_urlsafe(32)
    words = ["--config", str(config), "--checkpoint", str(FACES_64), "--device", "cpu", "--port", str(port)]
    command = [sys.executable, "-m", "app", "serve", *words, "--page-port", str(page)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:  # a short path, as sockets need
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"GLOWFACE_TOKEN": token, "TMPDIR": temporary})
        served = Cluster(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{page}", token, process, Path(temporary))
        try:
            _until_ready(served)
            yield served
        finally:
            process.terminate()
            process.wait(120)


def _until_ready(served: Cluster) -> None:
    for address in (f"{served.address}/ready", served.page):
        for _ in range(3000):
            assert served.process.poll() is None, "the server ended"
            try:
                if httpx.get(address, timeout=120, trust_env=False).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.1)


@pytest.fixture(scope="module")
def photo(astronaut: np.ndarray) -> bytes:
    """The astronaut, small."""
    file = io.BytesIO()
    Image.fromarray(astronaut).resize((256, 256)).save(file, "PNG")
    return file.getvalue()


def test_a_cluster_serves(cluster: Cluster, editor: Editor, photo: bytes) -> None:
    """One test, as the parts share the start: who may ask, the very same picture, limits, a death, metrics, the end."""
    assert httpx.get(f"{cluster.address}/health", trust_env=False).text == "ok"
    assert cluster.listening() == {"0100007F", "0000000000000000FFFF00000100007F"}, "this machine alone"
    token = {"Authorization": f"Bearer {cluster.token}"}
    unsized = httpx.post(f"{cluster.address}/labels", content=iter([b"x"]), headers=token, trust_env=False)
    assert unsized.status_code == 411
    assert "Content-Length" in unsized.json()["detail"]
    assert cluster.post("labels", token="x" * 20).status_code == 401
    assert "Authorization" in cluster.post("labels", token="x" * 20).json()["detail"]
    assert len(cluster.post("labels").json()) >= 40
    refused = cluster.post("edit", photo, values='{"Nose": 1}')
    assert refused.status_code == 422
    assert "Nose" in refused.json()["detail"]
    refused = cluster.post("sample", seed=str(2**70))
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("seed is 1180591620717411303424; it must be a whole number from")

    def edited(_: int = 0) -> httpx.Response:
        return cluster.post("edit", photo, values=json.dumps(VALUES))

    expected = editor.edit(editor.open(photo), VALUES).pixels
    assert np.array_equal(_pixels(edited()), expected)

    # More than the two that are worked on and the three that may wait.
    with ThreadPoolExecutor(16) as many:
        answers = list(many.map(edited, range(16)))
    assert {answer.status_code for answer in answers} == {200, 503}
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert busy.json()["detail"] == "The server is busy; try again in a few seconds."
    assert busy.headers["Retry-After"] == "5"

    # A replica that decodes and one that edits die, while as many requests are under way as are taken.
    before = cluster.replicas("Decoder")
    assert len(before) == 2
    with ThreadPoolExecutor(3) as many:
        under_way = [many.submit(edited) for _ in range(9)]
        until_two = [answer.result() for answer in under_way[:2]]
        os.kill(before[0], signal.SIGKILL)
        os.kill(cluster.replicas("Editing")[0], signal.SIGKILL)
        answers = [*until_two, *(answer.result() for answer in under_way[2:])]
    assert [answer.status_code for answer in answers] == [200] * 9
    assert all(np.array_equal(_pixels(answer), expected) for answer in answers)

    # The figures that docs/serving names; a node gathers them every few seconds.
    until(lambda: time.sleep(1) or all(f"\n{name}" in cluster.metrics() for name in METRICS))

    # What is under way when it is told to end is finished.
    with ThreadPoolExecutor(2) as many:
        under_way = [many.submit(edited) for _ in range(2)]
        while not all(answer.running() for answer in under_way):
            time.sleep(0.01)
        time.sleep(0.2)
        cluster.process.terminate()
        assert [answer.result().status_code for answer in under_way] == [200, 200]
    assert cluster.process.wait(120) == 0


def _pixels(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))
