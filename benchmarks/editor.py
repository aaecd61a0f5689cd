"""What a slider move costs, from the model alone to the browser: ``python -m benchmarks.editor``.

Needs the packages of requirements-dev.txt, and Chromium for the last row.
"""

from __future__ import annotations

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
from storage.assets import FACES_64, FACES_128

ROUNDS = 15


def median_ms(action: Callable[[int], object]) -> float:
    """Median milliseconds of ``action(round)``, after two rounds that do not count."""
    seconds = []
    for number in range(ROUNDS + 2):
        start = time.perf_counter()
        action(number)
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[2:])


def in_python(checkpoint: Path) -> dict[str, float]:
    """The steps of an edit, each by itself, on the astronaut (512×512)."""
    editor = Editor.load(checkpoint, device="cpu")
    photo = skimage.data.astronaut()
    portrait = editor.open(photo)
    picture = np.ascontiguousarray(portrait.photo.pixels[None, : editor.size, : editor.size])
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
        "find the face in the photo": median_ms(lambda _: editor.detector.detect(photo)),
        "slider move, in Python": median_ms(move),
        "a slider's first move on a face": median_ms(first_move),
    }


def in_browser(chromium: str, checkpoint: Path) -> float:
    """From a new slider value to the new picture in the page, in milliseconds."""
    with serving(checkpoint) as server, tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "astronaut.png"
        Image.fromarray(skimage.data.astronaut()).save(photo)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            )
            page = browser.new_page()
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

            result = median_ms(move)
            browser.close()
            return result


def main() -> None:
    """Measure both models."""
    chromium = shutil.which("chromium")
    found = []
    for checkpoint in (FACES_64, FACES_128):
        found.append(in_python(checkpoint))
        if chromium:
            found[-1]["slider move, in the browser"] = in_browser(chromium, checkpoint)
    rows = [
        f"| {name} | {small:.0f} | {small / found[0]['decode one face']:.1f} | {large:.0f} "
        f"| {large / found[1]['decode one face']:.1f} |"
        for (name, small), large in zip(found[0].items(), found[1].values(), strict=True)
    ]
    head = [
        f"On the astronaut, 512×512; {torch.get_num_threads()} CPU threads, medians of {ROUNDS}. A slider's first move "
        "on a face looks for how far it has to go.",
        "",
        "Command: `python -m benchmarks.editor`",
        "",
        "| step | faces-64, ms | in decodes | faces-128, ms | in decodes |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    text = "\n".join([*head, *rows])
    print(text)
    write_section(f"Editing, {cpu_kind()}", text)


if __name__ == "__main__":
    main()
