"""The endpoints, as programs call them with Gradio's client. What they give is tested with docs/api.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.app.ui.serving import Server, Tab

LOCKED = ("face", "str", "1"), ("lock_background", "bool", True)


@pytest.fixture
def server(shared_server: Server) -> Server:
    return shared_server


def files(server: Server) -> set[Path]:
    """Those in the server's temporary folder."""
    return {path for path in server.folder.rglob("*") if path.is_file()}


@pytest.fixture
def client(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    from gradio_client import Client

    client = Client(server.address, download_files=tmp_path, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def test_the_endpoints_and_their_parameters_are_these(client: Any) -> None:
    """People's programs rely on them."""
    file, moves, names = "filepath", "None | dict(str, float)", "None | list[str]"
    photo = ("photo", file, None)
    values = ("values", moves, None), ("keep", names, None)
    told = client.view_api(return_format="dict", print_info=False)
    assert told["unnamed_endpoints"] == {}
    assert {
        name: [(p["parameter_name"], p["python_type"]["type"], p["parameter_default"]) for p in endpoint["parameters"]]
        for name, endpoint in told["named_endpoints"].items()
    } == {
        "/edit": [photo, *values, *LOCKED],
        "/blend": [
            ("first", file, None), ("second", file, None), ("ratio", "float", 0.5), LOCKED[0],
            ("second_face", "str", "1"), LOCKED[1], ("shape", "None | float", None), ("colours", "None | float", None),
        ],
        "/sample": [("count", "int", 1), ("temperature", "float", 0.7), ("seed", "int", 0)],
        "/animate": [
            photo, ("second", f"None | {file}", None), ("slider", "str", ""), ("low", "float", -1.0),
            ("high", "float", 1.0), *values, ("frames", "int", 24), ("format", "Literal['mp4', 'gif']", "mp4"),
            ("size", "int", 256), ("close_up", "bool", True), LOCKED[0], ("second_face", "str", "1"), LOCKED[1],
        ],
        "/read": [photo, LOCKED[0]],
        "/labels": [],
    }  # fmt: skip
    assert [
        endpoint["returns"][0]["python_type"]["type"].split("(")[0] for endpoint in told["named_endpoints"].values()
    ] == [file, file, f"list[{file}]", file, "dict", "list[dict"]


def test_what_is_wrong_is_told_in_a_line(
    client: Any, server: Server, astronaut_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from gradio_client import handle_file
    from gradio_client.exceptions import AppError

    Image.new("RGB", (64, 64), "grey").save(tmp_path / "wall.png")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    photo, wall, broken = (
        handle_file(path) for path in (astronaut_file, tmp_path / "wall.png", tmp_path / "broken.jpg")
    )
    film = {"photo": photo, "api_name": "/animate"}
    before = files(server)
    for call, message in [
        ({"photo": wall, "api_name": "/edit"}, r"^wall\.png: No face was found"),
        ({"photo": broken, "api_name": "/read"}, r"^'broken\.jpg' is not a picture"),
        ({"photo": photo, "face": "3", "api_name": "/read"}, r"astronaut\.png: face 3 was asked for, and 1 found"),
        ({"photo": photo, "face": "first", "api_name": "/read"}, "the face is 'first'"),
        ({"photo": photo, "values": {"Smile": 1}, "api_name": "/edit"}, "did you mean Smiling"),
        ({"photo": photo, "values": {"Smiling": "much"}, "api_name": "/edit"}, "the value of Smiling is 'much'"),
        ({"photo": photo, "values": [1], "api_name": "/edit"}, r"values is \[1\]"),
        ({"photo": photo, "keep": "Male", "api_name": "/edit"}, "keep is 'Male'; it must be a list"),
        ({"photo": photo, "lock_background": 1, "api_name": "/edit"}, "lock_background is 1"),
        ({"first": photo, "second": photo, "ratio": 2, "api_name": "/blend"}, "the ratio is 2; it must be a number"),
        ({"first": photo, "second": photo, "colours": -1, "api_name": "/blend"}, "the ratio of colours is -1"),
        ({"first": photo, "second": wall, "api_name": "/blend"}, r"^wall\.png: No face was found"),
        ({"count": 17, "api_name": "/sample"}, "count is 17; it must be a whole number from 1 to 16"),
        ({"seed": 2**63, "api_name": "/sample"}, "seed is 9223372036854775808; it must be a whole number from"),
        (film, "give either a slider"),
        (film | {"slider": "Smiling", "second": photo}, "give either a slider"),
        (film | {"slider": "Smiling", "frames": 1000}, "frames is 1000"),
        (film | {"slider": "Smiling", "format": "../x"}, "format is '../x'; choose one of mp4, gif"),
    ]:
        with pytest.raises(AppError, match=message):
            client.predict(**call)
    assert capfd.readouterr().err == "", "the server's terminal stays quiet"
    assert files(server) <= before, "photos of refused calls are gone"


def test_a_result_is_its_client_s_alone(client: Any, server: Server, astronaut_file: Path) -> None:
    from gradio_client import Client, handle_file

    before = files(server)
    client.predict(handle_file(astronaut_file), api_name="/edit")
    (kept,) = files(server) - before
    assert kept.name == "astronaut.png"
    address = f"{server.address}/gradio_api/file={kept}"
    assert httpx.get(address, cookies=client.cookies, trust_env=False).content == kept.read_bytes()
    assert httpx.get(address, trust_env=False).status_code == 403
    other = Client(server.address, verbose=False, analytics_enabled=False)
    assert other.cookies != client.cookies
    assert httpx.get(address, cookies=other.cookies, trust_env=False).status_code == 403
    other.close()
    # Nobody may name another's file in a call.
    tab = Tab(server.address)
    number = next(d["id"] for d in tab.config["dependencies"] if d["api_name"] == "read")
    body = {"data": [{"path": str(kept), "meta": {"_type": "gradio.FileData"}}, "1"], "fn_index": number}
    answer = tab.http.post("/gradio_api/queue/join", json=body | {"session_hash": tab.session})
    assert answer.status_code == 422
    tab.close()


@pytest.mark.parametrize("path", ["call/edit", "run/edit", "api/edit", "call/v2/edit"])
def test_no_call_goes_past_the_queue(server: Server, path: str) -> None:
    answer = httpx.post(f"{server.address}/gradio_api/{path}", json={"data": []}, trust_env=False)
    assert answer.status_code == 404
