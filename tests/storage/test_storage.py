"""Files from outside: only regular ones are read, headers are what we write, and nothing is left half written."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from glow import CheckpointError
from storage.files import FileError, atomic_write, open_regular, read_bytes, read_text, remove_unfinished
from storage.tensors import LARGEST_HEADER, read_header, read_safetensors, write_safetensors
from storage.values import InvalidValueError, parse_json


def with_header(path: Path, text: str) -> Path:
    """A whole safetensors file with this text where our header is."""
    save_file({"a": torch.zeros(2)}, path, metadata={"glowface": text})
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", r"its header is \[1, 2\]; it must be an object"),
        ("7", "its header is 7"),
        ('{"kind": "model"', "is not JSON"),
        ('{"kind": "model", "kind": "slider"}', "'kind' is in it twice"),
        ('{"kind": "model", "version": "1"}', "its version is '1'"),
        ('{"kind": "model", "version": 99}', "format 99, this Glowface knows up to 1; update"),
        ('{"kind": ["model"]}', r"holds \['model'\], where a 'model' is needed"),
        ('{"kind": "model", "version": ' + "9" * 5000 + "}", "is not JSON"),
        ('{"kind": ' + "[" * 30 + "]" * 30 + "}", "nested more than 20 deep"),
        ('{"kind": ' + "[" * 100_000 + "]" * 100_000 + "}", "is not JSON"),
        ('{"kind": "' + "x" * 2**20 + '"}', "characters of JSON"),
    ],
)
def test_a_header_of_another_kind_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = with_header(tmp_path / "m.safetensors", text)
    with pytest.raises(CheckpointError, match=message):
        read_header(path, "model")


def test_a_table_of_tensors_that_lies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    for offsets, shape in (([0, 16], [4]), ([0, 8], [4]), ([4, 12], [2]), ([0, 2**62], [2**60]), ([8, 0], [2])):
        table = json.dumps({"a": {"dtype": "F32", "shape": shape, "data_offsets": offsets}}).encode()
        path.write_bytes(len(table).to_bytes(8, "little") + table + bytes(8))
        with pytest.raises(CheckpointError, match="broken or not a safetensors file"):
            read_safetensors(path, "model")
    path.write_bytes((LARGEST_HEADER + 1).to_bytes(8, "little") + b"{")
    with pytest.raises(CheckpointError, match="a header of 16777217 bytes"):
        read_safetensors(path, "model")


def test_a_file_that_is_as_good_as_endless_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_safetensors(path, {"a": torch.zeros(2)}, {"kind": "model"})
    os.truncate(path, 10**11)
    with pytest.raises(CheckpointError, match="broken or not a safetensors file"):
        read_safetensors(path, "model")
    with pytest.raises(FileError, match="it has 100000000000 bytes, more than 1000"):
        read_bytes(path, 1000)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    for name, message in (("pipe", "regular"), ("device", "regular"), ("folder", "regular"), ("gone", "No such file")):
        with pytest.raises(FileError, match=message):
            open_regular(tmp_path / name)
    for name in ("pipe", "device", "folder", "gone", "round", "\0", "x" * 5000):
        with pytest.raises(FileError):
            read_bytes(tmp_path / name, 10)
        with pytest.raises(CheckpointError):
            read_header(tmp_path / name, "model")
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbfa")
    (tmp_path / "link").symlink_to(tmp_path / "text")
    assert read_text(tmp_path / "link", 10) == "a"
    (tmp_path / "text").write_bytes(b"\xff")
    with pytest.raises(FileError, match=r"no UTF-8 text \(.* at byte 0\)"):
        read_text(tmp_path / "text", 10)


def test_no_memory_is_set_aside_for_what_a_file_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"abcdef")
    with open_regular(tmp_path / "short") as file:
        assert file.read(2**62) == b"abcdef"
    with open_regular(tmp_path / "short", at_once=4) as file:
        assert [file.read(2**62), file.read(), file.read()] == [b"abcd", b"ef", b""]
    with open_regular(tmp_path / "short") as file:
        with (tmp_path / "short").open("ab") as more:
            more.write(b"ghi")
        assert file.read() == b"abcdef", "it has grown since"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError), atomic_write(path) as aside:
        aside.write_text("half \ud800", encoding="utf-8")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_written_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_safetensors(tmp_path / "tensors", {"a": torch.zeros(1)}, {"kind": "test"})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "tensors").stat().st_mode) == 0o640


def test_two_that_write_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "both"
    with atomic_write(path) as first, atomic_write(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # whose block ended last
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    name = "n" * 255
    killed = (
        "import os, sys; from pathlib import Path; from storage.files import atomic_write\n"
        "with atomic_write(Path(sys.argv[1])) as aside: aside.write_text('half'); os._exit(1)"
    )
    for path in (tmp_path / name, tmp_path / "other"):
        subprocess.run([sys.executable, "-c", killed, str(path)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    with atomic_write(tmp_path / name) as aside:
        aside.write_text("whole")
    assert [path.name for path in tmp_path.glob(".*")] == [".other.part"]  # its own went as it was written again
    remove_unfinished(tmp_path, name)
    assert (tmp_path / ".other.part").exists()
    remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "whole"


def test_numbers_of_json_stay_what_they_are() -> None:
    assert parse_json('{"a": [1, 2.5, "b", null, true]}') == {"a": [1, 2.5, "b", None, True]}
    with pytest.raises(InvalidValueError, match="it is not JSON"):
        parse_json("")
