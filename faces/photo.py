"""Open a photo safely as upright 8-bit RGB, and save it without loss where the format allows."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps

from faces._metadata import kept_exif, kept_icc
from faces._modes import array_to_rgb, image_to_rgb
from faces._write import write_image
from faces.errors import PhotoError

__all__ = ["MAX_PIXELS", "Photo", "PhotoSource", "open_photo", "save_photo"]

MAX_PIXELS = 100_000_000
"""Largest photo that is decoded, in pixels: 100 megapixels are 300 MB as RGB."""

PhotoSource = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | np.ndarray[Any, Any]

# Pillow would otherwise also try formats that start other programs (EPS runs Ghostscript) or are rare.
_SAFE = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "AVIF", "JPEG2000", "TGA", "ICO", "PCX")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_READABLE = "a PNG, JPEG, WebP, TIFF, BMP, GIF or AVIF picture"


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright photo, 8 bits per channel, with what is needed to save it again."""

    pixels: np.ndarray[Any, Any]
    """``(H, W, 3)`` uint8 RGB, upright (EXIF orientation is already applied)."""
    alpha: np.ndarray[Any, Any] | None = None
    """``(H, W)`` uint8 opacity, 255 opaque, or None where the file has none."""
    icc_profile: bytes | None = None
    """Colour profile of the RGB values; None means sRGB."""
    exif: bytes | None = None
    """EXIF block to save: camera and date, but no orientation, place, maker notes or thumbnail."""
    name: str = "photo"
    """File name without its folder."""

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or shape[2] != 3 or 0 in shape:
            raise PhotoError(f"Pixels are {shape} {self.pixels.dtype}. Give (H, W, 3) uint8, not empty.")
        if self.alpha is not None and (self.alpha.shape != shape[:2] or self.alpha.dtype != np.uint8):
            raise PhotoError(f"Alpha is {self.alpha.shape} {self.alpha.dtype}. Give {shape[:2]} uint8.")

    @property
    def image(self) -> Image.Image:
        """The photo as a Pillow image: RGBA where it has alpha, else RGB."""
        if self.alpha is None:
            return Image.fromarray(np.ascontiguousarray(self.pixels))
        return Image.fromarray(np.dstack([self.pixels, self.alpha]))

    def with_pixels(self, pixels: np.ndarray[Any, Any]) -> Photo:
        """The same photo (alpha, profile, EXIF, name) with other ``(H, W, 3)`` uint8 pixels of its size."""
        if pixels.shape != self.pixels.shape:
            raise PhotoError(f"New pixels of shape {pixels.shape} do not fit a photo of {self.pixels.shape}.")
        return replace(self, pixels=pixels)


def open_photo(source: PhotoSource) -> Photo:
    """Open a file, its bytes, an open binary file, a Pillow image or a numpy array.

    Any mode becomes 8-bit RGB with alpha kept apart; EXIF orientation is applied; of an animation the first
    frame is taken. Arrays are ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)``, uint8, uint16 or float in [0, 1].

    Raises:
        PhotoError: the source is missing, empty, damaged, no picture, or larger than :data:`MAX_PIXELS`.
    """
    if isinstance(source, np.ndarray):
        _check_size(source.shape[1] if source.ndim > 1 else 0, source.shape[0] if source.ndim else 0, "array")
        pixels, alpha = array_to_rgb(source)
        return Photo(pixels, alpha, name="array")
    if isinstance(source, Image.Image):
        return _decode(source, Path(str(getattr(source, "filename", "") or "image")).name)
    if isinstance(source, bytes):
        return _open_bytes(source, "photo")
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        try:
            return _open_bytes(path.read_bytes(), path.name)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise PhotoError(f"Cannot read {str(path)!r}: {reason}. Choose {_READABLE}.") from error
    name = Path(str(getattr(source, "name", "photo"))).name
    try:
        data = source.read()
    except (OSError, ValueError) as error:
        raise PhotoError(f"Cannot read {name!r}: {error}. Open it again in binary mode.") from error
    return _open_bytes(data, name)


def save_photo(photo: Photo, path: str | os.PathLike[str]) -> None:
    """Save in the format that the suffix names: png, jpg, jpeg, webp, tif, tiff or bmp.

    PNG, WebP and TIFF are lossless and keep alpha; JPEG (quality 95, 4:4:4) and BMP lay it on white. The file
    is written aside and moved into place. Raises :class:`PhotoError` for other suffixes and failed writes.
    """
    write_image(photo.image, path, photo.icc_profile, photo.exif)


def _open_bytes(data: bytes, name: str) -> Photo:
    if not data:
        raise PhotoError(f"{name!r} is empty (0 bytes). Choose {_READABLE}.")
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        raise PhotoError(f"{name!r} is HEIC, which cannot be read here. Export it as JPEG or PNG first.")
    Image.init()
    # Some of these are absent from some builds of Pillow, which then answers with a KeyError for every file.
    formats = [each for each in _SAFE if each in Image.OPEN]
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name, "far more than") from error
    except Exception as error:
        raise PhotoError(
            f"{name!r} is not a picture that can be read ({len(data)} bytes). Choose {_READABLE}."
        ) from error
    return _decode(image, name)


def _decode(image: Image.Image, name: str) -> Photo:
    _check_size(image.width, image.height, name)
    try:
        image.seek(0)
        image.load()
        exif, icc = kept_exif(image), kept_icc(image)
        pixels, alpha, converted = image_to_rgb(ImageOps.exif_transpose(image))
    except Exception as error:
        raise PhotoError(
            f"{name!r} is damaged or incomplete ({error}). Get the file again, or choose another."
        ) from error
    return Photo(pixels, alpha, None if converted else icc, exif, name)


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large(name, f"{width} x {height} pixels, over")


def _too_large(name: str, size: str) -> PhotoError:
    limit = MAX_PIXELS // 10**6
    return PhotoError(f"{name!r} has {size} the limit of {limit} megapixels. Scale it down first.")
