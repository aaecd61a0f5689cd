"""Many small pictures on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_LETTERS = 12
"""Height of the captions' letters, in pixels, on pictures of 128; larger ones have larger letters."""


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
        captions: what stands below each; by default nothing does.
    """
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    tall, wide = pictures[0].shape[:2]
    width, height = (max(1, round(side * each / max(tall, wide))) for each in (wide, tall))
    letters = max(_LETTERS, _LETTERS * width // 128)
    below = 2 * letters if captions else 0
    sheet = Image.new("RGB", (columns * (width + gap) - gap, rows * (height + below + gap) - gap), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(letters)
    for place, picture in enumerate(pictures):
        left, top = place % columns * (width + gap), place // columns * (height + below + gap)
        image = Image.fromarray(np.ascontiguousarray(picture))
        sheet.paste(image.resize((width, height), Image.Resampling.LANCZOS), (left, top))
        if captions:
            middle = left + width / 2, top + height + below / 2
            draw.text(middle, captions[place], "black", font=font, anchor="mm")
    return sheet
