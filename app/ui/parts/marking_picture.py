"""The photo in which a face is marked by hand, with the points that are marked so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageDraw

from app.portraits.view import View
from app.session import Session
from app.ui.visits.handling import PREVIEW_SIDE
from app.ui.words import say

SHORT_SIDE = 400
"""Least shorter side, in pixels: of a panorama that fits the screen as a whole, faces are too small to be marked."""

MAX_SIDE = 16_000
"""What browsers show of a picture, in pixels; they end at 2¹⁴."""

COLOURS = ((255, 255, 255), (20, 20, 20))
"""Of a mark and of its edge: seen on whatever is behind."""

CLASS = "marking-picture"
MARKING_CSS = f"""
.{CLASS}:not(.panorama, .tower) :is(.image-frame, .image-container > button, img) {{ width: 100%; height: 100%; }}
.{CLASS}:not(.panorama, .tower) img {{ object-fit: scale-down; }}
/* A panorama is as high as its place and scrolled sideways, a tower is as wide as its place and scrolled down. */
.{CLASS}.panorama .image-container {{ overflow: auto hidden; }}
.{CLASS}.tower .image-container {{ overflow: hidden auto; }}
.{CLASS}.panorama :is(.image-frame, .image-container > button) {{ width: max-content; height: 100%; }}
.{CLASS}.tower :is(.image-frame, .image-container > button) {{ width: 100%; height: max-content; }}
.{CLASS}:is(.panorama, .tower) img {{ width: auto; height: auto; object-fit: fill; }}
.{CLASS}.panorama img {{ max-width: none; max-height: 100%; }}
.{CLASS}.tower img {{ max-width: 100%; max-height: none; }}
"""


def scale(session: Session) -> float:
    """How many pixels on the page one of the photo takes: a small photo is enlarged.

    Gradio tells the wrong place of a click in a picture that the page enlarges.
    """
    short, long = sorted(session.before().pixels.shape[:2])
    return max(PREVIEW_SIDE / long, min(SHORT_SIDE / short, MAX_SIDE / long))


def is_long(session: Session) -> bool:
    """Whether the picture is scrolled."""
    return scale(session) * max(session.before().pixels.shape[:2]) > PREVIEW_SIDE + 1


def hint(session: Session, language: str) -> str:
    """What to do beside clicking."""
    return say(language, "The photo is long: scroll to the face.") if is_long(session) else ""


def updated(session: Session, path: str | None) -> gr.Image:
    """The component with the picture in the file ``path``, or without one."""
    classes = [CLASS]
    if path is not None and is_long(session):
        height, width = session.before().pixels.shape[:2]
        classes.append("panorama" if width > height else "tower")
    return gr.Image(value=path, elem_classes=classes)


def drawn(session: Session, marks: Sequence[tuple[float, float]]) -> np.ndarray:
    """The picture: uint8 ``(H, W, 3)``, with ``marks`` in the photo's pixels."""
    photo, factor = session.before(), scale(session)
    height, width = photo.pixels.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    picture = Image.fromarray(session.before(View.whole(photo, max(size))).pixels).resize(size)
    draw = ImageDraw.Draw(picture)
    radius = max(3.0, min(PREVIEW_SIDE, max(size)) / 80)
    for mark in marks:
        x, y = mark[0] * factor, mark[1] * factor
        for reach, colour in ((radius, COLOURS[0]), (radius * 0.6, COLOURS[1])):
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
    return np.asarray(picture)


def place(session: Session, point: tuple[int, int]) -> tuple[float, float]:
    """The photo's pixel that was clicked on."""
    factor = scale(session)
    return point[0] / factor, point[1] / factor


def build_marking_picture(**options: Any) -> gr.Image:
    """The component, without a picture."""
    return gr.Image(interactive=False, buttons=[], elem_classes=[CLASS], **options)
