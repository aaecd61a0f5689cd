"""A user's session: undo and redo, several faces, ways on without a face, nothing lost to bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.editor import Editor
from app.portraits.area import Stroke
from app.portraits.view import View
from app.session import Session
from attributes import DirectionsError, Recipe, RecipeError
from faces import NoFaceError, PhotoError


def test_sliders_at_0_again_give_the_photo_back(session: Session, astronaut: np.ndarray) -> None:
    assert session.set({"Smiling": 1.0})
    assert not np.array_equal(session.picture().pixels, astronaut)
    assert session.set({"Smiling": 0.0})
    assert np.array_equal(session.picture().pixels, astronaut)


def test_setting_the_same_values_changes_nothing(session: Session) -> None:
    assert session.set({"Smiling": 1.0})
    assert not session.set({"Smiling": 1.0, "Bangs": 0.0})


def test_undo_and_redo_walk_through_the_edits(session: Session) -> None:
    session.set({"Smiling": 1.0})
    session.set({"Bangs": 1.0})
    session.reset()
    pictures = []
    for smiling, bangs in ((1.0, 1.0), (1.0, 0.0), (0.0, 0.0)):
        assert session.undo()
        assert (session.values["Smiling"], session.values["Bangs"]) == (smiling, bangs)
        pictures.append(session.picture().pixels)
    assert not session.undo()
    assert session.redo()
    assert np.array_equal(session.picture().pixels, pictures[1])
    session.set({"Male": 1.0})
    assert not session.redo()


def test_the_background_is_let_go_and_locked_again_as_a_step_of_its_own(
    session: Session, astronaut: np.ndarray
) -> None:
    session.set({"Blond_Hair": 1.0})
    locked = session.picture().pixels
    assert not session.lock_background(True)
    assert session.lock_background(False)
    free = session.picture().pixels
    assert not np.array_equal(locked, free)
    assert session.undo()
    assert np.array_equal(session.picture().pixels, locked)
    assert session.redo()
    assert np.array_equal(session.picture().pixels, free)
    session.open(astronaut)
    assert not session.edits.lock_background, "the choice stays for the next photo"


def test_one_drag_is_one_step_for_undo(session: Session) -> None:
    for value in (0.1, 0.4, 0.9):
        session.set({"Smiling": value})
    assert session.undo()
    assert session.values["Smiling"] == 0
    assert session.redo()
    assert session.values["Smiling"] == 0.9


def test_two_faces_in_one_photo_keep_their_own_edits(editor: Editor, astronaut: np.ndarray) -> None:
    pair = np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)
    session = Session(editor)
    session.open(pair)
    assert len(session.faces) == 2
    session.set({"Blond_Hair": 1.0})
    session.choose(1)
    assert session.values["Blond_Hair"] == 0
    session.set({"Black_Hair": 1.0})
    both = session.picture().pixels
    halves = [np.abs(both.astype(int) - pair)[:, half].max() for half in (np.s_[:512], np.s_[512:])]
    assert min(halves) > 20
    session.undo()
    session.undo()
    assert session.edits.chosen == 0
    assert session.values["Blond_Hair"] == 1


def test_a_face_that_is_none_is_left_out_and_the_others_keep_their_edits(editor: Editor, astronaut: np.ndarray) -> None:
    session = Session(editor)
    session.open(np.concatenate([astronaut, astronaut[:, ::-1]], axis=1))
    session.choose(1)
    session.set({"Smiling": 1.0})
    (wrong, right), smiling = session.faces, session.picture().pixels
    session.choose(0)
    session.leave_out()
    assert session.faces == (right,)
    assert session.values["Smiling"] == 1.0
    assert np.array_equal(session.picture().pixels, smiling)
    session.leave_out()
    assert (session.faces, session.ready) == ((), False)
    assert session.undo()
    assert session.undo()
    assert session.faces == (wrong, right)
    assert np.array_equal(session.picture().pixels, smiling)


def test_bad_input_leaves_all_as_it_was(session: Session, tmp_path: Path) -> None:
    session.set({"Smiling": 1.0})
    before = session.picture().pixels
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(PhotoError):
        session.open(tmp_path / "broken.png")
    for values in ({"Smile": 1.0}, {"Smiling": float("nan")}):
        with pytest.raises(DirectionsError):
            session.set(values)
    with pytest.raises(NoFaceError):
        session.choose(5)
    with pytest.raises(PhotoError):
        session.export(tmp_path / "out.doc")
    assert np.array_equal(session.picture().pixels, before)


def test_without_a_face_there_are_two_ways_on(editor: Editor) -> None:
    blank = np.full((200, 300, 3), 120, dtype=np.uint8)
    session = Session(editor)
    with pytest.raises(NoFaceError):
        session.open(blank)
    assert not session.ready
    assert session.set({"Smiling": 1.0})  # it waits for a face
    assert np.array_equal(session.picture().pixels, blank)
    session.use_whole()
    assert session.values["Smiling"] == 1.0
    assert not np.array_equal(session.picture().pixels, blank)
    with pytest.raises(NoFaceError):
        session.open(blank)
    session.mark((120, 80), (170, 80), (145, 130))
    assert session.set({"Smiling": 1.0})
    assert not np.array_equal(session.picture().pixels, blank)


def test_a_view_shows_what_the_download_will_hold(session: Session) -> None:
    session.set({"Blond_Hair": 1.0})
    full = session.picture()
    for view in (session.view(1024, face=True), session.view(1024, face=False)):
        assert np.array_equal(session.picture(view).pixels, view.cut(full).pixels)
    small = session.view(128, face=True)
    seen, true = session.picture(small).pixels.astype(int), small.cut(full).pixels
    assert max(seen.shape) == 128
    assert np.abs(seen - true).mean() < 1.5
    assert View.whole(full, 256).cut(full).pixels.shape == (256, 256, 3)


def test_export_keeps_size_and_values(session: Session, tmp_path: Path) -> None:
    session.set({"Smiling": 1.0})
    session.export(tmp_path / "out.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), session.picture().pixels)


def test_a_drawn_face_can_be_taken_on(session: Session, editor: Editor) -> None:
    session.take(editor.sample(1, seed=5)[0])
    before = session.picture().pixels
    session.set({"Smiling": 1.0})
    assert not np.array_equal(session.picture().pixels, before)
    session.undo()
    assert np.array_equal(session.picture().pixels, before)


def test_what_is_kept_fixed_is_a_step_for_undo_and_changes_the_picture(session: Session) -> None:
    session.set({"Smiling": 1.0})
    free = session.picture().pixels
    assert session.set_keep(["High_Cheekbones", "Male"])
    assert not session.set_keep(["Male", "High_Cheekbones"])
    assert session.keep == ("High_Cheekbones", "Male")
    assert not np.array_equal(session.picture().pixels, free)
    assert session.undo()
    assert session.keep == ()
    assert np.array_equal(session.picture().pixels, free)
    assert session.redo()
    session.reset()
    assert (session.keep, any(session.values.values())) == ((), False)
    with pytest.raises(DirectionsError, match="did you mean Male"):
        session.set_keep(["Mail"])


def test_a_recipe_is_one_step_and_gives_itself_back(session: Session) -> None:
    session.set({"Bangs": 1.0})
    before = session.picture().pixels
    recipe = Recipe("Party", {"Smiling": 0.5, "Blond_Hair": 99.0}, ("Male",))
    session.apply(recipe)
    assert session.values["Bangs"] == 0
    assert session.values["Blond_Hair"] == session.editor.directions.slider("Blond_Hair").high
    saved = session.recipe("Mine")
    assert (saved.moves["Smiling"], saved.keep) == (0.5, ("Male",))
    picture = session.picture().pixels
    assert session.undo()
    assert np.array_equal(session.picture().pixels, before)
    session.apply(saved)
    assert np.array_equal(session.picture().pixels, picture)
    with pytest.raises(RecipeError, match="'Smilling'"):
        session.apply(Recipe("Typo", {"Smilling": 1.0}))
    assert np.array_equal(session.picture().pixels, picture)
    session.reset()
    with pytest.raises(RecipeError, match="nothing is moved"):
        session.recipe("Empty")


def test_undo_brings_a_former_photo_back_with_its_edits(session: Session, astronaut: np.ndarray) -> None:
    session.set({"Smiling": 1.0})
    smiling = session.picture().pixels
    session.clear()
    assert session.photo is None
    assert not session.ready
    session.set({"Blond_Hair": 1.0})
    session.open(astronaut[:, ::-1])
    assert session.values["Blond_Hair"] == 1.0
    assert session.values["Smiling"] == 0.0
    blond = session.picture().pixels
    session.take(session.editor.sample(1)[0])
    assert not any(session.values.values())
    for _ in range(2):
        assert session.undo()
    assert session.photo is None
    for _ in range(2):
        assert session.undo()
    assert np.array_equal(session.picture().pixels, smiling)
    while session.history.can_redo:
        session.redo()
    session.undo()
    assert np.array_equal(session.picture().pixels, blond)


def test_edits_act_only_where_the_brush_went(session: Session, astronaut: np.ndarray) -> None:
    session.set({"Blond_Hair": 1.0})
    everywhere = session.picture().pixels
    changed = np.argwhere((everywhere != astronaut).any(-1))
    y, x = changed[len(changed) // 2].tolist()
    session.limit([Stroke(((x, y), (x + 5.0, y)), 12.0)])
    limited = session.picture().pixels
    assert not np.array_equal(limited, astronaut)
    far = np.hypot(*(np.indices(limited.shape[:2]) - np.array([y, x])[:, None, None])) > 40
    assert np.array_equal(limited[far], astronaut[far])
    assert session.undo()
    assert np.array_equal(session.picture().pixels, everywhere)
    assert session.redo()
    session.set({"Blond_Hair": 0.0})
    assert np.array_equal(session.picture().pixels, astronaut)
