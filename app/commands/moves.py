"""What commands ask of a face: sliders by name, with their values, and the face itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.commands.options import MoveOptions, SharedOptions
from app.commands.telling import note

if TYPE_CHECKING:
    from app.editor import Editor, WhichFace
    from app.portraits.portrait import Portrait


class Asked(NamedTuple):
    """Moves as they were asked for, their names checked."""

    values: dict[str, float]
    keep: tuple[str, ...]


def slider_names(options: SharedOptions) -> list[str]:
    """The names of all sliders, without loading a model."""
    from attributes import LABEL_NAMES, listed_sliders, sliders_folder

    return [*LABEL_NAMES, *(slider.name for slider in listed_sliders(sliders_folder(options.checkpoint)))]


def asked(options: MoveOptions) -> Asked:
    """What ``--recipe``, ``--set`` and ``--keep`` say.

    Raises:
        RecipeError: there is no such recipe.
        DirectionsError: a name is no slider's. A value of 0 moves nothing, but its name must be right too.
    """
    from attributes import check_names, find_recipe, full_name

    recipe = find_recipe(options.recipe) if options.recipe else None
    names = slider_names(options)
    values = dict(recipe.moves if recipe else {}) | {full_name(name, names): value for name, value in options.settings}
    keep = [*(recipe.keep if recipe else ()), *(full_name(name, names) for name in options.keep)]
    check_names((*values, *keep), names)
    return Asked(values, tuple(dict.fromkeys(keep)))


def slider_asked(options: SharedOptions, name: str) -> str:
    """The name of the slider that an option names.

    Raises:
        DirectionsError: it is none's.
    """
    from attributes import check_names, full_name

    names = slider_names(options)
    name = full_name(name, names)
    check_names([name], names)
    return name


def load_editor(options: SharedOptions) -> Editor:
    """The editor that a command works with; what is wrong with custom sliders is said."""
    from app.editor import Editor

    editor = Editor.load(options.checkpoint, device=options.device)
    for problem in editor.problems:
        note(problem)
    return editor


def within_range(editor: Editor, values: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Values of sliders, those beyond a slider's end as the end, which is said."""
    taken = []
    for name, value in values:
        end = editor.directions.checked({name: value}).values[name]
        if end != value:
            note(f"{name} {value:g} is beyond the end of its range; {end:g} was taken")
        taken.append((name, end))
    return taken


def open_face(editor: Editor, photo: Path, face: WhichFace, option: str = "--face") -> Portrait:
    """A photo's face, encoded.

    Args:
        editor: the model.
        photo: the photo.
        face: which of its faces.
        option: the command's option that chooses the face.

    Raises:
        PhotoError: it cannot be opened.
        FaceError: there is no such face; the message names the photo, and the option that helps.
    """
    from faces import FaceError, NoFaceError, PhotoError

    try:
        return editor.open(photo, face)
    except PhotoError:
        raise
    except NoFaceError as error:
        raise NoFaceError(f"{photo.name}: {error} Here: {option} whole.") from error
    except FaceError as error:
        raise FaceError(f"{photo.name}: {error}") from error
