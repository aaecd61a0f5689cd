"""The edits that are graded: drawn by lot, made by the model, laid out in pairs."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from attributes import LABEL_NAMES, DirectionBasis, FaceSet
from attributes.classifier.network import TUNING_HALF
from attributes.encoding import encode_faces
from benchmarks.edits import BY_NAME, EDITS
from glow import Checkpoint

COUNT = 200
KINDS = ("mean", "half", "partial")
NEAREST, FURTHEST = 0.5, 5.0
COLUMNS, ROWS, SIDE, LINE, GAP = 4, 5, 192, 20, 10
"""Of a sheet; sizes in pixels."""


@dataclass(frozen=True)
class Graded:
    """One edit, and whether it would be kept."""

    number: int
    face: str
    edit: str
    """Its name in :data:`benchmarks.edits.BY_NAME`."""
    kind: str
    lengths: float
    """How far, in lengths of the label's mean direction."""
    kept: str = ""
    """1 or 0; empty where nobody has looked."""


def drawn(names: Sequence[str], seed: int, count: int = COUNT) -> list[Graded]:
    """So many edits by lot, of these faces."""
    lot = random.Random(seed)
    rows = []
    for number in range(1, count + 1):
        face, edit, kind = lot.choice(names), lot.choice(EDITS).name, lot.choice(KINDS)
        rows.append(Graded(number, face, edit, kind, round(NEAREST * (FURTHEST / NEAREST) ** lot.random(), 2)))
    return rows


def face_set(data: Path) -> FaceSet:
    """The faces that edits are drawn from."""
    faces = FaceSet.open(data, "val")
    labels = None if faces.labels is None else faces.labels[TUNING_HALF]
    return FaceSet(faces.paths[TUNING_HALF], labels, faces.crop)


@torch.inference_mode()
def made(
    checkpoint: Checkpoint, basis: DirectionBasis, faces: FaceSet, rows: Sequence[Graded]
) -> tuple[Tensor, Tensor]:
    """The latents of the rows' faces, and the same moved: each ``(N, D)``."""
    mean, partial = basis.kind("mean"), basis.kind("partial")
    kinds = {"mean": mean, "half": (mean + partial) / 2, "partial": partial}
    places = {path.stem: place for place, path in enumerate(faces.paths)}
    chosen = [places[row.face] for row in rows]
    encoded = encode_faces(checkpoint.model, faces, batch=1, indices=chosen, progress=False)
    before, after = [], []
    for row, one in zip(rows, encoded, strict=True):
        z = one.latents[0]
        edit = BY_NAME[row.edit]
        label = LABEL_NAMES.index(edit.label)
        way = basis.vectors(kinds[row.kind][label][None]).flatten()[0]
        way *= basis.vectors(mean[label][None]).flatten()[0].norm() / way.norm()
        before.append(z)
        after.append(z + edit.side * row.lengths * way)
    return torch.stack(before), torch.stack(after)


def sheets(rows: Sequence[Graded], before: np.ndarray, after: np.ndarray, folder: Path) -> None:
    """Lay the pairs out, before | after, under their numbers; pictures are uint8 ``(N, H, W, 3)``."""
    font = ImageFont.load_default(size=15)
    for number, start in enumerate(range(0, len(rows), COLUMNS * ROWS), start=1):
        width, height = 2 * SIDE + GAP, SIDE + LINE + GAP
        image = Image.new("RGB", (COLUMNS * width + GAP, ROWS * height + GAP), "white")
        pen = ImageDraw.Draw(image)
        for place, row in enumerate(rows[start : start + COLUMNS * ROWS]):
            x, y = GAP + place % COLUMNS * width, GAP + place // COLUMNS * height
            pen.text((x, y), f"{row.number}   {BY_NAME[row.edit].title}", fill="black", font=font)
            for side, pixels in enumerate((before[start + place], after[start + place])):
                picture = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
                image.paste(picture, (x + side * SIDE, y + LINE))
        image.save(folder / f"sheet-{number:02}.png")


def write_rows(path: Path, rows: Sequence[Graded]) -> None:
    """The table, without pictures."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Graded)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_rows(path: Path) -> list[Graded]:
    """The table that :func:`write_rows` wrote."""
    with path.open(newline="") as file:
        return [
            Graded(int(r["number"]), r["face"], r["edit"], r["kind"], float(r["lengths"]), r["kept"].strip())
            for r in csv.DictReader(file)
        ]
