"""Fitting the probe that tells turned heads (:mod:`attributes.classifier.head_turn`) to what the face detector sees."""

from __future__ import annotations

import numpy as np
import torch
from tqdm import tqdm

from attributes.classifier.head_turn import HeadTurn
from attributes.classifier.network import AttributeClassifier
from data.face_set import FaceSet
from faces import Detector, Face, FaceError, PhotoError, align, crop, open_photo

FACES = 2400
"""At most so many are looked at, drawn by lot: a minute and a half on two CPU cores."""
FEWEST = 50
"""Of fewer nothing can be told."""
SIDE = 128
"""Of the pictures that the classifier reads them from, in pixels."""


def head_turn_of(face: Face) -> float:
    """How far a head is turned, from the detector's points: the nose's distance from the line between the middle of the
    eyes and the middle of the mouth, in distances between the eyes."""
    points = align(face).to_square(face.landmarks)
    middle = (points[0] + points[1] + points[3] + points[4]) / 4
    return float(abs(points[2, 0] - middle[0]) / np.hypot(*(points[1] - points[0])))


@torch.inference_mode()
def fit_head_turn(classifier: AttributeClassifier, faces: FaceSet, most: int = FACES) -> HeadTurn | None:
    """A ridge regression of :func:`head_turn_of` on the classifier's features.

    Args:
        classifier: whose features these are.
        faces: training faces.
        most: look at so many at most.

    Returns:
        The probe; None where too few faces were found.

    Raises:
        InvalidValueError: the classifier has another number of features than Glowface's own.
    """
    # Imported late: a second of start-up, for all commands.
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    detector, features, turns = Detector(), [], []
    for place in tqdm(_lot(len(faces), most), desc="turned heads", disable=None):
        try:
            photo = open_photo(faces.paths[place])
            face = detector.require(photo.pixels)[0]
            square = crop(photo.pixels, align(face), SIDE)
        except (PhotoError, FaceError):
            continue
        picture = torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255
        features.append(classifier.features(picture)[0].cpu().numpy())
        turns.append(head_turn_of(face))
    if len(turns) < FEWEST:
        return None
    probe = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 5, 20)))
    zero = np.zeros((1, len(features[0])))
    probe.fit(np.stack(features), turns)
    constant = probe.predict(zero)[0]
    slopes = probe.predict(np.eye(len(features[0]))) - constant
    return HeadTurn(torch.tensor([*slopes, constant], dtype=torch.float32))


def _lot(count: int, most: int) -> list[int]:
    return sorted(map(int, np.random.default_rng(0).permutation(count)[:most]))
