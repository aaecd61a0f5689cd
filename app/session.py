"""One user's work: a photo, the slider values of each of its faces, recipes, undo and redo, export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from app.editor import Editor
from app.portrait import Portrait
from app.view import View
from attributes import Recipe, RecipeError
from faces import Face, FaceError, NoFaceError, Photo, PhotoSource, open_photo, save_photo

MAX_UNDO = 200


@dataclass(frozen=True)
class Edits:
    """A moment of the work, as undo keeps it."""

    chosen: int = 0
    """The face that the sliders move."""

    values: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    """Slider values, other than 0, of each face that has any."""

    keep: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Names of the sliders whose attributes stay as they are, of each face that has any."""

    lock_background: bool = True
    """Whether what is not the person stays as it is."""


class Session:
    """What one user has open. Bad input raises an error and leaves all as it was.

    Args:
        editor: the shared editor.
    """

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self.photo: Photo | None = None
        self.faces: tuple[Face, ...] = ()
        self.edits = Edits()
        self._encoded: dict[Editor, dict[int, Portrait]] = {}
        self._seen: dict[View, Photo] = {}
        self._moved: dict[int, tuple[Any, Tensor]] = {}
        self._undo: list[Edits] = []
        self._redo: list[Edits] = []
        self._moving: str | None = None

    def open(self, source: PhotoSource) -> None:
        """Open a photo and choose its largest face.

        Raises:
            PhotoError: it cannot be opened; what was open stays open.
            NoFaceError: no face was found. The photo is kept: :meth:`use_whole` and :meth:`mark` go on with it.
        """
        photo = open_photo(source)
        try:
            faces = tuple(self.editor.detector.require(photo.pixels))
        except NoFaceError:
            self._start(photo, (), None)
            raise
        self._start(photo, faces, self.editor.portrait(photo, faces[0]))

    def use_whole(self) -> None:
        """Take the photo's central square for the face: for pictures that are already cut around it."""
        photo = self._open_photo()
        self._start(photo, (), self.editor.portrait(photo, "whole"))

    def mark(self, left_eye: tuple[float, float], right_eye: tuple[float, float], mouth: tuple[float, float]) -> None:
        """Add a face from three points of the photo, in pixels, and choose it.

        Raises:
            FaceError: the points do not span a face, or the whole picture is taken for the face already.
        """
        photo = self._open_photo()
        if self.ready and not self.faces:
            raise FaceError("the whole picture is taken for the face; open the photo again to mark one in it.")
        face = Face.from_points(left_eye, right_eye, mouth)
        portrait = self.editor.portrait(photo, face)
        self.faces = (*self.faces, face)
        index = len(self.faces) - 1
        self._portraits[index] = portrait
        self._remember(replace(self.edits, chosen=index))

    def take(self, portrait: Portrait) -> None:
        """Go on with a face that is already encoded, such as a drawn one."""
        self._start(portrait.photo, (), portrait)

    def use(self, editor: Editor) -> None:
        """Go on with another model: photo, faces, edits and all steps of undo stay, and so they do on the way back.

        While it is used, values beyond the ends of its sliders count as the ends, and own sliders that it does not have
        as 0.
        """
        if editor is self.editor:
            return
        known = self._encoded.setdefault(editor, {})
        known |= {index: editor.again(face) for index, face in self._portraits.items() if index not in known}
        self.editor, self._moved, self._moving = editor, {}, None

    @property
    def _portraits(self) -> dict[int, Portrait]:
        """The faces that the model has encoded."""
        return self._encoded.setdefault(self.editor, {})

    def _values(self, index: int) -> dict[str, float]:
        """Slider values, other than 0, of a face, as the model has them."""
        directions = self.editor.directions
        names = set(directions.names)
        return directions.within({n: v for n, v in self.edits.values.get(index, {}).items() if n in names})

    def _kept(self, index: int) -> tuple[str, ...]:
        """What is kept fixed in a face, of what the model has."""
        names = set(self.editor.directions.names)
        return tuple(name for name in self.edits.keep.get(index, ()) if name in names)

    def _start(self, photo: Photo, faces: tuple[Face, ...], portrait: Portrait | None) -> None:
        # Who has let the background go wants it so for the next photo too.
        self.photo, self.faces, self.edits = photo, faces, Edits(lock_background=self.edits.lock_background)
        self._encoded = {} if portrait is None else {self.editor: {0: portrait}}
        self._seen, self._moved, self._undo, self._redo, self._moving = {}, {}, [], [], None

    def _open_photo(self) -> Photo:
        if self.photo is None:
            raise NoFaceError("no photo is open; open one first.")
        return self.photo

    @property
    def ready(self) -> bool:
        """Whether there is a face to edit."""
        return bool(self._portraits)

    @property
    def portrait(self) -> Portrait:
        """The chosen face.

        Raises:
            NoFaceError: there is none.
        """
        return self._portrait(self.edits.chosen)

    def _portrait(self, index: int) -> Portrait:
        photo = self._open_photo()
        if index not in self._portraits:
            if index >= len(self.faces):
                raise NoFaceError("there is no face to edit; open a photo with a face, or mark the face by hand.")
            self._portraits[index] = self.editor.portrait(photo, self.faces[index])
        return self._portraits[index]

    @property
    def values(self) -> dict[str, float]:
        """The values of all sliders for the chosen face."""
        moved = self._values(self.edits.chosen)
        return {name: float(moved.get(name, 0.0)) for name in self.editor.directions.names}

    @property
    def keep(self) -> tuple[str, ...]:
        """What is kept fixed while the sliders move the chosen face."""
        return self._kept(self.edits.chosen)

    def choose(self, index: int) -> None:
        """Let the sliders move face ``index`` of the photo; the edits of other faces stay.

        Raises:
            NoFaceError: there is no such face.
        """
        self._portrait(index)
        if index != self.edits.chosen:
            self._remember(replace(self.edits, chosen=index))

    def set(self, values: Mapping[str, float]) -> bool:
        """Set slider values of the chosen face; those not named keep theirs.

        Several changes of one slider in a row are one step for undo, as one drag sends many of them.

        Returns:
            Whether anything changed.

        Raises:
            DirectionsError: a name is no slider, or a value is not a finite number.
        """
        self._portrait(self.edits.chosen)
        values = self.editor.directions.within(values)
        now = self.values
        changed = [name for name, value in values.items() if now[name] != value]
        if not changed:
            return False
        # What the model does not know stays as it is, for another that does.
        before = self.edits.values.get(self.edits.chosen, {})
        edits = self._with_values({**before, **{name: values[name] for name in changed}})
        if len(changed) == 1 and changed[0] == self._moving:
            self.edits = edits
        else:
            self._remember(edits)
        self._moving = changed[0] if len(changed) == 1 else None
        return True

    def _with_values(self, values: Mapping[str, float]) -> Edits:
        moved = {name: value for name, value in values.items() if value}
        return replace(self.edits, values={**self.edits.values, self.edits.chosen: moved})

    def hold(self, names: Iterable[str]) -> bool:
        """Keep the attributes of these sliders, and of no others, fixed while the chosen face is moved.

        Returns:
            Whether anything changed.

        Raises:
            DirectionsError: a name is no slider.
        """
        self._portrait(self.edits.chosen)
        kept = tuple(dict.fromkeys(names))
        for name in kept:
            self.editor.directions.slider(name)
        if set(kept) == set(self.keep):
            return False
        self._remember(replace(self.edits, keep={**self.edits.keep, self.edits.chosen: kept}))
        return True

    def lock_background(self, on: bool) -> bool:
        """Whether what is behind the people stays as it is.

        Returns:
            Whether anything changed.
        """
        if on == self.edits.lock_background:
            return False
        self._remember(replace(self.edits, lock_background=on))
        return True

    def apply(self, recipe: Recipe) -> None:
        """Set the chosen face's sliders to what a recipe says, the others to 0: one step for undo.

        Values beyond a slider's ends are taken for the ends.

        Raises:
            RecipeError: it names a slider that there is not.
        """
        self._portrait(self.edits.chosen)
        recipe.check(self.editor.directions.names)
        values = self.editor.directions.within(recipe.moves)
        edits = self._with_values(values)
        edits = replace(edits, keep={**edits.keep, edits.chosen: tuple(recipe.keep)})
        if (values, set(recipe.keep)) != ({n: v for n, v in self.values.items() if v}, set(self.keep)):
            self._remember(edits)

    def recipe(self, name: str) -> Recipe:
        """The chosen face's moves as a recipe.

        Raises:
            RecipeError: nothing is moved, or the name is empty.
        """
        moves = {slider: value for slider, value in self.values.items() if value}
        if not moves:
            raise RecipeError("nothing is moved yet; move a slider, and then save.")
        return Recipe.parse({"name": name, "moves": moves, "keep": list(self.keep)}, "the recipe")

    def reset(self) -> None:
        """All sliders of the chosen face to 0, and nothing kept fixed; undo brings them back."""
        self._portrait(self.edits.chosen)
        if any(self.values.values()) or self.keep:
            edits = self._with_values({})
            self._remember(replace(edits, keep={**edits.keep, edits.chosen: ()}))

    def _remember(self, edits: Edits) -> None:
        self._undo = [*self._undo, self.edits][-MAX_UNDO:]
        self._redo, self._moving, self.edits = [], None, edits

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to take again."""
        return bool(self._redo)

    def undo(self) -> bool:
        """One step back; whether there was one."""
        if not self._undo:
            return False
        self._redo.append(self.edits)
        self.edits, self._moving = self._undo.pop(), None
        return True

    def redo(self) -> bool:
        """One step forward again; whether there was one."""
        if not self._redo:
            return False
        self._undo.append(self.edits)
        self.edits, self._moving = self._redo.pop(), None
        return True

    def picture(self, view: View | None = None) -> Photo:
        """The photo with all edits of all its faces: at its own size, or what ``view`` shows of it.

        Raises:
            NoFaceError: no photo is open.
        """
        result = self.before(view)
        for index in self.edits.values:
            if self._values(index):
                face = self._portrait(index)
                alignment = view.place(face.alignment) if view else face.alignment
                face = replace(face, photo=result, alignment=alignment)
                locked = self.edits.lock_background
                result = self.editor.put_back(face, self._picture(index), lock_background=locked)
        return result

    def _picture(self, index: int) -> Tensor:
        """The model's picture of a face as it is now; the last one is kept for each face."""
        values, kept = self._values(index), self._kept(index)
        state = (values, set(kept), self.editor.directions)
        if self._moved.get(index, (None,))[0] != state:
            portrait = self._portrait(index)
            self._moved[index] = (state, self.editor.moved(portrait, values, kept))
        return self._moved[index][1]

    def doing_little(self) -> list[str]:
        """The names of the sliders that move the chosen face and do little there (:meth:`Editor.doing_little`)."""
        index = self.edits.chosen
        return self.editor.doing_little(self._portrait(index), self._values(index), self._kept(index))

    def reading(self, *, before: bool = False) -> dict[str, float]:
        """How probable each label is, from 0 to 1, in the chosen face as it is now, or as it was ``before`` all edits.

        Raises:
            NoFaceError: there is no face.
        """
        index = self.edits.chosen
        if before:
            return self.editor.read(self._portrait(index).decoded)
        return self.editor.read(self._picture(index), self._values(index))

    def before(self, view: View | None = None) -> Photo:
        """The photo as it was opened, or what ``view`` shows of it.

        Raises:
            NoFaceError: no photo is open.
        """
        photo = self._open_photo()
        if view is None:
            return photo
        if view not in self._seen:
            self._seen = {view: view.cut(photo)}  # the last one only: it is asked for with every slider
        return self._seen[view]

    def view(self, long_side: int, *, face: bool) -> View:
        """The chosen face, or the whole photo, on a screen of ``long_side`` pixels."""
        photo = self._open_photo()
        if face and self.ready and not self.portrait.drawn:
            return View.face(photo, self.portrait.alignment, long_side)
        return View.whole(photo, long_side)

    def export(self, path: str | Path) -> None:
        """Write the edited photo at its own resolution; the suffix names the format.

        Raises:
            PhotoError: the format is unknown or the file cannot be written.
        """
        save_photo(self.picture(), path)
