"""Those who ask the server for too much: large files, floods, streams left open, and many at once."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.ui.server.request_guard import MAX_EVENTS, MAX_REQUESTS
from faces import MAX_FILE_BYTES
from tests.app.ui.serving import Server, Tab, file_value, serving, until


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(tab: Tab, server: Server) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="x.png"\r\n\r\n'
        for _ in range(250):
            yield bytes(1024**2)
        yield b"\r\n--x--\r\n"

    before = {*server.folder.iterdir(), server.folder / "torch"}  # torch's own folder may come meanwhile
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        answer = tab.http.post("/gradio_api/upload", content=endless(), headers=kind)
        assert answer.status_code == 413
        assert f"larger than {MAX_FILE_BYTES // 10**6} MB" in answer.text
    except httpx.TransportError:
        pass  # the server may hang up before all is sent
    until(lambda: set(server.folder.iterdir()) <= before)
    assert tab.upload(b"small")


@pytest.mark.slow
def test_what_no_page_holds_open_goes_after_a_while(
    tmp_path_factory: pytest.TempPathFactory, astronaut_file: Path
) -> None:
    """Uploads, and the visit of a program that never opens a heartbeat."""
    photo = astronaut_file.read_bytes()
    # Not before a busy machine can open a photo.
    with serving(tmp_path_factory.mktemp("hasty"), idle_seconds=8) as hasty:
        uploading, program, honest = Tab(hasty.address), Tab(hasty.address), Tab(hasty.address)
        honest.open()
        shown = honest.first_picture(photo)
        of_program = Path(program.first_picture(photo))
        assert of_program.is_file()
        paths = [Path(uploading.upload(b"x" * 100, f"{number}.png")) for number in range(200)]
        until(lambda: not any(path.exists() or path.parent.exists() for path in paths))
        until(lambda: not of_program.exists())
        # What a page holds open stays.
        assert honest.http.get(f"/gradio_api/file={shown}").status_code == 200
        assert honest.send("save", "click", "PNG", "whole", False).data is not None
        honest.close()


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
    for _ in range(MAX_EVENTS + 5):
        tab = Tab(server.address, cookies=first.http.cookies)
        tab.join("undo", "click")
        tab.request(f"/gradio_api/queue/data?session_hash={tab.session}").close()
        tab.close()
    assert first.open_photo(astronaut_file.read_bytes()).data is not None


def test_a_drawn_face_can_be_clicked_after_many_moves(tab: Tab) -> None:
    drawn = tab.send("draw", "click", 0.7, 0, 0.4, "")
    assert drawn.data is not None
    # The sliders come first.
    faces = next(each for each in drawn.data if isinstance(each, dict) and isinstance(each.get("value"), list))
    picture = faces["value"][3]["image"]["path"]
    for number in range(15):
        chosen = tab.send("grid", "select", told={"index": 3, "value": file_value(picture)})
        assert chosen.data is not None, chosen.text
        if not number:
            assert tab.send("edit-drawn", "click").data is not None
        assert tab.send("area", "input", ("Face", "Whole photo")[number % 2]).data is not None
    assert tab.http.get(f"/gradio_api/file={picture}").status_code == 200


def test_streams_that_are_left_open_harm_nobody(server: Server, tab: Tab, astronaut_file: Path) -> None:
    sluggish = Tab(server.address)
    sluggish.join("draw", "click", 0.7, 0, 0.4, "")
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
        assert answers.count(b"HTTP/1.1 200") <= MAX_REQUESTS
        assert answers.count(b"HTTP/1.1 429") >= len(streams) - MAX_REQUESTS
        assert tab.send("area", "input", "Whole photo").data is not None
        for stream in streams:
            stream.close()
    until(lambda: sluggish.http.get("/config").status_code == 200)


def test_an_event_may_not_be_endless(tab: Tab) -> None:
    body = json.dumps({"session_hash": tab.session, "fn_index": 0, "data": ["x" * 2_000_000]})
    assert tab.http.post("/gradio_api/queue/join", content=body).status_code == 413


def test_many_at_once_get_what_is_theirs(server: Server, astronaut_file: Path) -> None:
    photo = astronaut_file.read_bytes()
    found: dict[int, set[str]] = {}

    def use(number: int) -> None:
        tab = Tab(server.address)
        tab.open()
        tab.first_picture(photo)
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
