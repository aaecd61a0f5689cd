"""Opening a face, editing it and looking at what comes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from app.editor import Editor
from app.portraits.portrait import Portrait
from attributes import LABEL_NAMES, AttributeClassifier, DirectionBasis
from attributes.making.evaluate import ALIKE
from benchmarks.edits import SIDE, Edit
from benchmarks.edits.outside import Outside, OutsideNetworks
from benchmarks.edits.rows import BEFORE, Row
from faces import Alignment, Detector, FaceError, Photo, align, crop

NEAR = 0.25
"""How far the centre of a face's square may move for the face to count as found, in sides."""


def ends(pixels: np.ndarray) -> float:
    """The share of pixels ``(H, W, 3)`` with a channel at 0 or at 255."""
    return float(((pixels == 0) | (pixels == 255)).any(-1).mean())


def found_again(detector: Detector, pixels: np.ndarray, alignment: Alignment) -> bool:
    """Whether the detector finds a face where one was."""
    for face in detector.detect(pixels):
        try:
            moved = align(face).quad.mean(0) - alignment.quad.mean(0)
        except FaceError:  # eyes and mouth on one spot
            continue
        if np.hypot(*moved) <= NEAR * alignment.size:
            return True
    return False


class Looking:
    """All that looks at the edits.

    Args:
        editor: makes them.
        networks: those of others.
        held_out: a classifier that no slider goes by.
        plain: the directions, whose plain mean differences the held-out classifier looks at; None to leave these out.
    """

    def __init__(
        self,
        editor: Editor,
        networks: OutsideNetworks,
        held_out: AttributeClassifier | None = None,
        plain: DirectionBasis | None = None,
    ) -> None:
        self.editor, self.networks, self.held_out = editor, networks, held_out
        self.means = plain.vectors(plain.kind("mean")).flatten() if plain and held_out else None

    def face(self, name: str, portrait: Portrait, edits: Sequence[Edit]) -> Iterator[tuple[Row, Photo]]:
        """The rows of one open face and the photos that they were seen in: before, then after each edit."""
        before = self.networks.look(self._square(portrait, portrait.photo))
        plain = self._plain(portrait, edits)
        yield self._row(portrait, portrait.photo, before, face=name, edit=BEFORE), portrait.photo
        for edit in edits:
            photo = self.editor.edit(portrait, {edit.label: float(edit.side)})
            row = self._row(portrait, photo, before, face=name, edit=edit.name)
            yield replace(row, mean=plain.get(edit.name)), photo

    def _row(self, portrait: Portrait, photo: Photo, before: Outside, *, face: str, edit: str) -> Row:
        square = self._square(portrait, photo)
        seen = before if edit == BEFORE else self.networks.look(square)
        return Row(
            face=face,
            edit=edit,
            age=seen.age,
            male=round(seen.male, 2),
            mouth=round(seen.parts.mouth, 4),
            lips=round(seen.parts.lips, 4),
            eyes=round(seen.parts.eyes, 4),
            identity=round(seen.distance(before), 4),
            found=found_again(self.editor.detector, photo.pixels, portrait.alignment),
            ends=round(ends(photo.pixels), 6),
            witness=self._labels([square])[0] if self.held_out else None,
        )

    def _square(self, portrait: Portrait, photo: Photo) -> np.ndarray:
        return crop(photo.pixels, portrait.alignment, SIDE)

    def _labels(self, squares: list[np.ndarray]) -> list[list[float]]:
        assert self.held_out is not None
        x = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float() / 255
        seen = self.held_out.balanced_probabilities(x.to(self.held_out.scaling.slope.device))
        return [[round(value, 4) for value in row] for row in seen.tolist()]

    def _plain(self, portrait: Portrait, edits: Sequence[Edit]) -> dict[str, list[list[float] | None]]:
        """What the held-out classifier sees along plain mean differences, by edit, at each length."""
        if self.means is None or not edits:
            return {}
        vectors = torch.stack([edit.side * self.means[LABEL_NAMES.index(edit.label)] for edit in edits])
        moves = torch.tensor(ALIKE, device=vectors.device)[:, None] * vectors[:, None]
        # All at once, as the model decodes many pictures faster than one by one.
        pictures, intact = self.editor.judge.draw((portrait.latent.flatten() + moves).flatten(0, 1))
        found: list[list[float] | None] = []
        for picture, fine in zip(pictures.split(1), intact.tolist(), strict=True):
            photo = self.editor.put_back(portrait, picture.to(portrait.decoded.device))
            found.append(self._labels([self._square(portrait, photo)])[0] if fine else None)
        lengths = len(ALIKE)
        return {edit.name: found[lengths * k : lengths * (k + 1)] for k, edit in enumerate(edits)}
