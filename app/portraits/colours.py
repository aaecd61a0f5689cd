"""A face with its colours as another photo's profile writes them: in a blend, the same numbers must mean the same."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import replace
from weakref import WeakKeyDictionary

from app.portraits.portrait import Portrait
from app.portraits.view import View
from faces import Alignment, Photo
from faces.profiles import converted

# What was made last of a portrait, with the profile: a slider moves through many blends of the same two.
_made: MutableMapping[Portrait, tuple[bytes | None, Portrait]] = WeakKeyDictionary()


def in_colours_of(first: Portrait, second: Portrait, encoded: Callable[[Photo, Alignment], Portrait]) -> Portrait:
    """The second face with what lies around it in the colour profile of the first one's photo.

    Args:
        first: whose photo tells the profile.
        second: the face.
        encoded: encodes the square of a photo with the model that has encoded both.

    Returns:
        The very portrait where the profiles are the same, or one of them cannot be used.
    """
    profile = first.photo.icc_profile
    if second.photo.icc_profile == profile:
        return second
    kept = _made.get(second)
    if kept is None or kept[0] != profile:
        near = second.seen(View.face(second.photo, second.alignment, max(second.photo.pixels.shape)))
        pixels = converted(near.photo.pixels, near.photo.icc_profile, profile)
        if pixels is near.photo.pixels:
            return second
        kept = profile, encoded(replace(near.photo, pixels=pixels, icc_profile=profile), near.alignment)
        _made[second] = kept
    return kept[1]
