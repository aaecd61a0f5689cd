"""Many photos with the same moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.batch import edit_all, open_all_faces, photos_in, run_batch
from app.editor import Editor
from attributes import DirectionsError
from faces import PhotoError, open_photo

SMILE = {"Smiling": -1.0}


def save(pixels: np.ndarray, path: Path) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def test_folders_are_opened_and_files_taken_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "within").mkdir(parents=True)
    for name in ("b.JPG", "a.png", "c.heic", ".hidden.png", "notes.txt", "within/d.png"):
        (folder / name).touch()
    inside = [folder / name for name in ("a.png", "b.JPG", "c.heic")]
    assert photos_in([folder]) == inside
    assert photos_in([folder / "notes.txt", folder, folder / "a.png"]) == [folder / "notes.txt", *inside]
    with pytest.raises(PhotoError, match=r"no file .*none\.png"):
        photos_in([folder, folder / "none.png"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(PhotoError, match=r"no photo in the folder .*empty"):
        photos_in([tmp_path / "empty"])


def test_one_that_fails_stops_no_other_and_nothing_is_overwritten(
    editor: Editor, astronaut: np.ndarray, tmp_path: Path
) -> None:
    good = save(astronaut, tmp_path / "good.png")
    wall = save(np.full((200, 200, 3), 128, np.uint8), tmp_path / "wall.png")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    before = good.read_bytes()
    results = list(run_batch(editor, [wall, good, broken, good], tmp_path, SMILE))
    assert [result.source for result in results] == [wall, good, broken, good]
    assert [result.output for result in results] == [None, tmp_path / "good-2.png", None, tmp_path / "good-3.png"]
    assert "No face was found" in results[0].error
    assert "broken.jpg" in results[2].error
    assert (results[1].error, results[3].error) == ("", "")
    assert good.read_bytes() == before
    expected = editor.edit(editor.open(good), SMILE).pixels
    assert all(np.array_equal(open_photo(str(results[place].output)).pixels, expected) for place in (1, 3))


def test_pictures_keep_their_format_where_it_can_be_written(
    editor: Editor, astronaut: np.ndarray, tmp_path: Path
) -> None:
    photos = [save(astronaut, tmp_path / name) for name in ("a.webp", "b.gif")]
    written = [result.output for result in run_batch(editor, photos, tmp_path / "new" / "folder", {})]
    assert [path and path.name for path in written] == ["a.webp", "b.png"]
    other = [result.output for result in run_batch(editor, photos, tmp_path / "other", {}, suffix=".tif", face="whole")]
    assert [path and path.name for path in other] == ["a.tif", "b.tif"]


def test_all_faces_are_moved_or_one(editor: Editor, astronaut: np.ndarray, tmp_path: Path) -> None:
    pair = save(np.hstack([astronaut, astronaut[:, ::-1]]), tmp_path / "pair.png")
    portraits = open_all_faces(editor, pair)
    assert len(portraits) == 2
    both, one = (
        next(run_batch(editor, [pair], tmp_path / str(every), SMILE, ["Male"], all_faces=every))
        for every in (True, False)
    )
    pixels = {result: open_photo(str(result.output)).pixels for result in (both, one)}
    assert np.array_equal(pixels[both], edit_all(editor, portraits, SMILE, ["Male"]).pixels)
    changed = [
        [
            not np.array_equal(half, old)
            for half, old in zip(np.hsplit(result, 2), np.hsplit(portraits[0].photo.pixels, 2), strict=True)
        ]
        for result in pixels.values()
    ]
    assert all(changed[0])
    assert sum(changed[1]) == 1


def test_a_slider_that_does_little_on_all_faces_of_a_photo_is_named(
    fine_editor: Editor, astronaut: np.ndarray, tmp_path: Path
) -> None:
    woman = save(astronaut, tmp_path / "woman.png")
    wall = save(np.full((200, 200, 3), 128, np.uint8), tmp_path / "wall.png")
    beard = {"No_Beard": -1.0, "Smiling": -1.0}  # beards come to men alone
    results = list(run_batch(fine_editor, [woman, wall], tmp_path / "out", beard, all_faces=True))
    assert [result.little for result in results] == [("No_Beard",), ()]


def test_wrong_moves_and_formats_are_refused_before_any_photo(editor: Editor, tmp_path: Path) -> None:
    with pytest.raises(DirectionsError, match="did you mean Smiling"):
        run_batch(editor, [], tmp_path, {"Smile": 1.0})
    with pytest.raises(PhotoError, match=r"\.doc"):
        run_batch(editor, [], tmp_path, SMILE, suffix=".doc")
    (tmp_path / "file").touch()
    with pytest.raises(PhotoError, match="cannot be made"):
        run_batch(editor, [], tmp_path / "file", SMILE)
