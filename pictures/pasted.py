"""The sheet of docs/faces.md, edits as they were once put back and as they are: ``python -m pictures.pasted OUT.jpg``.

Two real people whose pictures are free (see :mod:`pictures.strip`) and six faces that the model draws, these as
photos of 256 pixels, as if somebody had taken them.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from app.editor import Editor
from app.portraits.portrait import Portrait
from benchmarks.edits import Edit
from benchmarks.pasting.examples import examples
from benchmarks.pasting.page import AS_IT_WAS, put_back
from faces import crop
from pictures.strip import real_people

EDITS = (
    Edit("Black_Hair", 1, "black hair"), Edit("Blond_Hair", 1, "blond hair"), Edit("Gray_Hair", 1, "gray hair"),
    Edit("Mouth_Slightly_Open", -1, "mouth shut"), Edit("Young", -1, "older"), Edit("No_Beard", -1, "beard"),
    Edit("Bangs", 1, "bangs"), Edit("Pale_Skin", 1, "pale skin"),
)  # fmt: skip
SIDE, LINE = 128, 18
SEED, TEMPERATURE, DRAWN = 3, 0.6, 6
"""Of the drawn faces, the first ones as they come."""


def portraits(editor: Editor) -> list[Portrait]:
    """The eight faces."""
    drawn = (editor.open(face.photo.pixels, "whole") for face in editor.sample(DRAWN, TEMPERATURE, SEED))
    return [*real_people(editor), *drawn]


def main() -> None:
    """Draw it."""
    editor = Editor.load(device="cpu")
    rows = []
    for portrait in portraits(editor):
        nobody = np.zeros((1, 1), np.uint8)  # nothing is measured here
        found = list(examples(editor, portrait, EDITS, nobody))
        for way in (AS_IT_WAS, "guided"):
            photos = [portrait.photo.pixels, *(put_back(example, way) for example in found)]
            rows.append([crop(photo, portrait.alignment, SIDE) for photo in photos])
    image = Image.new("RGB", (SIDE * (len(EDITS) + 1), LINE + SIDE * len(rows)), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=13)
    for column, title in enumerate(("as it is", *(edit.title for edit in EDITS))):
        pen.text((SIDE * column + 4, 1), title, fill="black", font=font)
    for place, row in enumerate(rows):
        image.paste(Image.fromarray(np.concatenate(row, axis=1)), (0, LINE + SIDE * place))
        pen.text((4, LINE + SIDE * place + 3), "now" if place % 2 else "as it was", fill="white", font=font,
                 stroke_width=2, stroke_fill="black")  # fmt: skip
    image.save(sys.argv[1], quality=88)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
