"""Who may ask the server for what: other browsers, other sites, the environment, and what is no right question."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import httpx
import pytest

from app.ui.server.environment import close_environment
from tests.app.ui.serving import HOSTILE, Server, Tab, file_value


def test_a_foreign_session_hash_gets_nothing(tab: Tab, server: Server, astronaut_file: Path) -> None:
    path = tab.first_picture(astronaut_file.read_bytes())
    thief = Tab(server.address, session=tab.session)
    nobody = httpx.Client(base_url=server.address, trust_env=False)
    for http in (thief.http, nobody):
        for answer in (
            http.get(f"/gradio_api/file={path}"),
            http.get("/gradio_api/queue/data", params={"session_hash": tab.session}),
            http.get(f"/gradio_api/heartbeat/{tab.session}"),
            http.post("/gradio_api/cancel", json={"session_hash": tab.session, "fn_index": 0, "event_id": "x"}),
            http.post("/gradio_api/queue/join", json={"session_hash": tab.session, "fn_index": 0, "data": []}),
        ):
            assert answer.status_code == 403, answer.request.url
            assert path not in answer.text
    assert "another browser" in thief.send("save", "click", "PNG", "whole", False).text
    assert tab.http.get(f"/gradio_api/file={path}").status_code == 200
    assert tab.send("save", "click", "PNG", "whole", False).data is not None


def test_two_tabs_of_one_browser_have_their_own_photos(tab: Tab, server: Server, astronaut_file: Path) -> None:
    tab.first_picture(astronaut_file.read_bytes())
    other = Tab(server.address, cookies=tab.http.cookies)
    answer = other.send("save", "click", "PNG", "whole", False)
    assert "no photo is open" in answer.text.lower()
    assert "path" not in str(answer.data)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "glowface.example.com"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Host": "localhost.example.com:80"},
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://{host}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_other_sites_get_no_answer(tab: Tab, headers: dict[str, str]) -> None:
    host = tab.address.removeprefix("http://")
    headers = {name: value.format(host=host) for name, value in headers.items()}
    upload = tab.http.post("/gradio_api/upload", files={"files": ("x.png", b"x")}, headers=headers)
    event = tab.http.post("/gradio_api/queue/join", json={"session_hash": tab.session}, headers=headers)
    page = tab.http.get("/config", headers=headers)
    assert {answer.status_code for answer in (upload, event, page)} <= {403, 421}
    assert "components" not in page.text
    assert "access-control-allow-origin" not in page.headers


def test_the_page_s_own_requests_are_answered(tab: Tab) -> None:
    port = tab.address.rpartition(":")[2]
    for name in ("127.0.0.1", "localhost"):
        headers = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}", "Sec-Fetch-Site": "same-origin"}
        assert tab.http.get("/config", headers=headers).status_code == 200
    # A link on another site leads to the page.
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert tab.http.get("/", headers=link).status_code == 200


def test_what_proxies_add_changes_nothing(tab: Tab) -> None:
    lies = {"X-Forwarded-Host": "example.com", "X-Forwarded-Proto": "https", "Forwarded": "host=example.com"}
    assert "example.com" not in tab.http.get("/config", headers=lies).text


def test_every_answer_is_kept_from_frames_and_guessing(tab: Tab, astronaut_file: Path) -> None:
    path = tab.first_picture(astronaut_file.read_bytes())
    for place in (
        "/",
        "/config",
        "/theme.css",
        f"/gradio_api/file={path}",
        "/nothing",
        "/gradio_api/file=/etc/hostname",
    ):
        headers = tab.http.get(place).headers
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "connect-src 'self'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
    picture = tab.http.get(f"/gradio_api/file={path}")
    assert picture.headers["cache-control"] == "no-store"
    assert picture.headers["content-type"] == "image/png"
    markup = tab.upload(b"<script>alert(1)</script>", "page.html")
    answer = tab.http.get(f"/gradio_api/file={markup}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_the_cookie_is_out_of_reach_of_scripts_and_sites(server: Server) -> None:
    given = httpx.get(server.address, trust_env=False).headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=Lax" in given
    other = httpx.get(server.address, trust_env=False).headers["set-cookie"]
    assert given.split(";")[0] != other.split(";")[0]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gradio_api/runs"), ("GET", "/monitoring"), ("GET", "/gradio_api/dev/reload"),
        ("GET", "/gradio_api/mcp/"), ("GET", "/gradio_api/deep_link"),
        ("GET", "/gradio_api/proxy=https://x.hf.space/"), ("GET", "/docs"),
        ("GET", "/openapi.json"), ("GET", "/gradio_api/openapi.json"), ("GET", "/gradio_api/file/etc/hostname"),
        ("GET", "/gradio_api/vibe-code/"), ("GET", "/login"), ("GET", "/gradio_api/token"), ("GET", "/elsewhere/"),
        ("POST", "/gradio_api/run/predict"), ("POST", "/gradio_api/api/predict"), ("POST", "/gradio_api/call/move"),
        ("POST", "/gradio_api/process_recording"), ("POST", "/gradio_api/component_server"), ("POST", "/login"),
        ("POST", "/gradio_api/vibe-edit/"), ("POST", "/gradio_api/run-history/connect"), ("PUT", "/"), ("TRACE", "/"),
        ("GET", "/gradio_api/custom_component/x/client/y/z"), ("POST", "/gradio_api/stream/x"), ("DELETE", "/config"),
    ],
)  # fmt: skip
def test_what_the_page_does_not_use_is_closed(tab: Tab, method: str, path: str) -> None:
    assert tab.http.request(method, path).status_code in (404, 405)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/hostname",
        "../../etc/hostname",
        "",
        "{folder}",
        "{folder}/../x",
        "{own}/..",
        "file:///etc/hostname",
        "%2e%2e",
    ],
)
def test_no_other_file_is_served(tab: Tab, server: Server, path: str) -> None:
    own = tab.upload(b"x")
    asked = path.format(folder=server.folder, own=own)
    assert tab.http.get(f"/gradio_api/file={asked}").status_code in (403, 404)
    assert tab.http.get(f"/gradio_api/file={own}").status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="the system's list of sockets is read as Linux gives it")
def test_whatever_the_environment_says_only_this_machine_is_listened_to(server: Server) -> None:
    own = {
        os.readlink(link)
        for link in Path(f"/proc/{server.process.pid}/fd").iterdir()
        if link.is_symlink() and os.readlink(link).startswith("socket:")
    }
    listening = set()
    for table in ("tcp", "tcp6"):
        rows = [line.split() for line in Path(f"/proc/{server.process.pid}/net/{table}").read_text().splitlines()[1:]]
        listening |= {row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in own}
    port = int(server.address.rpartition(":")[2])
    assert listening == {f"0100007F:{port:04X}"}
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    assert children == []  # no workers, no Node


def test_the_environment_opens_nothing(tab: Tab, server: Server) -> None:
    config = tab.config
    assert config["root"] == server.address
    assert not config.get("is_space")
    assert config.get("run_history") is False
    assert not config.get("mcp_server")
    assert str(server.folder) in tab.upload(b"x")


def test_only_such_variables_are_taken_out() -> None:
    kept = {"PATH": "/bin", "HOME": "/home/me", "TMPDIR": "/tmp", "OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": "0"}
    environment = kept | HOSTILE
    close_environment(environment)
    assert environment == kept


@pytest.mark.parametrize("index", [-1, [-1, 0], "0", None, [[0]], float("inf")], ids=str)
def test_what_cannot_be_clicked_is_refused(tab: Tab, astronaut_file: Path, index: object) -> None:
    tab.open_photo(astronaut_file.read_bytes())
    if index == float("inf"):
        body = {"data": [], "fn_index": tab.function("faces", "select"), "session_hash": tab.session}
        text = json.dumps(body | {"event_data": {"index": index}})
        assert tab.http.post("/gradio_api/queue/join", content=text).status_code == 400
    else:
        assert tab.send("faces", "select", told={"index": index}).data is None
    assert tab.send("save", "click", "PNG", "whole", False).data is not None


def test_odd_addresses_of_the_page_are_answered(tab: Tab) -> None:
    assert tab.http.get("/?" + "&".join(f"a{number}=1" for number in range(30))).status_code == 400
    for query in ("page=x", "deep_link=../../x", "session_hash=x", "__theme=dark", "__theme=%3Cb%3E"):
        answer = tab.http.get(f"/?{query}")
        assert answer.status_code == 200
    picture = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert tab.http.get("/", headers=picture).status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"3", b'{"data": []}', b'{"session_hash": 3}', b'{"session_hash": "../x"}', b"[" * 100_000,
     b'{"session_hash": "%s"}' % (b"x" * 1000), b"\xff\xfe", b'{"session_hash": null, "fn_index": 0, "data": []}'],
)  # fmt: skip
def test_events_that_are_none_are_refused(tab: Tab, body: bytes) -> None:
    answer = tab.http.post("/gradio_api/queue/join", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "content",
    [b"", b"--x", b"--x\r\n\r\n\r\n--x--", b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--x--'],
)
def test_uploads_that_are_none_are_refused(tab: Tab, server: Server, content: bytes) -> None:
    before = set(server.folder.iterdir())
    for upload_id in ("", "?upload_id=abc", "?upload_id=../x"):
        answer = tab.http.post(
            f"/gradio_api/upload{upload_id}",
            content=content,
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
        assert answer.status_code == 400 or answer.json() == []
    assert tab.http.post("/gradio_api/upload", json={}).status_code == 400
    assert set(server.folder.iterdir()) <= before


def test_a_picture_of_the_page_is_no_upload(tab: Tab, astronaut_file: Path) -> None:
    path = tab.first_picture(astronaut_file.read_bytes())
    answer = tab.send("photo", "input", file_value(path))
    assert "was not uploaded here" in answer.text
