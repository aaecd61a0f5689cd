"""Pictures that move: GIF, and MP4 with H.264, which every browser and phone plays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from faces import PhotoError
from storage.files import atomic_write

FRAMES_A_SECOND = 20
"""GIF counts in hundredths of a second, and browsers show none under two."""

KINDS = (".gif", ".mp4")

_QUALITY = {"crf": "16", "preset": "medium"}  # of H.264: nobody sees what is lost

Frame = TypeVar("Frame")


def there_and_back(frames: Sequence[Frame]) -> list[Frame]:
    """The frames forwards and backwards, without the two ends twice: shown over and over, nothing jumps."""
    return [*frames, *frames[-2:0:-1]]


def check_animation(path: Path) -> None:
    """See to it that an animation can be written to ``path``, before it is made.

    Raises:
        PhotoError: its suffix names another format, or its folder is not there.
    """
    if path.suffix.lower() not in KINDS:
        raise PhotoError(f"{path}: an animation is written as {' or '.join(KINDS)}.")
    if not path.absolute().parent.is_dir():
        raise PhotoError(f"{path}: there is no folder {path.parent}; make it first.")


def save_animation(frames: Sequence[np.ndarray], path: Path, frames_a_second: int = FRAMES_A_SECOND) -> None:
    """Write frames as an animation that starts over at its end.

    Args:
        frames: at least one, uint8 ``(H, W, 3)``, of one size.
        path: its suffix, ``.gif`` or ``.mp4``, names the format.
        frames_a_second: how many are shown in a second.

    Raises:
        PhotoError: the suffix names another format, or the file cannot be written.
    """
    check_animation(path)
    write = _write_gif if path.suffix.lower() == ".gif" else _write_mp4
    try:
        with atomic_write(path) as file:
            write(frames, file, frames_a_second)
    except OSError as error:
        raise PhotoError(f"{path}: it cannot be written ({error.strerror or error}).") from error


def _write_gif(frames: Sequence[np.ndarray], path: Path, frames_a_second: int) -> None:
    # One palette for all frames: with one for each, still places flicker.
    shown = np.concatenate([frame[::4, ::4].reshape(-1, 3) for frame in frames])
    palette = Image.fromarray(shown[None]).quantize(256, Image.Quantize.MEDIANCUT)
    images = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for frame in frames]
    images[0].save(
        path, "GIF", save_all=True, append_images=images[1:], duration=1000 // frames_a_second, loop=0, optimize=False
    )


def _write_mp4(frames: Sequence[np.ndarray], path: Path, frames_a_second: int) -> None:
    import av  # takes a third of a second, and only who films needs it

    height, width = (side - side % 2 for side in frames[0].shape[:2])  # H.264 has colour at half the resolution
    if min(height, width) == 0:
        raise PhotoError("a film is at least 2 pixels high and wide.")
    with av.open(os.fspath(path), "w", format="mp4", options={"movflags": "+faststart"}) as film:
        stream = film.add_stream("libx264", rate=Fraction(frames_a_second), options=_QUALITY)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:height, :width]))))
        film.mux(stream.encode())
