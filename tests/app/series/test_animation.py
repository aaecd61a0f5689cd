"""Animations are read back by other programs as they were meant."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from app.series.animation import FRAMES_A_SECOND, save_animation, there_and_back
from faces import PhotoError


def test_there_and_back_shows_no_end_twice() -> None:
    assert there_and_back([1, 2, 3, 4]) == [1, 2, 3, 4, 3, 2]
    assert there_and_back([1, 2]) == [1, 2]
    assert there_and_back([1]) == [1]


@pytest.fixture
def frames() -> list[np.ndarray]:
    """A bar that wanders over a soft ground, 51 by 65: H.264 knows no odd sides."""
    ground = np.linspace(40, 200, 65, dtype=np.uint8)[None, :, None].repeat(51, 0).repeat(3, 2)
    made = []
    for place in range(0, 60, 10):
        frame = ground.copy()
        frame[:, place : place + 6] = (220, 40, 30)
        made.append(frame)
    return made


def test_a_gif_has_all_frames_and_starts_over(frames: list[np.ndarray], tmp_path: Path) -> None:
    save_animation(frames, tmp_path / "bar.gif")
    with Image.open(tmp_path / "bar.gif") as gif:
        assert (gif.n_frames, gif.size, gif.info["loop"]) == (6, (65, 51), 0)
        assert gif.info["duration"] == 1000 // FRAMES_A_SECOND
        for number, frame in enumerate(frames):
            gif.seek(number)
            assert np.abs(np.asarray(gif.convert("RGB"), float) - frame).mean() < 6


def test_an_mp4_is_h264_with_all_frames(frames: list[np.ndarray], tmp_path: Path) -> None:
    save_animation(frames, tmp_path / "bar.mp4")
    with av.open(tmp_path / "bar.mp4") as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == FRAMES_A_SECOND
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert len(shown) == len(frames)
    for frame, meant in zip(shown, frames, strict=True):
        assert frame.shape == (50, 64, 3)
        assert np.abs(frame.astype(float) - meant[:50, :64]).mean() < 4


@pytest.mark.parametrize(("name", "told"), [("film.avi", ".gif or .mp4"), ("nowhere/film.gif", "make it first")])
def test_where_an_animation_cannot_go_is_told_and_nothing_is_left(name: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=told):
        save_animation([np.zeros((8, 8, 3), np.uint8)], tmp_path / name)
    assert not list(tmp_path.iterdir())
