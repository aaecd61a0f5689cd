"""The product's core in plain Python: open a photo, move its face, blend two, draw new ones.

Example:
    >>> from app.editor import Editor
    >>> editor = Editor.load()
    >>> portrait = editor.sample(1)[0]  # a drawn face; ``editor.open("photo.jpg")`` takes a photo's
    >>> editor.edit(portrait, {"Smiling": 1.0}).pixels.shape
    (256, 256, 3)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from app.inference.inference import Inference, InferenceMaker, LocalInference
from app.portraits.colours import in_colours_of
from app.portraits.exposure import brightened, exposure
from app.portraits.portrait import Portrait
from app.portraits.put_back import blend_put_back, drawn_portrait, edit_put_back
from app.portraits.slider_snapshot import SliderSnapshot
from attributes import (
    LABEL_NAMES,
    AttributeClassifier,
    Directions,
    Judge,
    directions_path,
    find_reach,
    load_classifier,
    load_directions,
    sliders_folder,
)
from faces import Alignment, Detector, Face, FaceError, Photo, PhotoSource, align, crop, open_photo
from faces.compositing.matte import matte
from glow import Checkpoint, Latent, choose_device, load_checkpoint
from storage.assets import DEFAULT_CHECKPOINT
from storage.values import number

WhichFace = int | Face | Literal["whole"]
"""A number counted from 0 with the largest face first, a face marked by hand, or "whole" for the central square."""


@dataclass(frozen=True, eq=False)
class Editor:
    """The model, its sliders and the face detector. Holds no user's data; one serves all users.

    Nothing changes under them: what :meth:`refreshed` finds on disk is another editor.
    """

    checkpoint: Checkpoint
    """The flow."""

    label_directions: Directions
    """The directions of the 40 labels' sliders."""

    classifier: AttributeClassifier
    """Reads the labels off a face."""

    detector: Detector
    """Finds faces."""

    path: Path
    """The file of the flow."""

    sliders: SliderSnapshot
    """All sliders, the custom ones beside the model among them, as they were when they were read."""

    inference: Inference
    """Runs the flow, and the classifier on what it decodes."""

    @staticmethod
    def load(
        checkpoint: str | Path = DEFAULT_CHECKPOINT, directions: str | Path | None = None, device: str = "auto"
    ) -> Editor:
        """An editor with a checkpoint, its directions and the custom sliders beside it.

        Args:
            checkpoint: the model's file.
            directions: the directions' file; by default the one beside the checkpoint.
            device: "auto", "cpu", "cuda", ...

        Raises:
            CheckpointError: a file is missing or broken.
            DirectionsError: the directions belong to another checkpoint.
            InvalidValueError: the device cannot be used here.
        """
        chosen = choose_device(device)
        loaded = load_checkpoint(checkpoint, chosen)
        vectors = load_directions(directions or directions_path(checkpoint), loaded)
        detector = Detector(str(chosen) if chosen.type == "cuda" else "cpu")
        return Editor._with_sliders(loaded, vectors, load_classifier(device=chosen), detector, Path(checkpoint))

    @staticmethod
    def _with_sliders(
        checkpoint: Checkpoint, labels: Directions, classifier: AttributeClassifier, detector: Detector, path: Path
    ) -> Editor:
        snapshot = SliderSnapshot.read(sliders_folder(path), checkpoint, labels)
        local = LocalInference(checkpoint, classifier)
        return Editor(checkpoint, labels, classifier, detector, path, snapshot, local)

    def with_model(self, checkpoint: str | Path) -> Editor:
        """An editor with another model, on the same device, that shares the classifier and the detector; errors as of
        :meth:`load`."""
        loaded = load_checkpoint(checkpoint, self.checkpoint.model.device)
        labels = load_directions(directions_path(checkpoint), loaded)
        return Editor._with_sliders(loaded, labels, self.classifier, self.detector, Path(checkpoint))

    def run_by(self, make: InferenceMaker) -> Editor:
        """This editor, with its model run by what ``make`` makes."""
        return replace(self, inference=make(self.path, LocalInference(self.checkpoint, self.classifier)))

    def refreshed(self) -> Editor:
        """An editor with the custom sliders that are there now, as `python -m attributes learn` may have made new ones.

        This very editor where nothing has changed. One whose file is gone stays (:meth:`SliderSnapshot.read`).
        """
        found = SliderSnapshot.read(sliders_folder(self.path), self.checkpoint, self.label_directions, self.sliders)
        return self if found is self.sliders else replace(self, sliders=found)

    @property
    def directions(self) -> Directions:
        """The directions of all sliders."""
        return self.sliders.directions

    @property
    def problems(self) -> tuple[str, ...]:
        """For each file of custom sliders that cannot be used, what is wrong and what to do."""
        return self.sliders.problems

    @property
    def judge(self) -> Judge:
        """What tells how far a slider has to go on a face."""
        return Judge(self.checkpoint.model, self.classifier)

    @property
    def size(self) -> int:
        """Side of the model's pictures, in pixels."""
        return self.checkpoint.model.config.image_size

    def warm_up(self) -> None:
        """Do each slow first time (the detector's weights, the model's kernels) before a user waits for it."""
        self.detector.detect(np.full((256, 256, 3), 128, dtype=np.uint8))
        grey = self.encode(np.full((1, self.size, self.size, 3), 128, dtype=np.uint8))
        self.read(self.decode(grey))
        before = self.inference.look(grey.flatten())
        find_reach(self.label_directions, self.inference, grey, before=before, name=LABEL_NAMES[0], side=1)

    def encode(self, pixels: np.ndarray) -> Latent:
        """The latent of aligned uint8 pictures ``(B, S, S, 3)``."""
        return self.inference.encode(torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255)

    def decode(self, latent: Latent) -> Tensor:
        """The pictures of latents, ``(B, 3, S, S)`` in [0, 1]."""
        return self.inference.decode(latent).clamp(0, 1)

    def open(self, source: PhotoSource, face: WhichFace = 0) -> Portrait:
        """Open a photo, find its face and encode it.

        Args:
            source: a path, bytes, an open file, a Pillow image or an array.
            face: which face to take.

        Raises:
            PhotoError: the photo cannot be opened.
            NoFaceError: there is no face in it.
            FaceError: there are fewer faces than ``face`` asks for.
        """
        photo = open_photo(source)
        if not isinstance(face, int):
            return self.portrait(photo, face)
        found = self.detector.require(photo.pixels)
        if not 0 <= face < len(found):
            choice = "1" if len(found) == 1 else f"one of 1 to {len(found)}"
            raise FaceError(f"face {face + 1} was asked for, and {len(found)} found; choose {choice}.")
        return self.portrait(photo, found[face])

    def portrait(self, photo: Photo, face: Face | Literal["whole"]) -> Portrait:
        """Encode one face of an open photo; "whole" takes the photo's central square for the face."""
        return self.encoded(photo, Alignment.whole(photo.pixels) if face == "whole" else align(face))

    def reencoded(self, portrait: Portrait) -> Portrait:
        """A face encoded by this editor's model: the very portrait where it is already, else its photo's square anew.

        One that another model drew is a photo here.
        """
        if portrait.model_hash == self.checkpoint.hash:
            return portrait
        return self.encoded(portrait.photo, portrait.alignment)

    def encoded(self, photo: Photo, alignment: Alignment) -> Portrait:
        """Encode a square of an open photo."""
        cut = crop(photo.pixels, alignment, self.size)
        face = brightened(cut, taken := exposure(cut))
        latent = self.encode(face[None])
        decoded = self.decode(latent)
        grey = bool((face == face[..., :1]).all())
        return Portrait(photo, alignment, latent, self.checkpoint.hash, decoded, matte(decoded), grey, taken)

    def edit(
        self,
        portrait: Portrait,
        values: Mapping[str, float],
        keep: Iterable[str] = (),
        *,
        lock_background: bool = True,
    ) -> Photo:
        """The portrait's photo with its face moved along the named directions.

        With nothing moved, the photo comes back bit for bit: only ``decode(z + d) - decode(z)`` is added to it.

        Args:
            portrait: the face to move.
            values: a number per slider; for those of the 40 labels, 1 is the strongest change of this face that still
                looks like a photo, and no stronger than what makes the attribute plain to see.
            keep: sliders whose attributes shall stay as they are.
            lock_background: whether what is not the person stays as it is (:mod:`faces.compositing.matte`).

        Raises:
            DirectionsError: a name is no slider, or a value is not a finite number.
        """
        return self.put_back(portrait, self.moved(portrait, values, keep), lock_background=lock_background)

    def moved(self, portrait: Portrait, values: Mapping[str, float], keep: Iterable[str] = ()) -> Tensor:
        """The model's picture ``(1, 3, S, S)`` of a moved face; ``portrait.decoded`` itself where nothing moves; errors
        as of :meth:`edit`."""
        moves = self.directions.checked(values, keep)
        reaches = self.sliders.reaches(portrait, moves, self.inference)
        moved = self.directions.move(portrait.latent, moves.values, moves.keep, reaches)
        if moved is portrait.latent:
            return portrait.decoded
        where = self.directions.acts_where(moves.values, self.size, reaches)
        return where.over(portrait.decoded, self.decode(moved))

    def doing_little(self, portrait: Portrait, values: Mapping[str, float], keep: Iterable[str] = ()) -> list[str]:
        """Which of the sliders that move a face do little there, as more of them would not look natural.

        Raises:
            DirectionsError: a name is no slider, or a value is not a finite number.
        """
        reaches = self.sliders.reaches(portrait, self.directions.checked(values, keep), self.inference)
        return [name for (name, _), found in reaches.items() if found.little is not None and bool(found.little.any())]

    def put_back(self, portrait: Portrait, picture: Tensor, *, lock_background: bool = True) -> Photo:
        """The portrait's photo with :meth:`moved`'s picture in the place of its face; ``lock_background`` changes the
        person alone, else hair that grows may cover what is behind, and tint it."""
        return edit_put_back(portrait, picture, lock_background=lock_background)

    def read(self, picture: Tensor, moved: Iterable[str] = ()) -> dict[str, float]:
        """How probable each label is, from 0 to 1, in a face's picture ``(1, 3, S, S)``, as the classifier sees it.

        How rare a label is among photos counts, but not for those in ``moved``: somebody's wish brought them.
        """
        found = self.classifier.probabilities(picture, [name for name in moved if name in LABEL_NAMES])
        return dict(zip(LABEL_NAMES, found[0].tolist(), strict=True))

    def blend(self, first: Portrait, second: Portrait, ratio: float, *, lock_background: bool = True) -> Photo:
        """The first photo with its face on the straight way, in latent space, to the second photo's face.

        What the model's resolution cannot hold (hairs, pores) comes from the face that is seen more of
        (:mod:`faces.compositing.blend`).

        Args:
            first: whose photo is kept around the face; ratio 0 gives it back bit for bit.
            second: the face to go to.
            ratio: from 0 to 1.
            lock_background: whether the first photo's background stays, where the second's would else come with its
                face.

        Raises:
            InvalidValueError: the ratio is not from 0 to 1.
        """
        if number("the ratio", float(ratio), 0, 1) == 0:
            return first.photo
        second = in_colours_of(first, second, self.encoded)
        mixed = self.decode(first.latent.lerp(second.latent, ratio))
        return blend_put_back(first, second, mixed, ratio, lock_background=lock_background)

    def sample(
        self, count: int, temperature: float = 0.7, seed: int = 0, watch: Callable[[Latent], Iterable[Latent]] = iter
    ) -> list[Portrait]:
        """Faces drawn by the model.

        Args:
            count: how many.
            temperature: standard deviation of the noise, at least 0; higher is more varied and less likely.
            seed: the same seed draws the same faces.
            watch: is given the faces' latents and hands them on one by one, as a progress bar does.
        """
        generator = torch.Generator().manual_seed(seed)
        latents = self.checkpoint.model.sample_latent(count, temperature, generator)
        return [drawn_portrait(latent, self.decode(latent), self.checkpoint.hash) for latent in watch(latents)]
