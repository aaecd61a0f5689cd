"""What of a photo's metadata is kept: a short list of harmless tags, and colour profiles that still apply."""

from __future__ import annotations

import struct

from PIL import Image

__all__ = ["kept_exif", "kept_icc"]

# Tags of the main directory that a person would miss. A list of what is kept, rather than of what is dropped:
# TIFF keeps its pixel layout in the same directory, and copying that into another file breaks it.
_MAIN = (270, 271, 272, 305, 306, 315, 33432)  # description, make, model, software, date, artist, copyright
_CAMERA_DIRECTORY = 0x8769
# How the picture was taken and when, in the order of the tags: exposure, dates, light, focal length, modes, lens.
# Not whose camera it was (owner, serial numbers), nor comments and maker notes, which may hold places and names.
_CAMERA = (
    *(33434, 33437, 34850, 34855, 36864, 36867, 36868, 36880, 36881, 36882, 37377, 37378, 37379, 37380, 37381),
    *(37383, 37384, 37385, 37386, 37520, 37521, 37522, 41986, 41987, 41989, 42034, 42035, 42036),
)


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
    camera = {tag: value for tag, value in camera_tags.items() if tag in _CAMERA}
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
