"""Encoded faces that nobody has used for long are let go, and encoded anew."""

from __future__ import annotations

import gc
from weakref import ref

import numpy as np
import pytest

from app.editor import Editor
from app.portraits.portrait_cache import CACHE
from app.session import Session


def test_an_edit_goes_on_where_its_face_was_let_go(
    editor: Editor, astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CACHE, "most", 1)
    mine, drawing = Session(editor), Session(editor)
    mine.open(astronaut)
    mine.set({"Smiling": -1.0})
    before, latent, known = mine.picture().pixels, mine.portrait.latent.flatten(), ref(mine.portrait)
    drawing.take(editor.sample(1)[0])
    drawn = drawing.portrait
    other = Session(editor)
    other.open(astronaut[:, ::-1])
    gc.collect()
    assert known() is None
    assert len(CACHE) == 1
    assert drawing.portrait is drawn  # no photo has its latent
    mine.set({"Smiling": 0.0})
    assert mine.picture() is mine.photo
    mine.set({"Smiling": -1.0})
    mine._moved.clear()
    assert np.array_equal(mine.picture().pixels, before)
    assert (mine.portrait.latent.flatten() == latent).all()
    assert other.ready
    del mine, other
    gc.collect()
    assert len(CACHE) == 0
