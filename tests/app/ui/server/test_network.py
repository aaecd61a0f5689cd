"""A server that listens in a network answers those who came by its link, and nobody else."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.cli import main
from storage.assets import FACES_64
from tests.app.ui.serving import Tab, until
from tests.conftest import ROOT

HOST = "127.0.0.2"
"""An address that is not where Glowface listens by default; Linux has it without being told."""


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The link that is printed."""
    try:
        with socket.create_server((HOST, 0)) as probe:
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip(f"this machine has no address {HOST}")
    temporary = tmp_path_factory.mktemp("server")
    told = temporary.parent / "told.txt"
    command = ["-m", "app", "--no-browser", "--host", HOST, "--port", str(port), "--checkpoint", str(FACES_64)]
    with told.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, stdout=output, env=os.environ | {"TMPDIR": str(temporary)}
        )
        try:
            until(lambda: "network" in told.read_text())
            found = re.search(r"http://\S+", told.read_text())
            assert found is not None
            yield found[0]
        finally:
            process.terminate()
            process.wait(30)
    assert list(temporary.iterdir()) == []


@pytest.fixture
def address(link: str) -> str:
    return link.partition("/?")[0]


def test_without_the_link_nothing_is_answered(link: str, address: str) -> None:
    token = link.partition("token=")[2]
    assert len(token) >= 43
    key = f"glowface-{address.rpartition(':')[2]}-key"
    http = httpx.Client(base_url=address, trust_env=False)
    for path in ("/", "/config", "/theme.css", "/manifest.json", "/icon-192.png", "/gradio_api/info", "/nothing"):
        for query in ("", "?token=", "?token=x", f"?token={token[:-1]}", f"?token={token}x", f"?token={token}&token=x"):
            answer = http.get(path + query)
            assert answer.status_code == 403, (path, query)
            assert "whole link" in answer.text
            assert "set-cookie" not in answer.headers
    for path in ("/gradio_api/upload", "/gradio_api/queue/join", f"/gradio_api/upload?token={token}", link):
        assert http.post(path, files={"files": ("x.png", b"x")}).status_code == 403
    for cookies in ({key: "x"}, {key: token[:-1]}, {key.removesuffix("-key"): token}, {"key": token}):
        assert httpx.get(address, cookies=cookies, trust_env=False).status_code == 403


def test_by_the_link_a_browser_comes_in_and_others_still_do_not(link: str, address: str, astronaut_file: Path) -> None:
    token = link.partition("token=")[2]
    entered = httpx.get(link, trust_env=False)
    assert entered.status_code == 303
    assert entered.headers["location"] == "/"  # the token does not stay in the address
    assert "HttpOnly" in entered.headers["set-cookie"]
    assert "samesite=lax" in entered.headers["set-cookie"].lower()
    tab = Tab(address, cookies=entered.cookies)
    path = tab.first_picture(astronaut_file.read_bytes())
    assert tab.http.get(f"/gradio_api/file={path}").status_code == 200
    assert token not in tab.http.get("/").text
    assert token not in str(tab.config)
    # Another browser with the link has its own visit, and none without it gets anything.
    assert httpx.get(f"{address}/gradio_api/file={path}", trust_env=False).status_code == 403
    other = Tab(address, cookies=httpx.get(link, trust_env=False).cookies)
    assert other.http.get("/").status_code == 200
    assert other.http.get(f"/gradio_api/file={path}").status_code == 403


def test_other_names_and_sites_get_no_answer_even_with_the_cookie(link: str, address: str) -> None:
    port = address.rpartition(":")[2]
    cookies = httpx.get(link, trust_env=False).cookies
    refused = [
        {"Host": f"127.0.0.1:{port}"}, {"Host": f"localhost:{port}"}, {"Host": "glowface.example.com"}, {"Host": HOST},
        {"Host": f"{HOST}:1"}, {"Origin": "http://example.com"}, {"Origin": f"http://127.0.0.1:{port}"},
        {"Origin": "null"}, {"Origin": f"https://{HOST}:{port}"}, {"Sec-Fetch-Site": "cross-site"},
    ]  # fmt: skip
    for headers in refused:
        for path in ("/config", link.removeprefix(address)):
            answer = httpx.get(address + path, headers=headers, cookies=cookies, trust_env=False)
            assert answer.status_code in (403, 421), headers
            assert "components" not in answer.text
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}", trust_env=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "224.0.0.1", "localhost", "127.1", "192.0.2.255.1", "198.51.100.7"])
def test_what_is_not_one_address_of_this_machine_is_refused_in_a_line(
    host: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["--no-browser", "--port", "0", "--host", host]) == 1
    told = capfd.readouterr()
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    assert "this machine" in told.err
    assert told.out == ""
