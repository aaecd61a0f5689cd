"""Write a picture in the format that its file's name tells, so that a failed write damages nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from faces.errors import PhotoError
from faces.files import png_16bit, tiff_16bit
from faces.files.picture_16bit import Picture16Bit
from storage.files import atomic_write

__all__ = ["WRITERS_16BIT", "check_no_source", "check_target", "write_image"]

_FORMATS: dict[str, str] = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": 0},  # 4:4:4: colour edits must not be halved in resolution.
    "WEBP": {"lossless": True, "exact": True},  # exact: colours under full transparency survive as well.
    "TIFF": {"compression": "tiff_lzw"},
    "BMP": {},
}
WRITERS_16BIT = {"PNG": png_16bit.write, "TIFF": tiff_16bit.write}
"""What writes 16 bits a channel, of the formats that are given them."""
_OPAQUE = ("JPEG", "BMP")
_WITHOUT_METADATA = ("BMP",)


def check_target(path: str | os.PathLike[str], sources: Iterable[str | os.PathLike[str]] = ()) -> str:
    """The format that ``path`` names, before anything is computed.

    Args:
        path: the file to write.
        sources: the files that it is made from, none of which is to be lost.

    Raises:
        PhotoError: an unknown suffix, a folder that does not exist, or one of the sources.
    """
    target = Path(path)
    name = _FORMATS.get(target.suffix.lower())
    if name is None:
        raise PhotoError(
            f"Cannot save as {target.name!r}: the suffix {target.suffix!r} is not known. "
            f"Use one of {', '.join(sorted(_FORMATS))}."
        )
    if not target.parent.is_dir():
        raise PhotoError(f"Cannot save {target}: there is no folder {target.parent}. Make it first, or choose another.")
    check_no_source(target, sources)
    return name


def check_no_source(target: Path, sources: Iterable[str | os.PathLike[str]]) -> None:
    """See to it that a file to write is none of those that it is made from.

    Raises:
        PhotoError: it is.
    """
    if target.exists() and any(os.path.exists(source) and target.samefile(source) for source in sources):
        raise PhotoError(
            f"Cannot save as {target}: that is the photo itself, which would be lost. Choose another name."
        )


def write_image(
    picture: Image.Image | Picture16Bit, path: str | os.PathLike[str], icc: bytes | None, exif: bytes | None
) -> None:
    """Write a picture of 8 bits (L, LA, RGB or RGBA), or of 16 as PNG or TIFF, in the format that the suffix names.

    Raises :class:`PhotoError` for an unknown suffix, a folder that does not exist or a failed write; an existing file
    is then untouched.
    """
    target, name = Path(path), check_target(path)
    try:
        with atomic_write(target) as aside, aside.open("wb") as file:
            if isinstance(picture, Picture16Bit):
                WRITERS_16BIT[name](file, picture, icc, exif)
            else:
                _write(picture, file, name, icc, exif)
    except Exception as error:
        raise PhotoError(
            f"Cannot save {target}: {error}. Nothing was overwritten. Choose a folder that exists, may be "
            "written to and has room, or another format."
        ) from error


def _write(image: Image.Image, file: BinaryIO, name: str, icc: bytes | None, exif: bytes | None) -> None:
    if name in _OPAQUE and image.mode in ("LA", "RGBA"):
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image.convert("RGBA")).convert("L" if image.mode == "LA" else "RGB")
    options = dict(_OPTIONS[name])
    if name not in _WITHOUT_METADATA:
        options.update({key: value for key, value in (("icc_profile", icc), ("exif", exif)) if value})
    if name == "TIFF" and exif:
        # The compressing writer (libtiff) cannot store the camera's sub-directory; the plain one can.
        options["compression"] = "raw"
    image.save(file, format=name, **options)
