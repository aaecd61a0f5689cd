"""An edit of a cartoon brings no more colour into it than edits of photos do, and leaves what is around it alone."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps

from app.editor import Editor
from faces import Photo
from faces.compositing.colour import MAX_CHANGE, STRONGEST, colour_limited
from faces.compositing.paste import LUMA


def colour_of(change: np.ndarray) -> float:
    """How much colour a change ``(H, W, 3)`` brings in, but for its strongest hundredth."""
    return float(np.quantile(np.abs(change - (change @ LUMA)[..., None]).max(-1), 1 - STRONGEST))


def test_a_cartoon_neither_glows_nor_gets_a_halo(editor: Editor, astronaut: np.ndarray) -> None:
    smooth = Image.fromarray(astronaut).filter(ImageFilter.MedianFilter(7))
    cartoon = np.asarray(ImageOps.posterize(smooth, 2))
    portrait = editor.portrait(Photo(cartoon, name="cartoon"), editor.detector.require(cartoon)[0])
    picture = editor.moved(portrait, {"Blond_Hair": 1.0})
    raw = ((picture - portrait.decoded) * portrait.matte)[0].permute(1, 2, 0).numpy()
    assert colour_of(raw) > 1.2 * MAX_CHANGE, "this is no longer a picture that would glow"
    found = editor.edit(portrait, {"Blond_Hair": 1.0}).pixels.astype(int)
    square = portrait.alignment.quad
    (left, top), (right, bottom) = square.min(0).astype(int), square.max(0).astype(int)
    inside = np.zeros(found.shape[:2], bool)
    inside[top:bottom, left:right] = True
    assert colour_of((found - cartoon)[inside].reshape(bottom - top, -1, 3) / 255) < 1.2 * MAX_CHANGE
    # Around the head, a twentieth of the square away from it: nobody sees that anything was done.
    width = 2 * round(portrait.alignment.size / 20) + 1
    person = Image.fromarray((portrait.matte[0, 0].numpy() > 0.05).astype(np.uint8) * 255)
    person = person.resize((right - left, bottom - top)).filter(ImageFilter.MaxFilter(width))
    ring = inside.copy()
    ring[top:bottom, left:right] &= np.asarray(person) == 0
    assert ring.sum() > 0.05 * inside.sum()
    assert np.abs(found - cartoon)[ring].max() <= 2
    assert np.abs(found - cartoon)[~inside].max() == 0


def test_what_edits_change_in_photos_is_left_as_it_is(editor: Editor, astronaut: np.ndarray) -> None:
    portrait = editor.open(astronaut)
    change = (editor.moved(portrait, {"Blond_Hair": 1.5}) - portrait.decoded) * portrait.matte
    assert colour_limited(change) is change
    glowing = change * 10
    limited = colour_limited(glowing)
    luma = torch.from_numpy(LUMA).view(1, 3, 1, 1)
    assert torch.allclose((limited * luma).sum(1), (glowing * luma).sum(1), atol=1e-4)
    assert abs(colour_of(limited[0].permute(1, 2, 0).numpy()) - MAX_CHANGE) < 0.01
