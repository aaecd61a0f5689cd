"""Detection on real faces: plain, turned, tiny, huge, overflowing, absent; and faces marked by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from app.editor import Editor
from faces import Alignment, Detector, Face, FaceError, NoFaceError, align, crop

Array = np.ndarray[Any, Any]


def test_astronaut_has_one_plausible_face(astronaut: Array, detector: Detector) -> None:
    (face,) = detector.detect(astronaut)
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    # Read off the picture by eye.
    assert np.abs(left_eye - (204, 100)).max() < 6
    assert np.abs(right_eye - (247, 103)).max() < 6
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_eye[1] < nose[1] < left_mouth[1]
    assert left_mouth[0] < right_mouth[0]
    x0, y0, x1, y1 = face.box
    assert all(x0 < x < x1 and y0 < y < y1 for x, y in face.landmarks)
    assert 0.99 < face.confidence <= 1.0


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_photos_give_the_same_upright_crop(
    astronaut: Array, detector: Detector, square: Alignment, turns: int
) -> None:
    turned = np.ascontiguousarray(np.rot90(astronaut, turns))
    found = align(detector.detect(turned)[0])
    upright, expected = crop(turned, found, 64), crop(astronaut, square, 64)
    assert np.abs(upright.astype(int) - expected).mean() < 3
    # The measure tells orientations apart.
    assert np.abs(np.rot90(upright, turns).astype(int) - expected).mean() > 20


def test_turned_rectangle_maps_back(astronaut: Array, detector: Detector) -> None:
    wide = astronaut[:300]
    upright = detector.detect(wide)[0].landmarks
    turned = detector.detect(np.ascontiguousarray(np.rot90(wide, 1)))[0].landmarks
    expected = np.stack([upright[:, 1], 512 - upright[:, 0]], axis=1)
    assert np.abs(turned - expected).max() < 2


@pytest.mark.parametrize("side", [24, 40, 64])
def test_tiny_pictures(astronaut: Array, detector: Detector, square: Alignment, side: int) -> None:
    (face,) = detector.detect(crop(astronaut, square, side))
    frame = np.array([[0, 0], [0, side], [side, side], [side, 0]])
    assert np.abs(align(face).quad - frame).max() < 0.12 * side


def test_large_photo_maps_back(astronaut: Array, detector: Detector) -> None:
    large = np.array(Image.fromarray(astronaut).resize((3072, 2048)))
    (face,) = detector.detect(large)
    (small,) = detector.detect(np.array(Image.fromarray(astronaut).resize((768, 512))))
    assert np.abs(face.landmarks / 4 - small.landmarks).max() < 4


def test_a_small_face_in_a_wide_photo(astronaut: Array, detector: Detector) -> None:
    """A face of 60 pixels of 8,000, and a message that promises no smaller one than is found."""
    photo = np.full((4000, 8000, 3), 128, np.uint8)
    photo[1000:1310, 5000:5310] = np.asarray(Image.fromarray(astronaut).resize((310, 310)))
    (face,) = detector.detect(photo)
    assert 55 < face.size < 90
    assert 5000 < face.box[0] < face.box[2] < 5310
    with pytest.raises(NoFaceError, match="at least 75 pixels"):
        detector.require(np.full((4000, 8000, 3), 128, np.uint8))


def test_drawn_faces_are_found_the_right_way_up(detector: Detector, fine_editor: Editor) -> None:
    """In all quarter turns, also where a wrong way up is sure of itself."""
    drawn = fine_editor.checkpoint.model.sample(24, 0.7, torch.Generator().manual_seed(5))[[0, 7, 12, 23]]
    for picture in drawn:
        pixels = (picture.permute(1, 2, 0) * 255).round().byte().numpy()
        large = np.asarray(Image.fromarray(pixels).resize((256, 256), Image.Resampling.BICUBIC))
        for turns, down in enumerate(((0, 1), (1, 0), (0, -1), (-1, 0))):
            face = detector.detect(np.ascontiguousarray(np.rot90(large, turns)))[0]
            eyes_to_mouth = face.landmarks[3:].mean(0) - face.landmarks[:2].mean(0)
            assert eyes_to_mouth @ down > 0.9 * np.linalg.norm(eyes_to_mouth)


def test_face_that_overflows_the_frame(astronaut: Array, detector: Detector) -> None:
    close = astronaut[70:172, 182:268]
    face = detector.detect(close)[0]
    # The eyes of the whole photo, (204, 100) and (247, 103), less the corner of the close-up.
    assert np.abs(face.landmarks[:2] - [(22, 30), (65, 33)]).max() < 6


def test_largest_first(astronaut: Array, detector: Detector) -> None:
    half = np.array(Image.fromarray(astronaut).resize((256, 256)))
    canvas = np.full((512, 768, 3), 128, np.uint8)
    canvas[:256, :256], canvas[:, 256:] = half, astronaut
    first, second = detector.detect(canvas)
    assert first.size > 1.5 * second.size
    assert first.box[0] > 256 > second.box[2]


@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (900, 9), (300, 400)])
def test_no_face_in_flat_pictures_of_any_shape(detector: Detector, shape: tuple[int, int]) -> None:
    assert detector.detect(np.full((*shape, 3), 90, np.uint8)) == []


def test_no_face_names_the_remedy(detector: Detector) -> None:
    with pytest.raises(NoFaceError, match=r"600 x 400 pixels.*at least 24 pixels.*take the whole picture"):
        detector.require(data.coffee())


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 4), (0, 64, 3)])
def test_wrong_arrays_are_refused(detector: Detector, shape: tuple[int, ...]) -> None:
    with pytest.raises(FaceError, match="uint8"):
        detector.detect(np.zeros(shape, np.uint8))


def test_min_confidence_is_kept(astronaut: Array) -> None:
    small = np.array(Image.fromarray(astronaut[:256, 64:320]).resize((128, 128)))
    assert Detector(min_confidence=0.5).detect(small)
    assert Detector(min_confidence=1.0).detect(small) == []
    with pytest.raises(FaceError, match=r"1\.5"):
        Detector(min_confidence=1.5)


def test_shared_between_threads(astronaut: Array, detector: Detector) -> None:
    fresh = Detector()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(fresh.detect, [astronaut] * 4))
    expected = detector.detect(astronaut)[0].landmarks
    assert all(np.array_equal(faces[0].landmarks, expected) for faces in results)


def test_marked_points_align_alike(astronaut: Array, detector: Detector, square: Alignment) -> None:
    marks = detector.detect(astronaut)[0].landmarks.astype(float)
    left, right = (marks[0][0], marks[0][1]), (marks[1][0], marks[1][1])
    middle = (marks[3] + marks[4]) / 2
    mouth = (middle[0], middle[1])
    for eyes in ((left, right), (right, left)):
        face = Face.from_points(*eyes, mouth)
        assert np.abs(align(face).quad - square.quad).max() < 0.01
        x0, y0, x1, y1 = face.box
        assert all(x0 < x < x1 and y0 < y < y1 for x, y in face.landmarks)


@pytest.mark.parametrize("mouth", [(15.0, 10.0), (40.0, 10.0), (float("nan"), 3.0)])
def test_points_that_span_no_face(mouth: tuple[float, float]) -> None:
    with pytest.raises(FaceError, match=r"10\.0"):
        Face.from_points((10.0, 10.0), (20.0, 10.0), mouth)
