"""The one helper that deletes: handed everything there is, it deletes its own and nothing else."""

from __future__ import annotations

import ast
import os
import stat
from pathlib import Path

import pytest

from app.ui.server.folder import FolderError, ServerFolder
from app.ui.server.uploads import file_name
from tests.conftest import ROOT

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes and owners")


@pytest.fixture
def folder(tmp_path: Path) -> ServerFolder:
    """A server's folder inside of a canary's."""
    (tmp_path / "canary.txt").write_text("alive")
    folder = ServerFolder(tmp_path / "around" / "server")
    folder.root.parent.mkdir()
    folder.ensure()
    return folder


def test_what_is_not_in_a_box_is_left_alone(folder: ServerFolder, tmp_path: Path) -> None:
    box = folder.new_box("me")
    (folder.root / "torch").mkdir()
    (tmp_path / "link").symlink_to(folder.root)
    for path in (
        folder.root, folder.root.parent, tmp_path, tmp_path / "canary.txt", Path("/"), Path(), Path(".."), Path.home(),
        box / "..", box / ".." / "..", box / ".." / ".." / ".." / "canary.txt", folder.root / "torch",
        folder.root / "torch" / "x", Path(box.name), tmp_path / box.name, tmp_path / "link" / box.name,
        Path(f"{folder.root}-other") / box.name, folder.root / "aaa",
    ):  # fmt: skip
        with pytest.raises(FolderError):
            folder.remove(path)
    assert (tmp_path / "canary.txt").read_text() == "alive"
    assert box.is_dir()
    assert (folder.root / "torch").is_dir()


def test_nothing_is_deleted_through_a_link(folder: ServerFolder, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    (canary / "deeper").mkdir(parents=True)
    (canary / "deeper" / "photo.png").write_text("alive")
    box = folder.new_box("me")
    (box / "link").symlink_to(canary)
    with pytest.raises(FolderError):
        folder.remove(box / "link" / "deeper" / "photo.png")
    with pytest.raises(FolderError):
        folder.remove(box / "link" / "deeper")
    folder.remove(box / "link")  # the link itself
    assert not (box / "link").is_symlink()
    (box / "link").symlink_to(canary)
    folder.remove(box)
    assert not box.exists()
    swapped = folder.new_box("me")
    swapped.rmdir()
    swapped.symlink_to(canary)
    with pytest.raises(FolderError):
        folder.remove(swapped / "deeper")
    folder.remove(swapped)
    assert not swapped.is_symlink()
    assert (canary / "deeper" / "photo.png").read_text() == "alive"


def test_its_own_is_deleted_and_deleting_twice_does_no_harm(folder: ServerFolder) -> None:
    box, other = folder.new_box("me"), folder.new_box("me")
    (box / "0").mkdir()
    (box / "0" / "picture.png").write_text("x")
    (box / "photo.png").write_text("x")
    folder.remove(box / "0")
    folder.remove(box / "photo.png")
    assert list(box.iterdir()) == []
    for _ in range(2):
        folder.remove(box)
        folder.remove(box / "photo.png")
    assert not box.exists()
    assert other.is_dir()


def test_what_was_closed_is_never_made_anew(folder: ServerFolder) -> None:
    """Work that is under way when the server ends finds no place to write to."""
    box = folder.new_box("me")
    folder.close()
    for act in (folder.ensure, lambda: folder.new_box("me"), lambda: folder.restore(box)):
        with pytest.raises(FolderError, match="has ended"):
            act()
    assert not folder.root.exists()


def test_only_the_owner_reads_a_box(folder: ServerFolder) -> None:
    file = folder.new_box("me") / "photo.png"
    file.write_text("x")
    assert folder.readable(str(file), "me") == file
    for owner in ("you", "", "ME"):
        with pytest.raises(FolderError):
            folder.readable(str(file), owner)
    folder.remove(file.parent)
    with pytest.raises(FolderError):
        folder.readable(str(file), "me")


@posix
def test_the_folder_is_for_this_user_alone_whatever_happened_to_it(folder: ServerFolder) -> None:
    def mode() -> int:
        return stat.S_IMODE(folder.root.stat().st_mode)

    assert mode() == 0o700
    folder.root.chmod(0o777)
    assert not folder.ensure()
    assert mode() == 0o700
    folder.root.rmdir()
    before = os.umask(0)
    try:
        assert folder.ensure()
        assert stat.S_IMODE(folder.new_box("me").stat().st_mode) == 0o700
    finally:
        os.umask(before)
    assert mode() == 0o700


@posix
def test_another_s_folder_in_its_place_is_refused(folder: ServerFolder, tmp_path: Path) -> None:
    box = folder.new_box("me")
    folder.root.rename(tmp_path / "moved")
    folder.root.symlink_to(tmp_path)
    for act in (folder.ensure, lambda: folder.new_box("me"), lambda: folder.remove(box)):
        with pytest.raises(FolderError):
            act()
    folder.close()
    assert (tmp_path / "canary.txt").read_text() == "alive"
    folder.root.unlink()
    folder.root.write_text("a file")
    folder = ServerFolder(folder.root)
    with pytest.raises(FolderError):
        folder.ensure()
    folder.root.unlink()
    folder.root.parent.rmdir()
    with pytest.raises(FolderError, match="cannot be made anew"):
        folder.ensure()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can make another user's folder")
def test_another_user_s_folder_in_its_place_is_refused(folder: ServerFolder) -> None:
    os.chown(folder.root, 65534, 65534)
    with pytest.raises(FolderError, match="not Glowface's"):
        folder.new_box("me")


def test_nothing_else_in_the_web_app_deletes() -> None:
    """Whatever deletes files goes through :meth:`ServerFolder.remove`, which refuses what is not the server's."""
    deleting = {"rmtree", "unlink", "rmdir", "remove", "removedirs", "rename"}
    found = {
        (path.name, node.func.attr)
        for path in (ROOT / "app" / "ui").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in deleting
    }
    callers = {"uploads.py", "visit.py", "visit_files.py", "batch_panel.py"}
    assert {name for name, _ in found} - {"folder.py"} <= callers
    for name in callers:
        text = next((ROOT / "app" / "ui").rglob(name)).read_text()
        assert text.count(".remove(") == text.count("folder.remove(")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("a/b\\c.png", "b_c.png"),
        ("..", "file"),
        ("", "file"),
        (None, "file"),
        ("<b>x</b>.png", "b_.png"),
        ("a\nb\x1b[31m.png", "a_b_[31m.png"),
        ("Jörg 照片.jpg", "Jörg 照片.jpg"),
        ("x" * 300 + ".png", "x" * 100 + ".png"),
        ("照" * 300 + ".png", "照" * 33 + ".png"),
    ],
)
def test_names_of_uploads_are_names(given: str | None, kept: str) -> None:
    assert file_name(given) == kept
