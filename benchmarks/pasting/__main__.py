"""``python -m benchmarks.pasting``: put edits back in several ways, and print what comes of each.

Needs the packages of requirements-dev.txt and of benchmarks/requirements.txt, CelebA-HQ, and the masks of the teacher:

    python -m benchmarks.pasting --astronaut runs/astronaut
    runs/teacher/bin/python benchmarks/teacher.py runs/astronaut runs/astronaut.npz
    python -m benchmarks.pasting --masks runs/masks.npz runs/astronaut.npz
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from app.editor import Editor
from attributes import DatasetError, FaceSet
from attributes.classifier.network import REPORT_HALF
from benchmarks.edits import Edit
from benchmarks.edits.outside import OutsideNetworks
from benchmarks.pasting import EDITS, FACES, SHUT, SIDE, TEETH
from benchmarks.pasting import figures as look
from benchmarks.pasting.examples import ASTRONAUT, LARGE, Array, Example, astronaut, examples, mask_of, write_astronaut
from benchmarks.pasting.page import AS_IT_WAS, put_back, tables
from benchmarks.pasting.ways import WAYS
from benchmarks.report import write_section
from faces import FaceError, crop
from glow import CheckpointError
from storage.assets import DEFAULT_CHECKPOINT
from train.matte import Taught

Found = dict[tuple[str, str, str, str], list[tuple[float, float]]]
"""Numbers by figure, photos, edit and way; those of which there is one stand beside a 1."""


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pasting", description="What comes of edits that are put back in several ways."
    )
    parser.add_argument("--data", type=Path, default=Path("data/celebahq"), help="CelebA-HQ (default: %(default)s)")
    parser.add_argument("--masks", type=Path, nargs="+", default=[], help="the teacher's, by benchmarks/teacher.py")
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT, help="default: Glowface's")
    parser.add_argument("--faces", type=int, default=FACES, help="how many (default: %(default)s)")
    parser.add_argument("--teeth", type=int, default=TEETH, help="how many that show teeth (default: %(default)s)")
    parser.add_argument("--astronaut", type=Path, metavar="DIR", help="only write the astronaut here, for the teacher")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the tables into this page's section")
    return parser


def measure(example: Example, edit: Edit, photos: str, found: Found) -> None:
    """Put one edit back in every way, and look."""
    for way in (AS_IT_WAS, *WAYS):
        result = put_back(example, way)
        for figure, value in (
            ("background", (look.background(example, result), 1.0)),
            ("person", (look.person(example, result), 1.0)),
            ("sharpness", look.sharpness(example, result)),
            ("seam", look.seam(example, result)),
        ):
            found[figure, photos, edit.name, way].append(value)


def measure_teeth(editor: Editor, faces: FaceSet, wanted: int, masks: list[Taught], found: Found) -> None:
    """Shut mouths that show teeth, until there are enough of them."""
    networks = OutsideNetworks()
    counted = found["teeth", "before", "", ""]
    with tqdm(total=wanted, desc="teeth", disable=None) as bar:
        for path in faces.paths:
            mask = _mask(masks, path.stem)
            if len(counted) >= wanted or mask is None:
                break
            try:
                portrait = editor.open(path)
            except FaceError:
                continue
            square = crop(portrait.photo.pixels, portrait.alignment, SIDE)
            lips = look.between_lips(networks.landmarks(square), square)
            if lips is None:
                continue
            (example,) = examples(editor, portrait, (SHUT,), mask)
            drawn = (example.after * 255).round().astype(np.uint8)
            large = np.asarray(Image.fromarray(drawn).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
            for what, picture in (("before", square), ("model", large)):
                found["teeth", what, "", ""].append((look.teeth(picture, lips), 1.0))
            for way in (AS_IT_WAS, *WAYS):
                after = crop(put_back(example, way), example.alignment, SIDE)
                found["teeth", "photo", "", way].append((look.teeth(after, lips), 1.0))
            bar.update()


def run(args: argparse.Namespace) -> None:
    """Measure, print, and write the page."""
    masks = [Taught(path) for path in args.masks]
    editor = Editor.load(args.checkpoint, device="cpu")
    faces = FaceSet.open(args.data, "val")
    paths = faces.paths[REPORT_HALF]
    found: Found = defaultdict(list)
    for path in tqdm(paths[: args.faces], desc="faces", disable=None):
        mask = _mask(masks, path.stem)
        if mask is None:
            raise DatasetError(f"there is no mask of {path.stem}; make them with benchmarks/teacher.py, see --masks.")
        try:
            portrait = editor.open(path)
        except FaceError:
            continue
        for edit, example in zip(EDITS, examples(editor, portrait, EDITS, mask), strict=True):
            measure(example, edit, "faces", found)
    of_astronaut = _mask(masks, ASTRONAUT)
    if of_astronaut is not None:
        for side in (512, LARGE):
            portrait = editor.open(astronaut(side))
            made = tqdm(examples(editor, portrait, EDITS, of_astronaut), disable=None)
            for edit, example in zip(EDITS, made, strict=True):
                measure(example, edit, f"astronaut of {side} pixels", found)
    rest = FaceSet(paths[args.faces :], None, faces.crop)
    measure_teeth(editor, rest, args.teeth, masks, found)
    text = tables(found)
    print(text)
    if args.markdown:
        command = shlex.join(["python", "-m", "benchmarks.pasting", *sys.argv[1:]])
        write_section("Ways of putting an edit back", f"Command: `{command}`\n\n{text}", args.markdown)


def _mask(masks: list[Taught], name: str) -> Array | None:
    return next((mask for taught in masks if (mask := mask_of(taught, name)) is not None), None)


def main() -> None:
    """Run the command line."""
    args = build_parser().parse_args()
    if args.astronaut:
        write_astronaut(args.astronaut)
        return
    try:
        run(args)
    except (CheckpointError, DatasetError, ImportError) as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
