"""Encoding a data set: the one way in which pictures on disk become latents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from data.face_set import FaceSet
from glow.model import Glow


@dataclass(frozen=True)
class EncodedBatch:
    """Some faces of a set, and their latents."""

    indices: np.ndarray
    """``(B,)``: which faces of the set these are."""

    pixels: Tensor
    """uint8 ``(B, 3, S, S)``, on the model's device."""

    latents: Tensor
    """``(B, D)``, on the model's device."""


def encode_faces(
    model: Glow,
    faces: FaceSet,
    *,
    batch: int = 64,
    indices: Sequence[int] | np.ndarray | None = None,
    progress: bool = True,
) -> Iterator[EncodedBatch]:
    """Read faces at the model's size and encode them, batch by batch, in order.

    Faces that cannot be read are left out, and named on standard error in the end.

    Args:
        model: encodes.
        faces: the set.
        batch: faces encoded at once.
        indices: which faces of the set; all if left out.
        progress: whether to show a bar, on a terminal.
    """
    total = len(faces) if indices is None else len(indices)
    with tqdm(total=total, desc="encoding faces", unit="img", disable=None if progress else True) as bar:
        for chosen, read in faces.batches(model.config.image_size, batch, indices=indices):
            with torch.inference_mode():
                pixels = torch.from_numpy(read).to(model.device)
                latents = model.encode(pixels.float() / 255).flatten()
            yield EncodedBatch(chosen, pixels, latents)
            bar.update(len(chosen))
