"""Colours of a wider profile than the screen's, such as phones write."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import ImageCms

from faces.profiles import converted
from tests.profiles import display_p3

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_what_is_shown_of_a_wider_profile_is_no_duller(astronaut: np.ndarray[Any, Any]) -> None:
    """By the standards: P3's (205, 100, 90) is about (219, 96, 85) in sRGB, and grey stays grey."""
    colours = np.array([[[205, 100, 90], [128, 128, 128], [0, 0, 0], [255, 255, 255]]], np.uint8)
    shown = converted(colours, display_p3()).astype(int)
    assert shown[0, 0] == pytest.approx((220, 96, 85), abs=4)
    assert np.ptp(shown[0, 1]) <= 1
    np.testing.assert_array_equal(shown[0, 2:], colours[0, 2:])
    face = astronaut[60:220, 150:300]
    saturation = [float(np.ptp(x.astype(int), axis=-1).mean()) for x in (face, converted(face, display_p3()))]
    assert saturation[1] > 1.05 * saturation[0]


def test_there_and_back(astronaut: np.ndarray[Any, Any]) -> None:
    """sRGB fits into P3: what comes from it comes back."""
    there = converted(astronaut, None, display_p3())
    back = converted(there, display_p3())
    assert np.abs(back.astype(int) - astronaut).mean() < 1.0
    assert converted(there, display_p3(), display_p3()) is there


def test_profiles_that_say_nothing_change_nothing(astronaut: np.ndarray[Any, Any]) -> None:
    assert converted(astronaut, None) is astronaut
    assert converted(astronaut, b"no profile" * 20) is astronaut
    assert np.abs(converted(astronaut, SRGB).astype(int) - astronaut).max() <= 1
