"""The README's strip of edits: ``python -m pictures.strip OUT.jpg``.

Two real people whose pictures are free, and two faces that the model draws: NASA's portrait of Eileen Collins, as
scikit-image has it, and the Navy's of Grace Hopper, as matplotlib has it, both in the public domain.
"""

from __future__ import annotations

import sys

import numpy as np
import skimage.data
from matplotlib.cbook import get_sample_data
from PIL import Image, ImageDraw, ImageFont

from app.editor import Editor
from app.portraits.portrait import Portrait
from faces import crop

EDITS = (
    ("Smiling", 1), ("Smiling", -1), ("Young", -1), ("Young", 1), ("Blond_Hair", 1), ("Black_Hair", 1),
    ("Pale_Skin", 1),
)  # fmt: skip
SIDE, LINE = 160, 18
SEED, TEMPERATURE, DRAWN = 0, 0.6, (1, 5)
"""Which of the faces that ``python -m app sample`` draws with this seed and temperature."""


def real_people(editor: Editor) -> list[Portrait]:
    """The two people."""
    hopper = np.asarray(Image.open(get_sample_data("grace_hopper.jpg", asfileobj=False)).convert("RGB"))
    return [editor.open(skimage.data.astronaut()), editor.open(hopper)]


def portraits(editor: Editor) -> list[Portrait]:
    """The four faces."""
    drawn = editor.sample(max(DRAWN) + 1, TEMPERATURE, SEED)
    return [*real_people(editor), *(drawn[place] for place in DRAWN)]


def main() -> None:
    """Draw it."""
    editor = Editor.load()
    titles = ["as it is", *(f"{editor.label_directions.slider(name).name} {value:+d}" for name, value in EDITS)]
    rows = []
    for portrait in portraits(editor):
        photos = [portrait.photo, *(editor.edit(portrait, {name: float(value)}) for name, value in EDITS)]
        rows.append([crop(photo.pixels, portrait.alignment, SIDE) for photo in photos])
    image = Image.new("RGB", (SIDE * len(titles), LINE + SIDE * len(rows)), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=13)
    for column, title in enumerate(titles):
        pen.text((SIDE * column + 4, 1), title.replace("_", " "), fill="black", font=font)
    for place, row in enumerate(rows):
        image.paste(Image.fromarray(np.concatenate(row, axis=1)), (0, LINE + SIDE * place))
    image.save(sys.argv[1], quality=90)


if __name__ == "__main__":
    main()
