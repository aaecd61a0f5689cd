"""A session that goes on with another model: nothing is lost, and nothing jumps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.editor import Editor
from app.portraits.slider_snapshot import SliderSnapshot
from app.session import Session
from attributes import LABEL_NAMES, YOUR_OWN, Direction
from glow import Latent


def custom_slider(editor: Editor, name: str, high: float) -> Direction:
    """A custom slider along the editor's direction of Bangs, with another end."""
    label = editor.label_directions.slider("Bangs")
    index = LABEL_NAMES.index("Bangs")
    vector = Latent(tuple(scale[index : index + 1] for scale in editor.label_directions.vectors.scales))
    mean, deviation = (float(values[index]) for values in vars(editor.label_directions.population).values())
    return Direction(
        replace(label, name=name, title=name, low=-1.0, high=high, group=YOUR_OWN), vector, mean, deviation
    )


def with_custom(editor: Editor, *custom: Direction) -> Editor:
    """The editor with other custom sliders."""
    return replace(editor, sliders=SliderSnapshot(editor.label_directions.with_sliders(custom), custom))


def test_another_model_goes_on_with_the_same_work(
    session: Session, editor: Editor, fine_editor: Editor, astronaut: np.ndarray
) -> None:
    session.set({"Smiling": 1.0})
    session.set_keep(["Male"])
    first = session.picture().pixels
    session.use(fine_editor)
    assert session.values["Smiling"] == 1
    assert session.keep == ("Male",)
    finer = session.picture().pixels
    assert np.abs(finer.astype(int) - astronaut).max() > 20
    assert not np.array_equal(finer, first)
    session.use(editor)
    assert np.array_equal(session.picture().pixels, first)
    for _ in range(2):
        assert session.undo()
    session.use(fine_editor)
    assert np.array_equal(session.picture().pixels, astronaut)
    assert session.redo()
    assert np.abs(session.picture().pixels.astype(int) - astronaut).max() > 20


def test_what_the_other_model_lacks_is_there_again_on_the_way_back(
    editor: Editor, fine_editor: Editor, astronaut: np.ndarray
) -> None:
    """A custom slider of the first model, and one of which the second has less; with two faces."""
    first = with_custom(editor, custom_slider(editor, "Scarf", 2.0), custom_slider(editor, "Hat", 2.0))
    second = with_custom(fine_editor, custom_slider(fine_editor, "Hat", 1.3737))
    session = Session(first)
    session.open(np.concatenate([astronaut, astronaut[:, ::-1]], axis=1))
    session.choose(1)
    session.set({"Scarf": 1.0})
    session.set({"Hat": 2.0})
    before = session.picture().pixels
    session.use(second)
    assert "Scarf" not in session.values
    assert session.values["Hat"] == 1.3737
    session.set({"Smiling": 1.0})
    session.undo()
    session.use(first)
    assert (session.values["Scarf"], session.values["Hat"]) == (1.0, 2.0)
    assert np.array_equal(session.picture().pixels, before)
    session.use(second)
    session.set({"Smiling": 1.0})
    session.use(first)
    assert (session.values["Scarf"], session.values["Hat"], session.values["Smiling"]) == (1.0, 2.0, 1.0)


class BrokenEditor(Editor):
    """An editor whose model cannot encode a face."""

    def encode(self, pixels: np.ndarray) -> Latent:
        raise RuntimeError(f"out of memory for {pixels.shape}")


def test_a_model_that_fails_leaves_all_as_it_was(session: Session, fine_editor: Editor) -> None:
    session.set({"Smiling": 1.0})
    before = session.picture().pixels
    broken = BrokenEditor(**vars(fine_editor))
    with pytest.raises(RuntimeError):
        session.use(broken)
    assert session.editor is not broken
    assert np.array_equal(session.picture().pixels, before)


def test_a_drawn_face_goes_on_with_another_model_as_a_photo(
    session: Session, editor: Editor, fine_editor: Editor
) -> None:
    session.take(editor.sample(1, seed=5)[0])
    before = session.picture().pixels
    session.set({"Smiling": 1.0})
    moved = session.picture().pixels
    session.use(fine_editor)
    session.set({"Smiling": 0.05})
    assert np.abs(session.picture().pixels.astype(int) - before).mean() < 1  # no jump where little is moved
    session.set({"Smiling": 1.0})
    session.use(editor)
    assert np.array_equal(session.picture().pixels, moved)
