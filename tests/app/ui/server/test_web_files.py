"""A page's client may name any file; only those that it has uploaded itself are opened, and later deleted."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.ui.serving import Server, Tab, file_value, serving, until

FIELDS: dict[str, Callable[[Tab, Any], Any]] = {
    "photo": lambda tab, file: tab.send("photo", "input", file),
    "first": lambda tab, file: tab.send("first", "input", file),
    "second": lambda tab, file: tab.send("second", "input", file),
    "batch": lambda tab, file: tab.send("batch-files", "change", [file]),
    "recipe": lambda tab, file: tab.send("upload-recipe", "upload", file),
}
RECIPE = '{"name": "Grin", "moves": {"Smiling": 0.5}}'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder around the server's temporary one: an attack that succeeds destroys nothing else."""
    return tmp_path_factory.mktemp("around")


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Server]:
    temporary = place / "a" / "b" / "tmp"
    temporary.mkdir(parents=True)
    with serving(temporary, idle_seconds=3600, reconnect_seconds=0.2) as server:  # no page comes back
        yield server


@pytest.fixture
def canary(place: Path, astronaut_file: Path) -> Iterator[Path]:
    """A folder of somebody's, with a photo and a recipe."""
    folder = place / "canary"
    folder.mkdir(exist_ok=True)
    (folder / "photo.png").write_bytes(astronaut_file.read_bytes())
    (folder / "recipe.json").write_text(RECIPE)
    yield folder
    assert sorted(path.name for path in folder.iterdir()) == ["photo.png", "recipe.json"]


def ended(tab: Tab, opened: Path) -> None:
    """Close a tab and wait until the server has cleaned up behind it: until a file that it had opened is gone."""
    assert opened.is_file()
    tab.close()
    until(lambda: not opened.exists())


def opened(tab: Tab, field: str, canary: Path) -> Path:
    """Open an upload of the tab's own in a field."""
    name = "recipe.json" if field == "recipe" else "photo.png"
    path = tab.upload((canary / name).read_bytes(), name)
    assert FIELDS[field](tab, file_value(path)).status == 200
    return Path(path)


@pytest.mark.parametrize("field", FIELDS)
def test_another_folder_survives_being_named_without_the_form_of_an_upload(
    server: Server, canary: Path, field: str
) -> None:
    tab = Tab(server.address)
    tab.open()
    own = opened(tab, field, canary)
    name = "recipe.json" if field == "recipe" else "photo.png"
    answer = FIELDS[field](tab, {"path": str(canary / name)})
    ended(tab, own)
    assert (canary / name).is_file()
    assert "no such file of yours" in answer.text
    assert answer.data is None


@pytest.mark.parametrize("field", FIELDS)
def test_the_folder_around_the_server_survives_its_own_folder_being_named(
    server: Server, canary: Path, field: str
) -> None:
    folder = server.folder
    keep = server.temporary / "somebody-else's.txt"
    keep.write_text("keep me")
    tab = Tab(server.address)
    tab.open()
    own = opened(tab, field, canary)
    paths = (folder, folder / ".", server.temporary, folder / "..", f"{folder}/../{keep.name}")
    answers = [FIELDS[field](tab, file_value(str(path))) for path in paths]
    ended(tab, own)
    assert keep.read_text() == "keep me"
    assert folder.is_dir()
    assert canary.is_dir()
    assert all("no such file of yours" in answer.text for answer in answers)


@pytest.mark.parametrize("field", FIELDS)
def test_nothing_but_an_own_upload_is_opened(tab: Tab, server: Server, canary: Path, field: str, place: Path) -> None:
    stranger = Tab(server.address)
    name = "recipe.json" if field == "recipe" else "photo.png"
    content = (canary / name).read_bytes()
    theirs = stranger.upload(content, name)
    own = Path(tab.upload(content, name))
    link, device = own.with_name("link.png"), own.with_name("pipe.png")
    link.symlink_to(canary / name)
    os.mkfifo(device)
    outside = place / "outside.png"
    outside.write_bytes(content)
    roundabout = f"{own.parent}/../{own.parent.name}/{own.name}"
    named = [theirs, str(link), str(device), str(own.parent), str(outside), roundabout]
    for path in [*named, "", "\0", "x" * 5000, "photo.png", "http://127.0.0.1:1/photo.png", str(own.with_name("no"))]:
        answer = FIELDS[field](tab, file_value(path))
        assert "no such file of yours" in answer.text, path
        assert answer.data is None
    for odd in ([str(outside)], {"path": [str(outside)]}, {"path": 3}, {"nested": [file_value(str(outside))]}):
        assert FIELDS[field](tab, odd).data is None
    assert "no such file" not in FIELDS[field](tab, file_value(str(own))).text  # the session goes on
    assert outside.is_file()
    assert Path(theirs).is_file()


def test_an_address_is_never_fetched(tab: Tab) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(1)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/photo.png"
        tab.send("photo", "input", file_value(address))
        assert tab.http.get(f"/gradio_api/file={address}").status_code == 403
        assert tab.http.get(f"/gradio_api/proxy={address}").status_code == 404
        with pytest.raises(TimeoutError):
            listening.accept()


def test_a_visit_deletes_its_own_files_and_no_others(server: Server, canary: Path, astronaut_file: Path) -> None:
    photo = astronaut_file.read_bytes()
    first, second = Tab(server.address), Tab(server.address)
    for tab in (first, second):
        tab.open()
        assert tab.open_photo(photo).data is not None
    uploads = [opened(tab, "photo", canary) for tab in (first, second)]
    unopened = Path(first.upload(b"never opened"))
    before = set(server.folder.iterdir())
    ended(first, uploads[0])
    time.sleep(1)
    gone = before - set(server.folder.iterdir())
    assert uploads[0].parent in gone
    assert uploads[1].is_file()  # of the same photo, in the other tab
    assert unopened.is_file()
    answer = second.send("save", "click", "PNG", "whole", False)
    assert answer.data is not None
    assert second.http.get(f"/gradio_api/file={answer.data[0]['value']['path']}").status_code == 200
    second.close()


def test_another_photo_or_one_that_cannot_be_opened_takes_the_file_away(tab: Tab, canary: Path) -> None:
    first = opened(tab, "photo", canary)
    bad = Path(tab.upload(b"no picture"))
    assert "not a picture" in tab.send("photo", "input", file_value(str(bad))).text
    assert not bad.exists()
    assert first.is_file()  # it is still being edited
    second = opened(tab, "photo", canary)
    assert not first.exists()
    assert second.is_file()
    blended = opened(tab, "first", canary)
    assert tab.send("first", "input", None).status == 200
    assert not blended.exists()
    assert second.is_file()


def test_a_folder_that_goes_under_a_running_server_is_told_and_made_anew(server: Server, astronaut_file: Path) -> None:
    tab = Tab(server.address)
    tab.open()
    assert tab.open_photo(astronaut_file.read_bytes()).data is not None
    folder = server.folder
    moved = folder.rename(folder.with_name("moved-away"))
    answer = tab.send("area", "input", "Whole photo")
    assert "temporary folder was deleted" in answer.text
    assert answer.data is not None
    assert (folder.stat().st_mode & 0o777) == 0o700
    assert "deleted" not in tab.send("area", "input", "Face").text  # said once
    assert tab.open_photo(astronaut_file.read_bytes()).data is not None
    tab.close()
    for path in sorted(moved.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    moved.rmdir()


def test_nothing_is_written_where_another_folder_took_the_place(server: Server, canary: Path) -> None:
    folder = server.folder
    moved = folder.rename(folder.with_name("moved-away"))
    folder.symlink_to(canary)
    tab = Tab(server.address)
    try:
        response = tab.http.post("/gradio_api/upload", files={"files": ("photo.png", b"x")})
        assert response.status_code == 507
        assert "taken the place" in response.text
        assert "taken the place" in tab.send("draw", "click", 0.7, 0, 0.4, "").text
    finally:
        folder.unlink()
        moved.rename(folder)
    assert tab.upload(b"x")
