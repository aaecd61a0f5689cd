"""Pairs of pictures on sheets."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from benchmarks.edits import BY_NAME, SIDE
from benchmarks.grading.drawing import Item, Pair

COLUMNS, ROWS = 3, 4
ON_A_SHEET = COLUMNS * ROWS
_GAP, _LINE = 14, 22
"""Between pairs, and the height of what is written above one, in pixels."""


def sheet(items: Sequence[Item], pairs: Sequence[Pair]) -> Image.Image:
    """Some pairs, before | after, each under its number and what the edit is to do; not of which set it is."""
    width, height = 2 * SIDE + _GAP, SIDE + _LINE + _GAP
    rows = -(-len(items) // COLUMNS)
    image = Image.new("RGB", (COLUMNS * width + _GAP, rows * height + _GAP), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=16)
    for place, (item, pair) in enumerate(zip(items, pairs, strict=True)):
        x, y = _GAP + place % COLUMNS * width, _GAP + place // COLUMNS * height
        pen.text((x, y), f"{item.number}   {BY_NAME[item.edit].title}", fill="black", font=font)
        for side, pixels in enumerate(pair):
            picture = Image.fromarray(pixels)
            if picture.size != (SIDE, SIDE):
                picture = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            image.paste(picture, (x + side * SIDE, y + _LINE))
    return image
