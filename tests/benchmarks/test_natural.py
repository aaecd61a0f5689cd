"""The colours of hair and teeth that sliders go by are those of real faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from attributes import FaceSet
from attributes.making.by_eye import slider_mask
from benchmarks.natural.real_teeth import real_teeth
from benchmarks.natural.tints import tint
from faces.compositing.paste import LUMA


@pytest.mark.parametrize(("name", "cooler"), [("Blond_Hair", "Black_Hair"), ("Brown_Hair", "Blond_Hair")])
def test_hair_is_tinted_as_hair_of_that_name_is(celebahq_folder: Path, name: str, cooler: str) -> None:
    faces = FaceSet.open(celebahq_folder)
    found, other = (tint(faces, label) for label in (name, cooler))
    assert found @ LUMA == pytest.approx(1, abs=1e-3)
    assert found[0] - found[2] > other[0] - other[2]
    np.testing.assert_allclose(slider_mask(name, 1, 5).tint, found, atol=0.1)


def test_most_real_teeth_lie_within_the_bounds_of_new_ones(celebahq_folder: Path) -> None:
    shares = real_teeth(FaceSet.open(celebahq_folder, limit=2000))
    assert all(share > 0.85 for share in shares.values()), shares
