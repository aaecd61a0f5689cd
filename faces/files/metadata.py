"""What of a photo's metadata is kept: a short list of harmless tags, and colour profiles that still apply."""

from __future__ import annotations

from typing import Any

from PIL import Image

from faces.headers.directory import check_directory

__all__ = ["kept_exif", "kept_icc", "orientation"]

_ORIENTATION = 274
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
_MAX_BLOCK_BYTES = 65_000
"""The most bytes of EXIF that are kept, as a JPEG can hold no more."""


def kept_exif(image: Image.Image) -> bytes | None:
    """Return the EXIF block to save with the edited photo, or None.

    Left out: orientation (it is applied to the pixels), GPS and maker notes (private), the thumbnail (it
    shows the face before the edit) and everything else that is not on the list. Malformed tags of an otherwise
    sound photo cost the tags, not the photo.
    """
    kept, camera = Image.Exif(), {}
    try:
        source = _exif(image)
        main, of_camera = dict(source), source.get_ifd(_CAMERA_DIRECTORY)
    except Exception:  # Pillow answers broken tags with errors of many kinds.
        return None
    for tag in _MAIN:
        if tag in main and _writable(tag, main[tag], None):
            kept[tag] = _as_stored(main[tag])
    for tag in _CAMERA:
        if tag in of_camera and _writable(tag, of_camera[tag], _CAMERA_DIRECTORY):
            camera[tag] = of_camera[tag]
    if camera:
        kept[_CAMERA_DIRECTORY] = camera
    block = bytes(kept.tobytes()) if len(kept) else b""
    return block if 0 < len(block) <= _MAX_BLOCK_BYTES else None


def _as_stored(value: Any) -> Any:
    """A value of the main directory as it is to be written.

    Pillow reads texts as Latin-1, whatever they are (today's programs write UTF-8), and would write what is not ASCII
    as question marks. So the bytes that were read are written.
    """
    return value.encode("latin-1", "replace") if isinstance(value, str) else value


def _writable(tag: int, value: Any, directory: int | None) -> bool:
    """Whether Pillow can write a tag. It cannot write a ratio of -1 to 0, which some cameras put for "unknown"."""
    alone = Image.Exif()
    if directory is None:
        alone[tag] = _as_stored(value)
    else:
        alone[directory] = {tag: value}
    try:
        alone.tobytes()
    except Exception:
        return False
    return True


def orientation(image: Image.Image) -> int:
    """How the stored pixels lie, 1 to 8 by the EXIF standard; 1 (upright) where it is not told or not readable."""
    try:
        value = _exif(image).get(_ORIENTATION)
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def kept_icc(image: Image.Image, grey: bool) -> bytes | None:
    """Return the picture's ICC profile if it describes the values that are kept, grey ones or RGB, else None."""
    icc = image.info.get("icc_profile")
    # Bytes 16 to 19 of a profile's header name the colour space of the values it describes.
    return icc if isinstance(icc, bytes) and icc[16:20] == (b"GRAY" if grey else b"RGB ") else None


def _exif(image: Image.Image) -> Image.Exif:
    """The picture's EXIF. Raises errors of many kinds if it is broken or would take far more room than it has."""
    block = image.info.get("exif")
    if isinstance(block, bytes):
        check_directory(block.removeprefix(b"Exif\x00\x00"))
    text = image.info.get("Raw profile type exif")
    if block is None and isinstance(text, str):
        check_directory(bytes.fromhex("".join(text.split("\n")[3:])).removeprefix(b"Exif\x00\x00"))
    return image.getexif()
