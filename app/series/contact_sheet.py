"""Many small pictures on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image


def contact_sheet(
    pictures: Sequence[np.ndarray], side: int = 128, gap: int = 4, columns: int | None = None
) -> Image.Image:
    """Square uint8 pictures ``(S, S, 3)`` in rows, each ``side`` pixels wide, on white.

    Args:
        pictures: at least one.
        side: side of each on the sheet, in pixels.
        gap: pixels between them.
        columns: pictures in a row; by default as many as rows.
    """
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (columns * (side + gap) - gap, rows * (side + gap) - gap), "white")
    for place, picture in enumerate(pictures):
        small = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (place % columns * (side + gap), place // columns * (side + gap)))
    return sheet
