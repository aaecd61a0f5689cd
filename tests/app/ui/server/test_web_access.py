"""Who may ask the server for what: other browsers, other sites, the environment, and those who ask for too much."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.ui.server.environment import close_environment
from app.ui.server.gate import MOST_EVENTS, MOST_REQUESTS
from app.ui.server.uploads import LARGEST
from tests.app.ui.serving import Server, Tab, file_value, serving

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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that was started in an environment which would open it."""
    with serving(tmp_path_factory.mktemp("server"), age=4, environment=HOSTILE) as server:
        yield server


@pytest.fixture
def tab(server: Server) -> Iterator[Tab]:
    tab = Tab(server.address)
    tab.open()
    yield tab
    tab.close()


def first_picture(tab: Tab, photo: bytes) -> str:
    """Open a photo; the path of the picture that the page shows."""
    answer = tab.open_photo(photo)
    assert answer.data is not None
    return next(value[0]["path"] for value in answer.data if isinstance(value, list) and value and value[0])


def test_a_foreign_session_hash_gets_nothing(tab: Tab, server: Server, astronaut_file: Path) -> None:
    path = first_picture(tab, astronaut_file.read_bytes())
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
    assert "another browser" in thief.send("save", "click", "PNG (exact)").text
    assert tab.http.get(f"/gradio_api/file={path}").status_code == 200
    assert tab.send("save", "click", "PNG (exact)").data is not None


def test_two_tabs_of_one_browser_have_their_own_photos(tab: Tab, server: Server, astronaut_file: Path) -> None:
    first_picture(tab, astronaut_file.read_bytes())
    other = Tab(server.address, cookies=tab.http.cookies)
    answer = other.send("save", "click", "PNG (exact)")
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
    path = first_picture(tab, astronaut_file.read_bytes())
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


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(tab: Tab, server: Server) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="x.png"\r\n\r\n'
        for _ in range(250):
            yield bytes(1024**2)
        yield b"\r\n--x--\r\n"

    before = set(server.folder.iterdir())
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        answer = tab.http.post("/gradio_api/upload", content=endless(), headers=kind)
        assert answer.status_code == 413
        assert f"larger than {LARGEST // 10**6} MB" in answer.text
    except httpx.TransportError:
        pass  # the server may hang up before all is sent
    _until(lambda: set(server.folder.iterdir()) <= before)
    assert tab.upload(b"small")


def test_uploads_that_no_page_opens_go_after_a_while(server: Server, astronaut_file: Path) -> None:
    tab, honest = Tab(server.address), Tab(server.address)
    honest.open()
    shown = first_picture(honest, astronaut_file.read_bytes())
    paths = [Path(tab.upload(b"x" * 100, f"{number}.png")) for number in range(1000)]
    _until(lambda: not any(path.exists() or path.parent.exists() for path in paths))
    # What a page holds open stays.
    assert honest.http.get(f"/gradio_api/file={shown}").status_code == 200
    assert honest.send("save", "click", "PNG (exact)").data is not None
    honest.close()


def test_a_visit_that_no_browser_holds_open_ends(server: Server, astronaut_file: Path) -> None:
    tab = Tab(server.address)  # a program that never opens a heartbeat
    path = Path(first_picture(tab, astronaut_file.read_bytes()))
    assert path.is_file()
    _until(lambda: not path.exists())


def test_a_flood_of_events_does_not_keep_others_waiting(server: Server, tab: Tab, astronaut_file: Path) -> None:
    flooder = Tab(server.address)
    codes = [flooder.join("undo", "click").status_code for _ in range(200)]
    assert set(codes) == {200, 429}  # some wait, or wait to be read; then no more are taken
    crowd = [Tab(server.address) for _ in range(30)]
    for member in crowd:
        for _ in range(5):
            assert member.join("undo", "click").status_code == 200
    assert tab.open_photo(astronaut_file.read_bytes()).data is not None


def test_pages_that_are_closed_while_something_runs_lock_nobody_out(server: Server, astronaut_file: Path) -> None:
    first = Tab(server.address)
    for _ in range(MOST_EVENTS + 5):
        tab = Tab(server.address, cookies=first.http.cookies)
        tab.join("undo", "click")
        tab.request(f"/gradio_api/queue/data?session_hash={tab.session}").close()
        tab.close()
    assert first.open_photo(astronaut_file.read_bytes()).data is not None


def test_a_drawn_face_can_be_clicked_after_many_moves(tab: Tab) -> None:
    drawn = tab.send("draw", "click", 0.7, 0)
    assert drawn.data is not None
    faces = drawn.data[0]
    picture = (faces if isinstance(faces, list) else faces["value"])[3]["image"]["path"]
    for number in range(15):
        chosen = tab.send("grid", "select", told={"index": 3, "value": file_value(picture)})
        assert chosen.data is not None, chosen.text
        if not number:
            assert tab.send("edit-drawn", "click", 3).data is not None
        assert tab.send("area", "input", ("Face", "Whole photo")[number % 2]).data is not None
    assert tab.http.get(f"/gradio_api/file={picture}").status_code == 200


@pytest.mark.parametrize("index", [-1, [-1, 0], "0", None, [[0]], float("inf")], ids=str)
def test_what_cannot_be_clicked_is_refused(tab: Tab, astronaut_file: Path, index: object) -> None:
    tab.open_photo(astronaut_file.read_bytes())
    if index == float("inf"):
        body = {"data": [], "fn_index": tab.function("faces", "select"), "session_hash": tab.session}
        text = json.dumps(body | {"event_data": {"index": index}})
        assert tab.http.post("/gradio_api/queue/join", content=text).status_code == 400
    else:
        assert tab.send("faces", "select", told={"index": index}).data is None
    assert tab.send("save", "click", "PNG (exact)").data is not None


def test_odd_addresses_of_the_page_are_answered(tab: Tab) -> None:
    assert tab.http.get("/?" + "&".join(f"a{number}=1" for number in range(30))).status_code == 400
    for query in ("page=x", "deep_link=../../x", "session_hash=x", "__theme=dark", "__theme=%3Cb%3E"):
        answer = tab.http.get(f"/?{query}")
        assert answer.status_code == 200
    picture = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert tab.http.get("/", headers=picture).status_code == 403


def test_streams_that_are_left_open_harm_nobody(server: Server, tab: Tab, astronaut_file: Path) -> None:
    sluggish = Tab(server.address)
    sluggish.join("draw", "click", 0.7, 0)
    with contextlib.ExitStack() as stack:
        for path in (f"queue/data?session_hash={sluggish.session}", f"heartbeat/{sluggish.session}"):
            stack.enter_context(sluggish.request(f"/gradio_api/{path}"))
        host, port = server.address.removeprefix("http://").split(":")
        half = stack.enter_context(socket.create_connection((host, int(port))))
        half.sendall(
            f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 1000\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\nContent-Disposition: form-data".encode()
        )
        assert tab.open_photo(astronaut_file.read_bytes()).data is not None
        streams = [sluggish.request(f"/gradio_api/heartbeat/{sluggish.session}") for _ in range(150)]
        answers = [stream.recv(12) for stream in streams]
        assert answers.count(b"HTTP/1.1 200") <= MOST_REQUESTS
        assert answers.count(b"HTTP/1.1 429") >= len(streams) - MOST_REQUESTS
        assert tab.send("area", "input", "Whole photo").data is not None
        for stream in streams:
            stream.close()
    _until(lambda: sluggish.http.get("/config").status_code == 200)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"3", b'{"data": []}', b'{"session_hash": 3}', b'{"session_hash": "../x"}', b"[" * 100_000,
     b'{"session_hash": "%s"}' % (b"x" * 1000), b"\xff\xfe", b'{"session_hash": null, "fn_index": 0, "data": []}'],
)  # fmt: skip
def test_events_that_are_none_are_refused(tab: Tab, body: bytes) -> None:
    answer = tab.http.post("/gradio_api/queue/join", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


def test_an_event_may_not_be_endless(tab: Tab) -> None:
    body = json.dumps({"session_hash": tab.session, "fn_index": 0, "data": ["x" * 2_000_000]})
    assert tab.http.post("/gradio_api/queue/join", content=body).status_code == 413


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


def test_many_at_once_get_what_is_theirs(server: Server, astronaut_file: Path) -> None:
    photo = astronaut_file.read_bytes()
    found: dict[int, set[str]] = {}

    def use(number: int) -> None:
        tab = Tab(server.address)
        tab.open()
        first_picture(tab, photo)
        answer = tab.send("area", "input", "Whole photo")
        assert answer.data is not None
        found[number] = {value["path"] for value in answer.data[0]}
        tab.close()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set.union(*found.values())) == sum(map(len, found.values()))


def _until(condition: object, seconds: float = 60) -> None:
    assert callable(condition)
    for _ in range(int(seconds * 10)):
        if condition():
            return
        time.sleep(0.1)
    assert condition()


def test_a_picture_of_the_page_is_no_upload(tab: Tab, astronaut_file: Path) -> None:
    path = first_picture(tab, astronaut_file.read_bytes())
    answer = tab.send("photo", "input", file_value(path))
    assert "was not uploaded here" in answer.text
