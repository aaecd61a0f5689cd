"""Arrays in pickles of every protocol are read without unpickling, and what lies about itself is refused."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attributes import DatasetError
from data.formats.cifar_imagenet import ArraySet
from tests.fuzz.inputs.arrays import PYTHON_2

ROWS = np.random.default_rng(0).integers(0, 256, (3, 12), dtype=np.uint8)


def read(path: Path, content: bytes) -> np.ndarray:
    """The pictures of a file with this content, as rows."""
    path.write_bytes(content)
    pictures = ArraySet([path])
    return np.stack([pictures.read(i, 2) for i in range(len(pictures))]).reshape(len(pictures), -1)


def renamed(content: bytes) -> bytes:
    """A pickle as older versions of numpy wrote it."""
    return content.replace(b"numpy._core", b"numpy.core")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_protocol_is_read(tmp_path: Path, protocol: int, order: str) -> None:
    rows = np.asarray(ROWS, order=order)  # type: ignore[call-overload]
    more = {"labels": [1, 2, 300], "mean": ROWS.mean(0), b"names": ["ä", b"b"], "batch": None, "share": 0.5, "n": 2**70}
    content = pickle.dumps({"data": rows, **more}, protocol=protocol)
    assert (read(tmp_path / "data", content) == ROWS).all()
    if protocol < 4:  # later ones count their texts' bytes
        assert (read(tmp_path / "data", renamed(content)) == ROWS).all()


def test_what_python_2_wrote_is_read(tmp_path: Path) -> None:
    found = read(tmp_path / "data", PYTHON_2)
    assert found.tobytes() == b"abcdefghijklABCDEFGHIJKL"
    found[0] = 0  # it may be written to


OBJECTS = b"cnumpy\ndtype\n(U\x02O8K\0K\x01tR"
FORGED = (
    b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tU\x01btR(K\x01(K\x01K\x03tcnumpy\ndtype\n"
    b"(U\x02V8K\0K\x01tR(K\x03U\x01|N(U\x01at}U\x01a("
    + OBJECTS
    + b"J\0\0\0\x40tsK\x08K\x01K\x3ftb\x89((K\x01t(K\x01t(K\x01tltbu."
)
"""An array whose fields lie far outside of it: an unpickler writes there, and the process ends."""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (FORGED, "its data are no array"),
        (pickle.dumps({"data": np.array([[object] * 12])}, protocol=2), "asks for __builtin__.object"),
        (pickle.dumps({"data": ROWS.astype(np.int8)}), "no array of bytes"),
        (pickle.dumps({"data": [1, 2]}), "its data are no array"),
        (pickle.dumps([ROWS]), "it holds no names and values"),
        (pickle.dumps({"other": ROWS}), "its data are no array"),
        (pickle.dumps({"data": ROWS[0]}), r"its data have the shape \(12,\)"),
        (pickle.dumps({"data": ROWS[:, :11]}), r"its data have the shape \(3, 11\)"),
        (PYTHON_2.replace(b"K\x02K\x0c\x86", b"K\x02K\x63\x86"), "cannot reshape array of size 24"),
        (b"\x80\x02B\xff\xff\xff\x7f", "but only 0 remain"),
        (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f", "but only 0 remain"),
        (b"\x80\x02}" + b")\x85" * 260_000 + b".", "more than 500000 operations"),
        (b"\x80\x02)" + b"\x85" * 200_000 + b".", "it holds no names and values"),
        (b"\x80\x02})" + b"\x85" * 200_000 + b"Ns.", "under what is no name"),
        (b"I" + b"9" * 10_000 + b"\n.", "is broken"),
        (b"", "pickle exhausted"),
    ],
    ids=range(16),
)
def test_what_is_no_pickle_of_pictures_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read(tmp_path / "data", content)


def archive(change: Callable[[bytes], bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    """An ``.npz`` file whose array says something else of itself."""
    member, file = io.BytesIO(), io.BytesIO()
    np.save(member, ROWS)
    with zipfile.ZipFile(file, "w", how) as whole:
        whole.writestr("data.npy", change(member.getvalue()))
    return file.getvalue()


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_of_numpy_are_read(tmp_path: Path, how: int) -> None:
    assert (read(tmp_path / "data.npz", archive(lambda content: content, how)) == ROWS).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (archive(lambda content: content.replace(b"(3, 12), }", b"(9999999999999, 12), }")), "its data have the shape"),
        (archive(lambda content: content.replace(b"(3, 12)", b"(-3,12)")), "its data are uint8 of shape"),
        (archive(lambda content: content.replace(b"|u1", b"|O8")), "its data are object"),
        (archive(lambda content: content + bytes(10**6), zipfile.ZIP_DEFLATED), "claim to hold 1000164"),
        (archive(lambda content: content[:-1]), "its data have the shape"),
        (archive(lambda content: content, zipfile.ZIP_BZIP2), "packed in a way"),
        (archive(lambda content: content)[:-30], "not a zip file"),
        (b"", "not a zip file"),
    ],
    ids=range(8),
)
def test_an_archive_that_lies_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read(tmp_path / "data.npz", content)


def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    for name in ("data", "data.npz"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(DatasetError, match="it is no regular file"):
            ArraySet([tmp_path / name])
