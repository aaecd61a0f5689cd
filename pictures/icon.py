"""The app's icon, a glowing face: ``python -m pictures.icon`` writes it where the app has it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from app.ui import icons

DARK, AMBER, LIGHT = (28, 25, 23), (251, 191, 36), (254, 243, 199)
DRAWN = 1024
"""The side at which it is drawn; the icons are made smaller from that."""


def draw() -> Image.Image:
    """The icon. All that matters lies in the middle four fifths: systems cut icons to circles and other shapes."""
    middle, radius = DRAWN / 2, DRAWN * 0.3

    def around(size: float) -> tuple[float, float, float, float]:
        return (middle - size, middle - size, middle + size, middle + size)

    glow = Image.new("RGB", (DRAWN, DRAWN), DARK)
    ImageDraw.Draw(glow).ellipse(around(radius * 1.12), fill=AMBER)
    picture = glow.filter(ImageFilter.GaussianBlur(DRAWN * 0.06))
    pen = ImageDraw.Draw(picture)
    pen.ellipse(around(radius), fill=AMBER)
    pen.ellipse(around(radius * 0.88), fill=LIGHT)
    for side in (-1, 1):
        x, y, size = middle + side * radius * 0.34, middle - radius * 0.2, radius * 0.1
        pen.ellipse((x - size, y - size * 1.3, x + size, y + size * 1.3), fill=DARK)
    pen.arc(around(radius * 0.52), 25, 155, fill=DARK, width=round(radius * 0.12))
    return picture


if __name__ == "__main__":
    for side in icons.SIDES:
        target = Path(icons.__path__[0]) / f"icon-{side}.png"
        draw().resize((side, side), Image.Resampling.LANCZOS).save(target, optimize=True)
        print(target)
