"""A photo that a user has open, with its faces."""

from __future__ import annotations

from app.editor import Editor
from app.portraits.portrait import Portrait
from app.portraits.portrait_cache import EncodedFace
from app.portraits.view import View
from faces import Face, NoFaceError, Photo


class OpenPhoto:
    """A photo and its faces, each encoded when it is first needed, for each model, and again where it was let go
    (:mod:`app.portraits.portrait_cache`).

    Args:
        photo: the photo.
        faces: those that were found in it, or marked.
        first: the first of them, encoded; of a picture that is a face as a whole, the only one.
    """

    def __init__(self, photo: Photo, faces: tuple[Face, ...] = (), first: Portrait | None = None) -> None:
        self.photo, self.faces = photo, faces
        self._encoded: dict[str, dict[int, EncodedFace]] = {}  # by the hash of the model
        if first is not None:
            self._encoded[first.model_hash] = {0: EncodedFace(first)}
        self._seen: dict[View, Photo] = {}

    def _by(self, editor: Editor) -> dict[int, EncodedFace]:
        """The faces that an editor's model has encoded."""
        return self._encoded.setdefault(editor.checkpoint.hash, {})

    @property
    def ready(self) -> bool:
        """Whether there is a face to edit."""
        return bool(self._known())

    def _known(self) -> dict[int, EncodedFace]:
        """All faces that have been encoded, whoever's model has done it."""
        return {index: face for faces in self._encoded.values() for index, face in faces.items()}

    def portrait(self, editor: Editor, index: int) -> Portrait:
        """One of the faces, encoded by an editor's model.

        Raises:
            NoFaceError: there is no such face.
        """
        known = self._by(editor)
        portrait = known[index].portrait if index in known else None
        if portrait is None:
            elsewhere = self._known().get(index)
            if elsewhere is not None:
                portrait = editor.encoded(self.photo, elsewhere.alignment)
            elif index < len(self.faces):
                portrait = editor.portrait(self.photo, self.faces[index])
            else:
                raise NoFaceError("there is no face to edit; open a photo with a face, or mark the face by hand.")
            known[index] = EncodedFace(portrait)
        return portrait

    def add(self, editor: Editor, face: Face) -> int:
        """Add a face, and return its number."""
        portrait, index = editor.portrait(self.photo, face), len(self.faces)
        self.faces = (*self.faces, face)
        self._by(editor)[index] = EncodedFace(portrait)
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
        missing = {index: face.alignment for index, face in self._by(before).items() if index not in known}
        known |= {index: EncodedFace(after.encoded(self.photo, place)) for index, place in missing.items()}

    def shown(self, view: View | None) -> Photo:
        """What a view shows of the photo, or all of it."""
        if view is None:
            return self.photo
        if view not in self._seen:
            self._seen = {view: view.cut(self.photo)}  # the last one only: it is asked for with every slider
        return self._seen[view]
