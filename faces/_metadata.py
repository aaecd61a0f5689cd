"""What of a photo's metadata is kept: a short list of harmless tags, and colour profiles that still apply."""

from __future__ import annotations

import struct

from PIL import Image

__all__ = ["kept_exif", "kept_icc"]

# Tags of the main directory that a person would miss. A list of what is kept, rather than of what is dropped:
# TIFF keeps its pixel layout in the same directory, and copying that into another file breaks it.
_MAIN = (270, 271, 272, 305, 306, 315, 33432)  # description, make, model, software, date, artist, copyright
_CAMERA_DIRECTORY = 0x8769
# Maker notes hold vendors' private data (places among them), and sizes and pointers would be out of date.
_NOT_CAMERA = (0x927C, 0xA002, 0xA003, 0xA005)


def kept_exif(image: Image.Image) -> bytes | None:
    """Return the EXIF block to save with the edited photo, or None.

    Left out: orientation (it is applied to the pixels), GPS and maker notes (private), the thumbnail (it
    shows the face before the edit) and everything else that is not on the list.
    """
    source = image.getexif()
    kept = Image.Exif()
    for tag in _MAIN:
        if tag in source:
            kept[tag] = source[tag]
    camera_tags = source.get_ifd(_CAMERA_DIRECTORY)
    camera = {tag: value for tag, value in camera_tags.items() if tag not in _NOT_CAMERA}
    if camera:
        kept[_CAMERA_DIRECTORY] = camera
    if not len(kept):
        return None
    try:
        return bytes(kept.tobytes())
    except (OSError, TypeError, ValueError, KeyError, struct.error):
        # A malformed tag of an otherwise sound photo costs the tags, not the photo.
        return None


def kept_icc(image: Image.Image) -> bytes | None:
    """Return the picture's ICC profile if it describes RGB values, else None (grey and CMYK profiles)."""
    icc = image.info.get("icc_profile")
    # Bytes 16 to 19 of a profile's header name the colour space of the values it describes.
    return icc if isinstance(icc, bytes) and icc[16:20] == b"RGB " else None
