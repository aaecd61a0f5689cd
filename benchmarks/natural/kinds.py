"""Every kind of direction at equal oddness, side by side: which looks best, and how odd a face may get along it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from attributes import LABEL_NAMES, DirectionBasis, FaceSet, Judge
from attributes.directions.direction_basis import Kind
from attributes.directions.mapper import mapped
from attributes.reach.crossing import crossing
from attributes.reach.judge import levels
from benchmarks.edits import EDITS, Edit
from glow import Latent

FACES = 5
"""For each edit, drawn by lot from those that lack what it is to bring."""
ODD = (0.8, 1.2, 1.7)
"""How odd they are to get (:mod:`attributes.sliders.oddness`)."""
TRIED = (0.3, 0.7, 1.2, 2.0, 3.5)
"""Lengths between which the place where they are so odd is looked for, in lengths of the label's mean direction."""
LINE = 14


@torch.inference_mode()
def lay_kinds(basis: DirectionBasis, judge: Judge, faces: FaceSet, folder: Path) -> None:
    """A sheet for each headline edit: a row for each face, before and then along each kind, further and further."""
    for edit in EDITS:
        label = LABEL_NAMES.index(edit.label)
        assert faces.labels is not None
        lacking = np.nonzero(faces.labels[:, label] == (edit.sense < 0))[0]
        chosen = np.random.default_rng(label).choice(lacking, FACES, replace=False)
        latents = judge.encode(faces, chosen.tolist())
        columns, notes = [judge.draw(latents)[0]], ["before"]
        for kind, way in _ways(basis, edit, Latent.unflatten(latents, judge.model.config.scale_shapes())).items():
            for odd, lengths in zip(ODD, _lengths(judge, latents, way), strict=True):
                columns.append(judge.draw(latents + lengths[:, None].to(latents) * way)[0])
                notes.append(f"{kind}, odd {odd}, lengths {float(lengths.mean()):.1f}")
        _sheet(columns, notes).save(folder / f"{edit.name}.png")


def _ways(basis: DirectionBasis, edit: Edit, latent: Latent) -> dict[str, Tensor]:
    """Each of the edit's kinds of direction on some faces, ``(B, D)`` or ``(1, D)``."""
    kinds: tuple[Kind, ...] = ("mean", "partial") if basis.mapper is None else ("mean", "base")
    label = LABEL_NAMES.index(edit.label)
    ways: dict[str, Tensor] = {kind: basis.vectors(basis.kind(kind)).flatten()[[label]] for kind in kinds}
    if basis.mapper is not None:  # not as :data:`attributes.sliders.oddness.UNMAPPED`, chosen by a look at this
        added = mapped(basis.mapper, latent, label, present=edit.sense > 0)
        ways["mapped"] = ways["base"] + edit.sense * added.flatten()
    return {kind: edit.sense * way for kind, way in ways.items()}


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
