"""Temperature and interpolation, the paper's figures 8 and 5: ``python -m benchmarks.paper.faces``.

Faces that the model draws, and two people whose pictures are free (:mod:`pictures.strip`). Needs matplotlib and
scikit-image (requirements-dev.txt).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from app.editor import Editor
from app.series.contact_sheet import contact_sheet
from app.series.frames import linspace
from benchmarks.paper.page import DOCUMENT, write
from glow import Latent
from glow.model import Glow
from pictures.strip import real_people
from train.metric_logger import TEMPERATURES, draw_rows

TEMPERATURE_PICTURE = DOCUMENT.parent / "temperatures.jpg"
INTERPOLATION_PICTURE = DOCUMENT.parent / "interpolations.jpg"
SIDE, GAP, MARGIN = 96, 4, 40
"""Of each face, between two, and of the titles at the left, in pixels."""

COLUMNS = 9
SEED = 0
DRAWN_AT = 0.6
PAIRS = ((1, 5), (3, 4))
"""Between which of the faces that :meth:`Editor.sample` draws with that seed and temperature the ways lead."""


def on_screen(pictures: Tensor) -> list[np.ndarray]:
    """Pictures ``(N, 3, H, W)`` in [0, 1] as uint8 ``(H, W, 3)``."""
    return list((pictures.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy())


def sheet(rows: Sequence[Sequence[np.ndarray]], titles: Sequence[str] = ()) -> Image.Image:
    """Rows of pictures, with a title at the left of each where there are any."""
    pictures = contact_sheet([picture for row in rows for picture in row], SIDE, GAP, columns=len(rows[0]))
    if not titles:
        return pictures
    image = Image.new("RGB", (MARGIN + pictures.width, pictures.height), "white")
    image.paste(pictures, (MARGIN, 0))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    for place, title in enumerate(titles):
        pen.text((MARGIN - 6, place * (SIDE + GAP) + SIDE / 2), title, "black", font=font, anchor="rm")
    return image


def temperatures(model: Glow, columns: int, seed: int) -> Image.Image:
    """The same noise at each temperature, one below the other."""
    noise = model.sample_latent(columns, 1.0, torch.Generator().manual_seed(seed))
    return sheet([on_screen(row) for row in draw_rows(model, noise)], [f"{each:g}" for each in TEMPERATURES])


def way(model: Glow, first: Latent, second: Latent, count: int) -> list[np.ndarray]:
    """``count`` pictures on the straight way from one latent to the other."""
    ratios = linspace(0, 1, count)
    return [picture for ratio in ratios for picture in on_screen(model.decode(first.lerp(second, ratio)))]


def interpolations(editor: Editor, count: int) -> Image.Image:
    """The way between the two real people, and ways between drawn faces."""
    drawn = editor.sample(1 + max(max(pair) for pair in PAIRS), DRAWN_AT, SEED)
    ends = [real_people(editor), *([drawn[first], drawn[second]] for first, second in PAIRS)]
    model = editor.checkpoint.model
    return sheet([way(model, first.latent, second.latent, count) for first, second in ends])


def main() -> None:
    """Draw both, and write their sections."""
    argparse.ArgumentParser(prog="python -m benchmarks.paper.faces").parse_args()
    torch.set_grad_enabled(False)
    editor = Editor.load(device="cpu")
    command = "Command: `python -m benchmarks.paper.faces`, with the default model, at 128 pixels"
    temperatures(editor.checkpoint.model, COLUMNS, SEED).save(TEMPERATURE_PICTURE, quality=85)
    told = ", ".join(f"{temperature:g}" for temperature in TEMPERATURES)
    text = (
        f"{COLUMNS} drawn faces at the temperatures {told}, from top to bottom: the same noise, multiplied by the "
        "temperature. Expected, as in the paper: one smooth face at 0, and ever more variety and noise above.\n\n"
        f"{command}; `python -m train sample` draws such a grid of any model.\n\n"
        f"![Drawn faces, a row for each temperature]({TEMPERATURE_PICTURE.name})"
    )
    write("Temperature (figure 8)", text)
    interpolations(editor, COLUMNS).save(INTERPOLATION_PICTURE, quality=85)
    text = (
        "Straight ways in latent space, decoded: between two real people, Eileen Collins and Grace Hopper (NASA and US "
        f"Navy, in the public domain), and twice between faces that the model drew at {DRAWN_AT}. Expected, as in the "
        f"paper: a face everywhere on the way.\n\n{command}; `glowface blend ONE TWO --steps {COLUMNS} -o strip.png` "
        "makes such a strip of any two photos, each blend put into the first one.\n\n"
        f"![Three ways from one face to another]({INTERPOLATION_PICTURE.name})"
    )
    write("Interpolation (figure 5)", text)


if __name__ == "__main__":
    main()
