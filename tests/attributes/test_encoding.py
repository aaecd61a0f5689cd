"""Encoding a data set: every face that can be read, in order, as the model encodes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from attributes import FaceSet
from attributes.encoding import encode_faces
from glow import Checkpoint


def test_faces_come_in_order_with_their_latents_and_without_what_cannot_be_read(
    checkpoint: Checkpoint, validation_faces: torch.Tensor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i, face in enumerate(validation_faces[:5]):
        Image.fromarray(face.permute(1, 2, 0).numpy()).save(tmp_path / f"{i}.png")
    (tmp_path / "1.png").write_bytes(b"nothing")
    faces = FaceSet.open(tmp_path)
    found = list(encode_faces(checkpoint.model, faces, batch=2, progress=False))
    assert "1 of 5 pictures cannot be read" in capsys.readouterr().err
    assert [encoded.indices.tolist() for encoded in found] == [[0], [2, 3], [4]]
    pixels = torch.cat([encoded.pixels for encoded in found])
    assert torch.equal(pixels, validation_faces[[0, 2, 3, 4]])
    with torch.inference_mode():
        expected = checkpoint.model.encode(pixels.float() / 255).flatten()
    torch.testing.assert_close(torch.cat([encoded.latents for encoded in found]), expected, atol=1e-4, rtol=1e-4)
    some = list(encode_faces(checkpoint.model, faces, indices=np.array([4, 0]), progress=False))
    assert [encoded.indices.tolist() for encoded in some] == [[4, 0]]
    torch.testing.assert_close(some[0].latents, expected[[3, 0]], atol=1e-4, rtol=1e-4)
