"""Broken sets of pictures in arrays: pickles whose programs are changed, and numpy's archives."""

from __future__ import annotations

import io
import itertools
import pickle
import pickletools
import random
import zipfile
from pathlib import Path

import numpy as np

from tests.fuzz.inputs.models import no_file
from tests.fuzz.inputs.mutate import mutated

PYTHON_2 = (
    b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x05batchq\x03U\x06labelsq\x04]q\x05(K\x06K\x09eU\x04dataq\x06cnumpy.core.multiarray\n"
    b"_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85q\x09U\x01bq\x0a\x87q\x0bRq\x0c(K\x01K\x02K\x0c\x86q\x0dcnumpy\ndtype\nq\x0eU"
    b"\x02u1q\x0fK\x00K\x01\x87q\x10Rq\x11(K\x03U\x01|q\x12NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x13b\x89U\x18abcdefghijklABCDEFGHIJKL"
    b"q\x14tq\x15bu."
)
"""A batch of two pictures of 2×2 pixels as Python 2 wrote it."""

OPERATIONS = (
    *(
        b"cos\nsystem\n",
        b"cnumpy\ndtype\n",
        b"U\x02O8",
        b"X\x02\0\0\0V8",
        b"N",
        b"K?",
        b"J\0\0\0@",
        b"]",
        b"}",
        b"(",
        b")",
    ),
    *(b"t", b"l", b"d", b"u", b"s", b"e", b"a", b"R", b"b", b"0", b"1", b"\x94", b"B\xff\xff\xff\x7f"),
    *(b"\x8e" + b"\xff" * 7 + b"\x7f", b"r\xff\xff\xff\xff", b"\x8b\xff\xff\xff\x7f", b"I" + b"9" * 5000 + b"\n"),
)
"""Operations of pickles that do something else, or claim to be very long."""


def _pickles(chance: random.Random) -> bytes:
    """A whole pickle of two pictures, of any protocol."""
    rows = np.frombuffer(chance.randbytes(24), np.uint8).reshape(2, 12)
    name = chance.choice(("data", b"data"))
    content = {
        name: rows,
        "labels": [1, 2],
        "mean": rows.mean(0),
        b"names": [b"a.png", "b"],
        "more": (None, True, 2.5, 2**70),
    }
    return chance.choice((PYTHON_2, pickle.dumps(content, protocol=chance.randrange(6))))


def _program(chance: random.Random, content: bytes) -> bytes:
    """A pickle's operations dropped, doubled, and put where others were."""
    places = [place for _, _, place in pickletools.genops(content)] + [len(content)]
    parts = [content[start:end] for start, end in itertools.pairwise(places)]
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(parts))
        match chance.choice(("drop", "twice", "often", "swap", "other")):
            case "drop" if len(parts) > 2:
                del parts[at]
            case "twice":
                parts.insert(at, parts[at])
            case "often":
                parts[at:at] = [chance.choice((parts[at], b"]", b"}", b"(", b"\x85", b"2", b"0", b"R", b"b"))] * 50_000
            case "swap":
                other = chance.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
            case "other":
                parts[at] = chance.choice(OPERATIONS)
    return b"".join(parts)


def _archive(chance: random.Random, rows: np.ndarray) -> bytes:
    """An ``.npz`` file whose array says what it likes of itself."""
    file, member = io.BytesIO(), io.BytesIO()
    np.save(member, rows)
    data = member.getvalue()
    match chance.choice(("shape", "dtype", "bomb", "bytes", "none")):
        case "shape":
            odd = chance.choice(
                (b"(10**12,12)", b"(1000000000000, 12)", b"(-1, 12)", b"(2, 12, 1)", b"(24,)", b"()", b"(2.0, 12)")
            )
            data = data.replace(b"(2, 12)", odd)
        case "dtype":
            data = data.replace(b"|u1", chance.choice((b"|O8", b"|i1", b"<u2", b"|V1", b"|b1", b"xyz", b"(3)")))
        case "bomb":
            data += bytes(5_000_000)
        case "bytes":
            data = mutated(chance, data, lambda: data)
    how = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(file, "w", how) as archive:
        archive.writestr(chance.choice(("data.npy", "data.npy", "data.npy", "other.npy")), data)
    whole = file.getvalue()
    return mutated(chance, whole, lambda: whole) if chance.random() < 0.4 else whole


def arrays(chance: random.Random, folder: Path) -> Path:
    if chance.random() < 0.35:
        rows = np.frombuffer(chance.randbytes(24), np.uint8).reshape(2, 12)
        (folder / "train_data_batch_1.npz").write_bytes(_archive(chance, rows))
        return folder
    path, content = folder / "data_batch_1", _pickles(chance)
    match chance.random():
        case share if share < 0.03:
            no_file(chance, path, content)
        case share if share < 0.4:
            path.write_bytes(mutated(chance, content, lambda: _pickles(chance)))
        case _:
            path.write_bytes(_program(chance, content))
    return folder
