"""What a slider move costs, from the model alone to the browser: ``python -m benchmarks.editor``.

The photo is the astronaut as it is, 512×512. With ``--megapixels 24`` it is enlarged to so many, as JPEG, and all that
is measured is of that photo. The last row counts from a slider's last move until the browser shows the new picture, as
the median over 50 moves; it needs Chromium. The packages are those of requirements-dev.txt.
"""

from __future__ import annotations

import argparse
import math
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import skimage.data
import torch
from PIL import Image
from playwright.sync_api import sync_playwright

from app.editor import Editor
from app.session import Session
from attributes import LABEL_NAMES
from benchmarks.report import cpu_kind, write_section
from benchmarks.users.server import serving
from faces import MAX_PIXELS
from storage.assets import FACES_64, FACES_128

ROUNDS = 15
MOVES = 50
"""Moves in the browser."""


def median_ms(action: Callable[[int], object], rounds: int = ROUNDS) -> float:
    """Median milliseconds of ``action(round)``, after two rounds that do not count."""
    seconds = []
    for number in range(rounds + 2):
        start = time.perf_counter()
        action(number)
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[2:])


def astronaut(folder: Path, megapixels: float | None) -> Path:
    """The file of the photo: as it is, or enlarged to so many megapixels."""
    image = Image.fromarray(skimage.data.astronaut())
    if megapixels is None:
        image.save(folder / "astronaut.png")
        return folder / "astronaut.png"
    side = math.ceil(math.sqrt(megapixels * 1e6))
    image.resize((side, side), Image.Resampling.BICUBIC).save(folder / "astronaut.jpg", quality=95)
    return folder / "astronaut.jpg"


def in_python(checkpoint: Path, photo: Path) -> dict[str, float]:
    """The steps of an edit, each by itself."""
    editor = Editor.load(checkpoint, device="cpu")
    portrait = editor.open(photo)
    pixels = portrait.photo.pixels
    picture = np.ascontiguousarray(pixels[None, : editor.size, : editor.size])
    session = Session(editor)
    session.open(photo)
    view = session.view(1024, face=True)

    def first_move(number: int) -> None:
        # A copy of the face, on which no slider's reach was measured yet.
        editor.edit(replace(portrait), {LABEL_NAMES[number % len(LABEL_NAMES)]: 1.0})

    def move(number: int) -> None:
        session.set({"Smiling": (number % 10 + 1) / 10})
        session.picture(view)

    return {
        "encode one face": median_ms(lambda _: editor.encode(picture)),
        "decode one face": median_ms(lambda _: editor.decode(portrait.latent)),
        "find the face in the photo": median_ms(lambda _: editor.detector.detect(pixels)),
        "slider move, in Python": median_ms(move),
        "a slider's first move on a face": median_ms(first_move),
    }


def in_browser(chromium: str, checkpoint: Path, photo: Path) -> float:
    """From a new slider value to the new picture in the page, in milliseconds."""
    with serving(checkpoint) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(server.address)
        page.wait_for_selector("#photo input[type=file]", state="attached")
        page.set_input_files("#photo input[type=file]", str(photo))
        page.wait_for_function("document.querySelectorAll('#compare img').length >= 2")
        # The thumbnails of recipes are made in the first seconds after a photo was opened; they slow moves.
        page.wait_for_function("document.querySelectorAll('#presets img').length >= 6")
        time.sleep(1)
        field = page.locator("#slider-Smiling input[type=number]")
        shown = "[...document.querySelectorAll('#compare img')].map(i => i.src).join()"

        def move(number: int) -> None:
            old = page.evaluate(shown)
            field.fill(str((number % 10 + 1) / 10))
            field.press("Enter")
            page.wait_for_function(
                f"old => {shown} !== old && [...document.querySelectorAll('#compare img')].every(i => i.complete)",
                arg=old,
                polling=5,
            )

        result = median_ms(move, MOVES)
        browser.close()
        return result


def megapixel_count(text: str) -> float:
    """A number of megapixels from the command line."""
    if not 0.01 <= (value := float(text)) <= MAX_PIXELS / 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not from 0.01 to {MAX_PIXELS / 1e6:.0f}")
    return value


def main() -> None:
    """Measure both models."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.editor", description="What a slider move costs.")
    parser.add_argument("--megapixels", type=megapixel_count, help="enlarge the photo to so many, as JPEG")
    megapixels = parser.parse_args().megapixels
    chromium = shutil.which("chromium")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        photo = astronaut(Path(folder), megapixels)
        for checkpoint in (FACES_64, FACES_128):
            found.append(in_python(checkpoint, photo))
            if chromium:
                found[-1]["slider move, in the browser"] = in_browser(chromium, checkpoint, photo)
    rows = [
        f"| {name} | {small:.0f} | {small / found[0]['decode one face']:.1f} | {large:.0f} "
        f"| {large / found[1]['decode one face']:.1f} |"
        for (name, small), large in zip(found[0].items(), found[1].values(), strict=True)
    ]
    option = "" if megapixels is None else f" --megapixels {megapixels:g}"
    size = "512×512" if megapixels is None else f"enlarged to {megapixels:g} megapixels, as JPEG"
    head = [
        f"On the astronaut, {size}; {torch.get_num_threads()} CPU threads, medians of {ROUNDS}, in the browser of "
        f"{MOVES}. A slider's first move on a face looks for how far it has to go.",
        "",
        f"Command: `python -m benchmarks.editor{option}`",
        "",
        "| step | faces-64, ms | in decodes | faces-128, ms | in decodes |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    text = "\n".join([*head, *rows])
    print(text)
    photo_kind = "" if megapixels is None else f" {megapixels:g} megapixels,"
    write_section(f"Editing,{photo_kind} {cpu_kind()}", text)


if __name__ == "__main__":
    main()
