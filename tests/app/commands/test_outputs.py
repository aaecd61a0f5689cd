"""Where the commands write, and where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import main


@pytest.mark.parametrize(
    "command",
    [
        ["edit", "PHOTO", "--set", "Smiling=1"],
        ["blend", "PHOTO", "other.jpg"],
        ["grid", "PHOTO", "--across", "Smiling"],
        ["animate", "PHOTO", "--slider", "Smiling"],
        ["animate", "other.jpg", "PHOTO"],
    ],
    ids=" ".join,
)
def test_no_picture_is_written_over_the_photo_that_it_is_made_from(
    command: list[str], astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suffix = ".gif" if command[0] == "animate" else ".jpg"
    own, alias = tmp_path / f"own{suffix}", tmp_path / f"alias{suffix}"
    own.write_bytes(astronaut_file.read_bytes())
    alias.symlink_to(own)
    before = own.read_bytes()
    for target in (own, alias):
        assert main([*(str(own) if word == "PHOTO" else word for word in command), "-o", str(target)]) == 1
        assert "that is the photo itself, which would be lost. Choose another name." in capsys.readouterr().err
    assert own.read_bytes() == before
