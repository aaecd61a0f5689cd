"""Many small pictures on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_LETTERS = 12
"""Size of the captions' letters, in pixels, on pictures 128 wide; wider ones have larger letters."""


def contact_sheet(
    pictures: Sequence[np.ndarray],
    side: int = 128,
    gap: int = 4,
    columns: int | None = None,
    captions: Sequence[str] = (),
) -> Image.Image:
    """Uint8 pictures ``(H, W, 3)`` of one shape in rows, on white.

    Args:
        pictures: at least one.
        side: longest side of each on the sheet, in pixels.
        gap: pixels between them.
        columns: pictures in a row; by default as many as rows.
        captions: what stands below each, of as many lines each; by default nothing does.
    """
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    tall, wide = pictures[0].shape[:2]
    width, height = (max(1, round(side * each / max(tall, wide))) for each in (wide, tall))
    font, below = _fitting(captions, width)
    sheet = Image.new("RGB", (columns * (width + gap) - gap, rows * (height + below + gap) - gap), "white")
    draw = ImageDraw.Draw(sheet)
    for place, picture in enumerate(pictures):
        left, top = place % columns * (width + gap), place // columns * (height + below + gap)
        image = Image.fromarray(np.ascontiguousarray(picture))
        sheet.paste(image.resize((width, height), Image.Resampling.LANCZOS), (left, top))
        if captions:
            middle = left + width / 2, top + height + below / 2
            draw.text(middle, captions[place], "black", font=font, anchor="mm", align="center")
    return sheet


def _fitting(captions: Sequence[str], width: int) -> tuple[ImageFont.ImageFont | ImageFont.FreeTypeFont, int]:
    """Letters with which the longest line fits into ``width``, and the height that the captions take."""
    size = _LETTERS * width / 128
    lines = [line for caption in captions for line in caption.splitlines()]
    longest = max((ImageFont.load_default(size).getlength(line) for line in lines), default=0.0)
    font = ImageFont.load_default(max(1.0, size * min(1.0, width / max(longest, 1.0))))
    return font, round(1.5 * size * (captions[0].count("\n") + 1)) if captions else 0
