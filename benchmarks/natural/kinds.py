"""Headline edits further and further, side by side: how far faces may go along a mapper's vectors and, where there is
none, which kind of direction looks best and how odd a face may get along it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from attributes import LABEL_NAMES, DirectionBasis, FaceSet, Judge
from attributes.directions.direction_basis import Kind
from attributes.reach.crossing import crossing
from attributes.reach.judge import levels
from benchmarks.edits import EDITS, Edit
from glow import Latent

FACES = 8
"""For each edit, drawn by lot from those that lack what it is to bring."""
LENGTHS = (0.4, 0.7, 1.0, 1.3)
"""How far they go along a mapper's vectors, in lengths of these."""
KINDS: tuple[Kind, ...] = ("mean", "partial")
ODD = (0.8, 1.2, 1.7)
"""How odd they are to get along others (:mod:`attributes.sliders.oddness`)."""
TRIED = (0.3, 0.7, 1.2, 2.0, 3.5)
"""Lengths between which the place where they are so odd is looked for, in lengths of the label's mean direction."""
LINE = 14


@torch.inference_mode()
def lay_kinds(basis: DirectionBasis, judge: Judge, faces: FaceSet, folder: Path) -> None:
    """A sheet for each headline edit: a row for each face, before and then further and further."""
    for edit in EDITS:
        label = LABEL_NAMES.index(edit.label)
        assert faces.labels is not None
        lacking = np.nonzero(faces.labels[:, label] == (edit.side < 0))[0]
        chosen = np.random.default_rng(label).choice(lacking, FACES, replace=False)
        latents = judge.encode(faces, chosen.tolist())
        columns, notes = [judge.draw(latents)[0]], ["before"]
        for note, move in _moves(basis, judge, edit, latents):
            columns.append(judge.draw(latents + move)[0])
            notes.append(note)
        _sheet(columns, notes).save(folder / f"{edit.name}.png")


def _moves(basis: DirectionBasis, judge: Judge, edit: Edit, latents: Tensor) -> Iterator[tuple[str, Tensor]]:
    """What the faces are moved by, ``(B, D)``, with a note to each."""
    label = LABEL_NAMES.index(edit.label)
    if basis.mapper is not None:
        latent = Latent.unflatten(latents, judge.model.config.scale_shapes())
        way = edit.side * basis.directions("base").along(latent, edit.label, edit.side)
        before = judge.look(latents)
        for length in LENGTHS:
            typical = judge.look(latents + length * way).oddness(before, length * way).median()
            yield f"{length:g} lengths, odd {float(typical):.1f}", length * way
        return
    for kind in KINDS:
        way = edit.side * basis.vectors(basis.kind(kind)).flatten()[[label]]
        for odd, lengths in zip(ODD, _lengths(judge, latents, way), strict=True):
            yield f"{kind}, odd {odd}, lengths {float(lengths.mean()):.1f}", lengths[:, None].to(latents) * way


def _lengths(judge: Judge, latents: Tensor, way: Tensor) -> Tensor:
    """How far each face goes until it is as odd as each of :data:`ODD`, ``(len(ODD), B)``."""
    before, course = judge.look(latents), [torch.zeros(len(latents), dtype=torch.float64)]
    for tried in TRIED:
        move = (tried * way).expand_as(latents)
        course.append(judge.look(latents + move).oddness(before, move))
    at, found = torch.tensor((0.0, *TRIED), dtype=torch.float64), torch.stack(course)
    return torch.stack([crossing(found - odd, at).clamp_max(TRIED[-1]) for odd in ODD])


def _sheet(columns: list[Tensor], notes: list[str]) -> Image.Image:
    pixels = torch.cat([levels(torch.cat(list(column), dim=1)) for column in columns], dim=2).permute(1, 2, 0).numpy()
    image = Image.new("RGB", (pixels.shape[1], pixels.shape[0] + LINE), "white")
    image.paste(Image.fromarray(pixels), (0, LINE))
    pen = ImageDraw.Draw(image)
    for place, note in enumerate(notes):
        pen.text((place * columns[0].shape[3] + 2, 1), note, fill="black", font_size=9)
    return image
