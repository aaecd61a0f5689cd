"""What an edit of a photo of 24 megapixels costs: ``python -m benchmarks.large_photo``.

The astronaut, enlarged to 4,000 pixels on a canvas of 6,000×4,000, as 8 bits and as 16; a slider's move in a preview
and at full size, and writing the result as PNG. Memory is what the process holds more at its peak than before (Linux
only). It uses nothing that an older checkout lacks: copied there, it measures that one.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from app.editor import Editor
from app.session import Session
from faces import save_photo

SIDES = (4000, 6000)
PREVIEW = 1024
ROUNDS = 7


def photo() -> np.ndarray:
    """Uint8 ``(4000, 6000, 3)``."""
    rows, columns = SIDES
    canvas = np.zeros((rows, columns, 3), np.uint8)
    left = (columns - rows) // 2
    face = Image.fromarray(skimage.data.astronaut()).resize((rows, rows), Image.Resampling.BICUBIC)
    canvas[:, left : left + rows] = np.asarray(face)
    return canvas


def milliseconds(action: Callable[[int], object], rounds: int = ROUNDS) -> float:
    """The median time of ``action(round)``, after a first one that does not count."""
    seconds = []
    for number in range(rounds + 1):
        start = time.perf_counter()
        action(number)
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[1:])


def peak_bytes(action: Callable[[], object]) -> int:
    """How much more the process holds at its peak than before."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = _status("VmRSS")
    kept = action()
    after = _status("VmHWM")
    del kept
    return after - before


def _status(what: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(what))


def row(editor: Editor, name: str, source: np.ndarray) -> str:
    """A line of the table."""
    session = Session(editor)
    session.open(source)
    view = session.view(PREVIEW, face=True)

    def move(number: int) -> bool:
        return session.set({"Blond_Hair": (number % 10 + 1) / 10})

    move(9)
    session.picture(view)
    preview = milliseconds(lambda number: (move(number), session.picture(view)))
    full = milliseconds(lambda number: (move(number), session.picture()))
    move(3)
    session.picture(view)  # so that the peak is that of putting back alone
    peak = peak_bytes(session.picture) / source[..., 0].size
    with tempfile.TemporaryDirectory() as folder:
        edited = session.picture()
        written = milliseconds(lambda _: save_photo(edited, Path(folder) / "edited.png"), 1)
    return f"| {name} | {preview:.0f} | {full:.0f} | {written:.0f} | {peak:.1f} |"


def main() -> None:
    """Measure."""
    editor = Editor.load(device="cpu")
    print("| photo | move in a preview, ms | move at full size, ms | PNG written, ms | peak of a move, bytes a pixel |")
    print("| --- | ---: | ---: | ---: | ---: |")
    pixels = photo()
    print(row(editor, "8 bits", pixels))
    print(row(editor, "16 bits", pixels.astype(np.uint16) * 257))


if __name__ == "__main__":
    main()
