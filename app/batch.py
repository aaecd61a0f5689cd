"""Many photos with the same moves: one picture out for each photo in, and a broken one stops none of the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from app.editor import Editor, WhichFace
from app.portraits.portrait import Portrait
from errors import GlowfaceError
from faces import Photo, PhotoError, PhotoSource, check_target, open_photo, save_photo

PHOTOS = frozenset({
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp",
})  # fmt: skip
"""Endings of the files that are taken out of a folder. What cannot be read, as HEIC, is told and not passed over."""

LOSSLESS = ".png"
"""What a picture is written as whose photo has a format that nothing is written in."""


class BatchResult(NamedTuple):
    """What came of one photo."""

    source: Path
    """The photo."""

    output: Path | None
    """The edited picture, or None where there is none."""

    error: str
    """What went wrong and what to do; empty where nothing did."""

    little: tuple[str, ...] = ()
    """The names of the sliders that do little on every face that was moved (:meth:`Editor.doing_little`)."""


def photos_in(paths: Iterable[Path]) -> list[Path]:
    """The photos that files and folders name, each once: files as they are given, of a folder the photos right in it.

    They come in the order given, those of a folder by name. Hidden files, and what lies in folders within, are left
    out: a batch may be written there, and is not to be edited again.

    Raises:
        PhotoError: a path is not there, a folder cannot be read, or there is no photo in it.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            if not path.exists():
                raise PhotoError(f"there is no file {path}; check its name.")
            found[path] = None
            continue
        try:
            inside = sorted(each for each in path.iterdir() if _is_photo(each))
        except OSError as error:
            raise PhotoError(f"the folder {path} cannot be read ({error.strerror}); choose another.") from error
        if not inside:
            raise PhotoError(f"there is no photo in the folder {path}; choose another.")
        found.update(dict.fromkeys(inside))
    return list(found)


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in PHOTOS and not path.name.startswith(".") and path.is_file()


def run_batch(
    editor: Editor,
    sources: Iterable[Path],
    folder: Path,
    values: Mapping[str, float],
    keep: Iterable[str] = (),
    *,
    all_faces: bool = False,
    lock_background: bool = True,
    suffix: str | None = None,
    face: WhichFace = 0,
) -> Iterator[BatchResult]:
    """Edit photos one after another, each when its result is asked for.

    Args:
        editor: moves the faces.
        sources: the photos.
        folder: where the pictures are written, under the photos' names; it is made where it is not there. No file that
            is there is written over: a name that is taken gets a number.
        values: a number per slider, as :meth:`Editor.edit` takes them.
        keep: sliders whose attributes stay as they are.
        all_faces: whether all faces of each photo are moved, or one.
        lock_background: whether what is not a person stays as it is.
        suffix: the pictures' format, such as ".png"; by default each photo's own, where it can be written.
        face: which face is moved where not all are.

    Raises:
        DirectionsError: a name is no slider, or a value is not a finite number.
        PhotoError: the suffix names no format, or the folder cannot be made.
    """
    moves = editor.directions.checked(values, keep)
    check_folder(folder, suffix)

    def one(source: Path) -> BatchResult:
        portraits = open_all_faces(editor, source) if all_faces else [editor.open(source, face)]
        edited = edit_all(editor, portraits, moves.values, moves.keep, lock_background=lock_background)
        target = free_name(folder, source, suffix)
        save_photo(edited, target)
        little = [editor.doing_little(portrait, moves.values, moves.keep) for portrait in portraits]
        return BatchResult(source, target, "", tuple(name for name in little[0] if all(name in one for one in little)))

    def results() -> Iterator[BatchResult]:
        for source in sources:
            try:
                yield one(source)
            except GlowfaceError as error:
                yield BatchResult(source, None, str(error))

    return results()


def open_all_faces(editor: Editor, source: PhotoSource) -> list[Portrait]:
    """All faces of a photo, largest first.

    Raises:
        PhotoError: the photo cannot be opened.
        NoFaceError: there is no face in it.
    """
    photo = open_photo(source)
    return [editor.portrait(photo, face) for face in editor.detector.require(photo.pixels)]


def edit_all(
    editor: Editor,
    portraits: Sequence[Portrait],
    values: Mapping[str, float],
    keep: Iterable[str] = (),
    *,
    lock_background: bool = True,
) -> Photo:
    """The photo of several faces, at least one, with all of them moved alike, as :meth:`Editor.edit` moves one.

    Raises:
        DirectionsError: a name is no slider, or a value is not a finite number.
    """
    photo, kept = portraits[0].photo, tuple(keep)
    for portrait in portraits:
        moved = editor.moved(portrait, values, kept)
        photo = editor.put_back(replace(portrait, photo=photo), moved, lock_background=lock_background)
    return photo


def check_folder(folder: Path, suffix: str | None = None) -> None:
    """See to it that pictures can be written to a folder, which is made where it is not there.

    Raises:
        PhotoError: it cannot be made, or the suffix names no format.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PhotoError(f"the folder {folder} cannot be made ({error.strerror}); choose another.") from error
    if suffix is not None:
        check_target(folder / f"picture{suffix}")


def free_name(folder: Path, source: Path, suffix: str | None = None) -> Path:
    """A path in ``folder``, named after a photo, at which nothing lies yet."""
    if suffix is None:
        try:
            check_target(folder / source.name)
            suffix = source.suffix
        except PhotoError:
            suffix = LOSSLESS
    path, number = folder / f"{source.stem}{suffix}", 1
    while path.exists() or path.is_symlink():
        number += 1
        path = folder / f"{source.stem}-{number}{suffix}"
    return path
