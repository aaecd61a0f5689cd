"""One user's work: a photo, the slider values of each of its faces, recipes, undo and redo, export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from app.edit_history import EditState, History
from app.editor import Editor
from app.open_photo import OpenPhoto
from app.portraits.area import Stroke, limited
from app.portraits.portrait import Portrait
from app.portraits.view import View, on_screen
from attributes import Moves, Recipe
from faces import Face, NoFaceError, Photo, PhotoSource, open_photo, save_photo


class Session:
    """What one user has open. Bad input raises an error and leaves all as it was.

    Args:
        editor: the shared editor.
    """

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self.history = History(EditState())
        self._moved: dict[int, tuple[Any, Tensor]] = {}

    @property
    def edits(self) -> EditState:
        """What is open, and what is done to the photo's faces."""
        return self.history.now

    @property
    def _opened(self) -> OpenPhoto | None:
        return self.edits.opened

    def open(self, source: PhotoSource) -> None:
        """Open a photo and choose its largest face; undo leads back to the one before, with all its edits.

        Sliders that were moved while there was no face move this one.

        Raises:
            PhotoError: it cannot be opened; what was open stays open.
            NoFaceError: no face was found. The photo is kept: :meth:`use_whole` and :meth:`mark` go on with it.
        """
        photo = open_photo(source)
        try:
            faces = tuple(self.editor.detector.require(photo.pixels))
        except NoFaceError:
            self._start(OpenPhoto(photo))
            raise
        self._start(OpenPhoto(photo, faces, self.editor.portrait(photo, faces[0])))

    def use_whole(self) -> None:
        """Take the photo's central square for the face: for pictures that are already cut around it."""
        photo = self._open_photo().photo
        self._start(OpenPhoto(photo, first=self.editor.portrait(photo, "whole")))

    def mark(self, left_eye: tuple[float, float], right_eye: tuple[float, float], mouth: tuple[float, float]) -> None:
        """Add a face from three points of the photo, in pixels, and choose it.

        Raises:
            FaceError: the points do not span a face.
        """
        opened, face = self._open_photo(), Face.from_points(left_eye, right_eye, mouth)
        if self.ready and not self.faces:  # the whole picture was taken for the face
            self._start(OpenPhoto(opened.photo, (face,), self.editor.portrait(opened.photo, face)))
            return
        self.history.push(replace(self.edits, chosen=opened.add(self.editor, face)))

    def take(self, portrait: Portrait) -> None:
        """Go on with a face that is already encoded, such as a drawn one."""
        self._start(OpenPhoto(portrait.photo, first=portrait))

    def clear(self) -> None:
        """Close the photo; undo opens it again, with all its edits."""
        if self._opened is not None:
            self.history.push(EditState(lock_background=self.edits.lock_background))

    def use(self, editor: Editor) -> None:
        """Go on with another model, or with other sliders of the same: photo, faces, edits and all steps of undo stay,
        and so they do on the way back.

        While it is used, values beyond the ends of its sliders count as the ends, and custom sliders that it does not
        have as 0.
        """
        if editor is self.editor:
            return
        if self._opened is not None:
            self._opened.hand_over(self.editor, editor)
        self.editor, self._moved = editor, {}
        self.history.end_drag()

    def _moves(self, index: int) -> Moves:
        """The values other than 0 of a face's sliders, and what is kept fixed in it, as far as the model has them."""
        edits = self.edits
        return Moves.known(self.editor.directions.sliders, edits.values.get(index, {}), edits.keep.get(index, ()))

    def _start(self, opened: OpenPhoto) -> None:
        # Who has let the background go wants it so for the next photo too.
        now, edits = self.edits, EditState(opened, lock_background=self.edits.lock_background)
        if not self.ready:
            edits = replace(edits, chosen=now.chosen, values=now.values, keep=now.keep)
        if now == EditState(lock_background=now.lock_background) and not self.history.can_undo:
            self.history = History(edits)  # there is nothing to go back to
        else:
            self.history.push(edits)

    def _open_photo(self) -> OpenPhoto:
        if self._opened is None:
            raise NoFaceError("no photo is open; open one first.")
        return self._opened

    @property
    def photo(self) -> Photo | None:
        """The photo that is open, if there is one."""
        return None if self._opened is None else self._opened.photo

    @property
    def faces(self) -> tuple[Face, ...]:
        """The faces that were found in it, or marked."""
        return () if self._opened is None else self._opened.faces

    @property
    def ready(self) -> bool:
        """Whether there is a face to edit."""
        return self._opened is not None and self._opened.ready

    @property
    def portrait(self) -> Portrait:
        """The chosen face; :class:`NoFaceError` where there is none."""
        return self._portrait(self.edits.chosen)

    def _portrait(self, index: int) -> Portrait:
        return self._open_photo().portrait(self.editor, index)

    @property
    def values(self) -> dict[str, float]:
        """The values of all sliders for the chosen face."""
        moved = self._moves(self.edits.chosen).values
        return {name: float(moved.get(name, 0.0)) for name in self.editor.directions.names}

    @property
    def keep(self) -> tuple[str, ...]:
        """What is kept fixed while the sliders move the chosen face."""
        return self._moves(self.edits.chosen).keep

    def choose(self, index: int) -> None:
        """Let the sliders move face ``index`` of the photo; the edits of other faces stay."""
        self._portrait(index)
        if index != self.edits.chosen:
            self.history.push(replace(self.edits, chosen=index))

    def leave_out(self) -> None:
        """Leave the chosen face out, as where something else was taken for one; undo brings it back."""
        if self.faces:
            self.history.push(self.edits.without_chosen())

    def set(self, values: Mapping[str, float]) -> bool:
        """Set slider values of the chosen face; those not named keep theirs.

        Several changes of one slider in a row are one step for undo, as one drag sends many of them.

        Returns:
            Whether anything changed.

        Raises:
            DirectionsError: a name is no slider, or a value is not a finite number.
        """
        values = self.editor.directions.checked(values).values
        now = self.values
        changed = [name for name, value in values.items() if now[name] != value]
        if not changed:
            return False
        # What the model does not know stays as it is, for another that does.
        before = self.edits.values.get(self.edits.chosen, {})
        edits = self.edits.with_values({**before, **{name: values[name] for name in changed}})
        self.history.push(edits, changed[0] if len(changed) == 1 else None)
        return True

    def set_keep(self, names: Iterable[str]) -> bool:
        """Keep these sliders' attributes, and no others, fixed in the chosen face; whether anything changed."""
        kept = self.editor.directions.checked({}, names).keep
        if set(kept) == set(self.keep):
            return False
        self.history.push(self.edits.with_keep(kept))
        return True

    def lock_background(self, on: bool) -> bool:
        """Let what is behind the people stay as it is, or not; whether anything changed."""
        if on == self.edits.lock_background:
            return False
        self.history.push(replace(self.edits, lock_background=on))
        return True

    def limit(self, area: Iterable[Stroke]) -> None:
        """Let edits change the photo only where these strokes went; without any, everywhere."""
        if tuple(area) != self.edits.area:
            self.history.push(replace(self.edits, area=tuple(area)))

    def apply(self, recipe: Recipe) -> None:
        """Set the chosen face's sliders to what a recipe says, the others to 0: one step for undo.

        Values beyond a slider's ends are taken for the ends.

        Raises:
            RecipeError: it names a slider that there is not.
        """
        recipe.check(self.editor.directions.names)
        moves = self.editor.directions.checked(recipe.moves, recipe.keep)
        if (moves.values, set(moves.keep)) != ({n: v for n, v in self.values.items() if v}, set(self.keep)):
            self.history.push(self.edits.with_values(moves.values).with_keep(moves.keep))

    def recipe(self, name: str) -> Recipe:
        """The chosen face's moves as a recipe.

        Raises:
            RecipeError: nothing is moved, or the name is empty.
        """
        return Recipe.of(name, self.values, self.keep)

    def reset(self) -> None:
        """All sliders of the chosen face to 0, and nothing kept fixed; undo brings them back."""
        if any(self.values.values()) or self.keep:
            self.history.push(self.edits.with_values({}).with_keep(()))

    def undo(self) -> bool:
        """One step back; whether there was one."""
        return self.history.undo()

    def redo(self) -> bool:
        """One step forward again; whether there was one."""
        return self.history.redo()

    def picture(self, view: View | None = None) -> Photo:
        """The open photo with all edits of all its faces: at its own size, or what ``view`` shows of it."""
        result = self._open_photo().shown(view)
        for index in self.edits.values:
            if self.ready and self._moves(index).values:
                face = self._portrait(index)
                alignment = view.place(face.alignment) if view else face.alignment
                face = replace(face, photo=result, alignment=alignment)
                result = self.editor.put_back(face, self._picture(index), lock_background=self.edits.lock_background)
        before = self._open_photo().shown(view)
        if self.edits.area and result is not before:
            result = limited(before, result, self.edits.area, view or View.whole(before, max(before.pixels.shape)))
        return result if view is None else on_screen(result)

    def _picture(self, index: int) -> Tensor:
        """The model's picture of a face as it is now; the last one is kept for each face."""
        moves = self._moves(index)
        state = (self._opened, moves.values, set(moves.keep), self.editor.sliders)
        if self._moved.get(index, (None,))[0] != state:
            self._moved[index] = (state, self.editor.moved(self._portrait(index), moves.values, moves.keep))
        return self._moved[index][1]

    def doing_little(self) -> list[str]:
        """The names of the sliders that move the chosen face and do little there (:meth:`Editor.doing_little`)."""
        moves = self._moves(self.edits.chosen)
        return self.editor.doing_little(self._portrait(self.edits.chosen), moves.values, moves.keep)

    def probabilities(self, *, before: bool = False) -> dict[str, float]:
        """How probable each label is, from 0 to 1, in the chosen face now, or as it was ``before`` all edits."""
        index = self.edits.chosen
        if before:
            return self.editor.read(self._portrait(index).decoded)
        return self.editor.read(self._picture(index), self._moves(index).values)

    def before(self, view: View | None = None) -> Photo:
        """The photo as it was opened, or what ``view`` shows of it."""
        photo = self._open_photo().shown(view)
        return photo if view is None else on_screen(photo)

    def view(self, long_side: int, *, face: bool) -> View:
        """The chosen face, or the whole photo, on a screen of ``long_side`` pixels."""
        photo = self._open_photo().photo
        if face and self.ready and not self.portrait.drawn:
            return View.face(photo, self.portrait.alignment, long_side)
        return View.whole(photo, long_side)

    def export(self, path: str | Path) -> None:
        """Write the edited photo at its own resolution; the suffix names the format.

        Raises:
            PhotoError: the format is unknown or the file cannot be written.
        """
        save_photo(self.picture(), path)
