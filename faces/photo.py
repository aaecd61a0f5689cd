"""Open a photo safely as upright 8-bit RGB, and save it without loss where the format allows."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, JpegImagePlugin, TiffImagePlugin

from faces._directory import ExcessError
from faces._limits import MAX_FILE_BYTES, MAX_PIXELS, check_cost, check_sides
from faces._metadata import kept_exif, kept_icc, orientation
from faces._modes import array_to_rgb, image_to_rgb
from faces._quiet import quiet
from faces._structure import inspect
from faces._write import write_image
from faces.errors import PhotoError

__all__ = ["MAX_FILE_BYTES", "MAX_PIXELS", "Photo", "PhotoSource", "open_photo", "save_photo"]

PhotoSource = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | np.ndarray[Any, Any]

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
        PhotoError: the source is missing, no regular file, empty, damaged, no picture, or larger than
            :data:`MAX_FILE_BYTES`, :data:`MAX_PIXELS` or what can be decoded in a gigabyte and a few seconds.
    """
    if isinstance(source, np.ndarray):
        check_sides(source.shape[1] if source.ndim > 1 else 0, source.shape[0] if source.ndim else 0, "array")
        pixels, alpha = array_to_rgb(source)
        return Photo(pixels, alpha, name="array")
    if isinstance(source, Image.Image):
        name = Path(str(getattr(source, "filename", "") or "image")).name
        with _told_as_photo_errors(name), quiet(source.format == "TIFF"):
            return _decode(source, name)
    if isinstance(source, bytes):
        return _open_bytes(source, "photo")
    if isinstance(source, (str, os.PathLike)):
        name = Path(source).name
        with _told_as_photo_errors(name):
            data = _read_path(source)
        return _open_bytes(data, name)
    name = Path(str(getattr(source, "name", "photo"))).name
    with _told_as_photo_errors(name):
        try:
            data = _read_stream(source)
        except (OSError, TypeError, ValueError) as error:
            raise PhotoError(f"Cannot read {name!r}: {_reason(error)}. Open it again in binary mode.") from error
    return _open_bytes(data, name)


def save_photo(photo: Photo, path: str | os.PathLike[str]) -> None:
    """Save in the format that the suffix names: png, jpg, jpeg, webp, tif, tiff or bmp.

    PNG, WebP and TIFF are lossless and keep alpha; JPEG (quality 95, 4:4:4) and BMP lay it on white. The file
    is written aside and moved into place. Raises :class:`PhotoError` for other suffixes and failed writes.
    """
    write_image(photo.image, path, photo.icc_profile, photo.exif)


class _Tiff(TiffImagePlugin.TiffImageFile):
    """TIFF as it is stored: Pillow would turn it in a second copy, and fail where only its metadata is broken."""

    def load_end(self) -> None:
        self._size = self.im.size


# JPEG without Pillow's look at the further pictures of MPO files: only the first one is wanted.
_OPENERS = {"JPEG": JpegImagePlugin.JpegImageFile, "TIFF": _Tiff}


def _read_path(path: str | os.PathLike[str]) -> bytes:
    """All of a regular file, or of what a link to one leads to; devices and pipes could wait or run for ever."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            kind = "a directory" if os.path.isdir(path) else "no regular file"
            raise PhotoError(f"Cannot read {str(path)!r}: it is {kind}. Choose {_READABLE}.")
        # Should a pipe have taken the file's place since, it is not waited for.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            return _read_stream(file, min(os.fstat(file.fileno()).st_size, MAX_FILE_BYTES) + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, PhotoError):
            raise
        raise PhotoError(f"Cannot read {str(path)!r}: {_reason(error)}. Choose {_READABLE}.") from error


def _read_stream(file: BinaryIO, piece: int = 1 << 24) -> bytes:
    """All that a stream gives, up to one byte over :data:`MAX_FILE_BYTES`: it may never end.

    It is asked for ``piece`` bytes at a time, for which some streams set memory aside.
    """
    parts: list[bytes] = []
    missing = MAX_FILE_BYTES + 1
    while missing > 0 and (part := file.read(min(piece, missing))):
        if not isinstance(part, bytes):
            raise TypeError(f"it gives {type(part).__name__}, not bytes")
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _open_bytes(data: bytes, name: str) -> Photo:
    if not data:
        raise PhotoError(f"{name!r} is empty (0 bytes). Choose {_READABLE}.")
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 10**6
        raise PhotoError(f"{name!r} is too large: over {limit} MB. Scale it down, or save it as JPEG first.")
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        raise PhotoError(f"{name!r} is HEIC, which cannot be read here. Export it as JPEG or PNG first.")
    with _told_as_photo_errors(name):
        format_name, decoder_bytes = inspect(data)
        with quiet(format_name == "TIFF"):
            return _decode(_opened(data, name, format_name), name, len(data), decoder_bytes)


def _opened(data: bytes, name: str, format_name: str) -> Image.Image:
    Image.init()
    try:
        # Some formats are absent from some builds of Pillow.
        opener = _OPENERS.get(format_name) or Image.OPEN[format_name][0]
        image: Image.Image = opener(io.BytesIO(data), "")
    except (MemoryError, Image.DecompressionBombError):
        raise
    except Exception as error:
        if format_name == "AVIF" and b"Exif" in data:
            # Pillow writes this format's EXIF anew on opening, which broken tags make impossible: go without them.
            return _opened(data.replace(b"Exif", b"none"), name, format_name)
        raise PhotoError(
            f"{name!r} is not a picture that can be read ({len(data)} bytes). Choose {_READABLE}."
        ) from error
    return image


def _decode(image: Image.Image, name: str, file_bytes: int = 0, decoder_bytes: int = 0) -> Photo:
    check_sides(image.width, image.height, name)
    check_cost(image, file_bytes, decoder_bytes, name)
    image.seek(0)
    image.load()
    exif, icc = kept_exif(image), kept_icc(image)
    pixels, alpha, converted = image_to_rgb(image, orientation(image))
    return Photo(pixels, alpha, None if converted else icc, exif, name)


@contextmanager
def _told_as_photo_errors(name: str) -> Iterator[None]:
    """Whatever fails becomes a :class:`PhotoError`: decoders answer broken files with errors of every kind."""
    try:
        yield
    except PhotoError:
        raise
    except ExcessError as error:
        raise PhotoError(
            f"{name!r} is not opened, as it asks for too much time or memory: {error}. Save it anew as a plain JPEG "
            "or PNG, or choose another."
        ) from error
    except MemoryError as error:
        raise PhotoError(
            f"There is not enough memory to open {name!r}. Close other programs, or scale it down first."
        ) from error
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{name!r} is too large: over the limit of {MAX_PIXELS // 10**6} megapixels. Scale it down first."
        ) from error
    except Exception as error:
        raise PhotoError(
            f"{name!r} is damaged or incomplete ({_reason(error)}). Get the file again, or choose another."
        ) from error


def _reason(error: Exception) -> str:
    """What an error says, without the path that Python adds; its kind where it says nothing."""
    return (getattr(error, "strerror", None) or str(error)).strip() or type(error).__name__
