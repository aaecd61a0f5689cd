"""A photo that a user has open, with its faces."""

from __future__ import annotations

from app.editor import Editor
from app.portraits.portrait import Portrait
from app.portraits.view import View
from faces import Face, NoFaceError, Photo


class OpenPhoto:
    """A photo and its faces, each encoded when it is first needed, and kept for each model that has encoded it.

    Args:
        photo: the photo.
        faces: those that were found in it, or marked.
        first: the first of them, encoded; of a picture that is a face as a whole, the only one.
    """

    def __init__(self, photo: Photo, faces: tuple[Face, ...] = (), first: Portrait | None = None) -> None:
        self.photo, self.faces = photo, faces
        self._encoded: dict[str, dict[int, Portrait]] = {}  # by the hash of the model
        if first is not None:
            self._encoded[first.model_hash] = {0: first}
        self._seen: dict[View, Photo] = {}

    def _by(self, editor: Editor) -> dict[int, Portrait]:
        """The faces that an editor's model has encoded."""
        return self._encoded.setdefault(editor.checkpoint.hash, {})

    @property
    def ready(self) -> bool:
        """Whether there is a face to edit."""
        return bool(self._known())

    def _known(self) -> dict[int, Portrait]:
        """All faces that have been encoded, whoever's model has done it."""
        return {index: face for faces in self._encoded.values() for index, face in faces.items()}

    def portrait(self, editor: Editor, index: int) -> Portrait:
        """One of the faces, encoded by an editor's model.

        Raises:
            NoFaceError: there is no such face.
        """
        known = self._by(editor)
        if index not in known:
            elsewhere = self._known().get(index)
            if elsewhere is None and index >= len(self.faces):
                raise NoFaceError("there is no face to edit; open a photo with a face, or mark the face by hand.")
            known[index] = (
                editor.portrait(self.photo, self.faces[index]) if elsewhere is None else editor.reencoded(elsewhere)
            )
        return known[index]

    def add(self, editor: Editor, face: Face) -> int:
        """Add a face, and return its number."""
        portrait, index = editor.portrait(self.photo, face), len(self.faces)
        self.faces = (*self.faces, face)
        self._by(editor)[index] = portrait
        return index

    def without(self, index: int) -> OpenPhoto:
        """The same photo without one of its faces; those behind it move up."""
        other = OpenPhoto(self.photo, (*self.faces[:index], *self.faces[index + 1 :]))
        other._encoded = {
            model: {place - (place > index): face for place, face in known.items() if place != index}
            for model, known in self._encoded.items()
        }
        return other

    def hand_over(self, before: Editor, after: Editor) -> None:
        """Let another editor's model encode all faces that one's has encoded, but for those that it has already."""
        known = self._by(after)
        known |= {index: after.reencoded(face) for index, face in self._by(before).items() if index not in known}

    def shown(self, view: View | None) -> Photo:
        """What a view shows of the photo, or all of it."""
        if view is None:
            return self.photo
        if view not in self._seen:
            self._seen = {view: view.cut(self.photo)}  # the last one only: it is asked for with every slider
        return self._seen[view]
