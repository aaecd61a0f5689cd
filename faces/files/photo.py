"""Open a photo safely as upright RGB, and save it without loss where the format allows."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, JpegImagePlugin, TiffImagePlugin

from faces.errors import PhotoError
from faces.files.metadata import kept_exif, kept_icc, orientation
from faces.files.modes import array_to_rgb, image_to_rgb, to_8bit
from faces.files.picture_16bit import Picture16Bit
from faces.files.quiet import quiet
from faces.files.read_16bit import has_16_bits, read_16bit
from faces.files.source import READABLE, read_path, read_stream, reason, told_as_photo_errors
from faces.files.unended import ended
from faces.files.write import WRITERS_16BIT, check_target, write_image
from faces.headers.structure import inspect
from faces.limits import MAX_FILE_BYTES, MAX_PIXELS, check_cost, check_sides

__all__ = ["MAX_FILE_BYTES", "MAX_PIXELS", "Photo", "PhotoSource", "open_photo", "save_photo"]

Array = np.ndarray[Any, Any]

PhotoSource = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | np.ndarray[Any, Any]

_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright photo, with what is needed to save it again."""

    pixels: Array
    """``(H, W, 3)`` uint8 RGB, upright (EXIF orientation is already applied)."""
    alpha: Array | None = None
    """``(H, W)`` uint8 or, where the file has 16 bits, uint16 opacity, the highest value opaque; None: it has none."""
    icc_profile: bytes | None = None
    """Colour profile of the RGB values, or of the grey ones of a grey photo; None means sRGB."""
    exif: bytes | None = None
    """EXIF block to save: camera and date, but no orientation, place, maker notes or thumbnail."""
    name: str = "photo"
    """File name without its folder."""
    pixels_16bit: Array | None = None
    """``(H, W, 3)`` uint16 where there are 16 bits a channel, of which :attr:`pixels` are the nearest 8; or None."""
    grey: bool = False
    """Whether the file has one channel for its colour. Saved as such as long as the three channels are the same."""
    reduced: bool = False
    """Whether the file has 16 bits a channel, of which only 8 could be read: it is too large, or of a rare kind."""

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or shape[2] != 3 or 0 in shape:
            raise PhotoError(f"Pixels are {shape} {self.pixels.dtype}. Give (H, W, 3) uint8, not empty.")
        if self.alpha is not None and (self.alpha.shape != shape[:2] or self.alpha.dtype not in (np.uint8, np.uint16)):
            raise PhotoError(f"Alpha is {self.alpha.shape} {self.alpha.dtype}. Give {shape[:2]} uint8 or uint16.")
        fine = self.pixels_16bit
        if fine is not None and (fine.shape != shape or fine.dtype != np.uint16):
            raise PhotoError(f"Pixels of 16 bits are {fine.shape} {fine.dtype}. Give {shape} uint16.")

    @property
    def finest(self) -> Array:
        """The pixels as finely as the photo has them: :attr:`pixels_16bit` where it has any, else :attr:`pixels`."""
        return self.pixels if self.pixels_16bit is None else self.pixels_16bit

    @property
    def image(self) -> Image.Image:
        """The photo as a Pillow image of 8 bits: RGBA where it has alpha, else RGB."""
        return self._image(self.pixels)

    def _image(self, pixels: Array) -> Image.Image:
        if self.alpha is None:
            return Image.fromarray(np.ascontiguousarray(pixels))
        return Image.fromarray(
            np.dstack([pixels, to_8bit(self.alpha) if self.alpha.dtype == np.uint16 else self.alpha])
        )

    def with_pixels(self, pixels: Array) -> Photo:
        """The same photo (alpha, profile, EXIF, name) with other ``(H, W, 3)`` pixels of its size.

        uint16 are kept as :attr:`pixels_16bit`, with the nearest uint8; with uint8, the new photo has 8 bits.
        """
        if pixels.shape != self.pixels.shape:
            raise PhotoError(f"New pixels of shape {pixels.shape} do not fit a photo of {self.pixels.shape}.")
        if pixels.dtype == np.uint16:
            return replace(self, pixels=to_8bit(pixels), pixels_16bit=pixels)
        return replace(self, pixels=pixels, pixels_16bit=None)


def open_photo(source: PhotoSource) -> Photo:
    """Open a file, its bytes, an open binary file, a Pillow image or a numpy array.

    Any mode becomes RGB with alpha kept apart; EXIF orientation is applied; of an animation the first frame is taken.
    PNG and TIFF of 16 bits a channel keep them as :attr:`Photo.pixels_16bit`, and so do 16-bit grey and uint16 arrays;
    of other files, and of 16 bits that would not fit into the gigabyte below, 8 are read. Arrays are ``(H, W)`` or
    ``(H, W, C)``, of 1 channel (grey), 2 (and alpha), 3 (RGB) or 4, uint8, uint16 or float in [0, 1].

    Raises:
        PhotoError: the source is missing, no regular file, empty, damaged, no picture, or larger than
            :data:`MAX_FILE_BYTES`, :data:`MAX_PIXELS` or what can be decoded in a gigabyte and a few seconds.
    """
    if isinstance(source, np.ndarray):
        check_sides(source.shape[1] if source.ndim > 1 else 0, source.shape[0] if source.ndim else 0, "array")
        colours = array_to_rgb(source)
        return Photo(colours.pixels, colours.alpha, name="array", pixels_16bit=colours.pixels_16bit, grey=colours.grey)
    if isinstance(source, Image.Image):
        name = Path(str(getattr(source, "filename", "") or "image")).name
        with told_as_photo_errors(name), quiet(source.format == "TIFF"):
            return _decode(source, name)
    if isinstance(source, bytes):
        return _open_bytes(source, "photo")
    if isinstance(source, (str, os.PathLike)):
        name = Path(source).name
        with told_as_photo_errors(name):
            data = read_path(source)
        return _open_bytes(data, name)
    name = Path(str(getattr(source, "name", "photo"))).name
    with told_as_photo_errors(name):
        try:
            data = read_stream(source)
        except (OSError, TypeError, ValueError) as error:
            raise PhotoError(f"Cannot read {name!r}: {reason(error)}. Open it again in binary mode.") from error
    return _open_bytes(data, name)


def save_photo(photo: Photo, path: str | os.PathLike[str]) -> None:
    """Save in the format that the suffix names: png, jpg, jpeg, webp, tif, tiff or bmp.

    PNG, WebP and TIFF are lossless and keep alpha; JPEG (quality 95, 4:4:4) and BMP lay it on white. PNG and TIFF keep
    16 bits, the others have 8. A grey photo stays grey, but in WebP, which has no grey, and in a TIFF of 16 bits with
    alpha, which few programs read. The file is written aside and moved into place. Raises :class:`PhotoError` for other
    suffixes and failed writes.
    """
    name = check_target(path)
    pixels_16bit = photo.pixels_16bit if name in WRITERS_16BIT else None
    greyless = name == "WEBP" or (name == "TIFF" and pixels_16bit is not None and photo.alpha is not None)
    grey = photo.grey and not greyless and _colourless(photo.finest)
    # A profile describes values of its own kind only: its header's bytes 16 to 19 tell which.
    icc = photo.icc_profile
    if icc is not None and (icc[16:20] == b"GRAY") != grey:
        icc = None
    picture: Picture16Bit | Image.Image
    if pixels_16bit is not None:
        picture = Picture16Bit(pixels_16bit[:, :, :1] if grey else pixels_16bit, photo.alpha)
    else:
        picture = photo._image(photo.pixels[:, :, 0] if grey else photo.pixels)
    write_image(picture, path, icc, photo.exif)


def _colourless(pixels: Array) -> bool:
    return all(bool((pixels[:, :, 0] == pixels[:, :, channel]).all()) for channel in (1, 2))


class _Tiff(TiffImagePlugin.TiffImageFile):
    """TIFF as it is stored: Pillow would turn it in a second copy, and fail where only its metadata is broken."""

    def load_end(self) -> None:
        self._size = self.im.size


# JPEG without Pillow's look at the further pictures of MPO files: only the first one is wanted.
_OPENERS = {"JPEG": JpegImagePlugin.JpegImageFile, "TIFF": _Tiff}


def _open_bytes(data: bytes, name: str) -> Photo:
    if not data:
        raise PhotoError(f"{name!r} is empty (0 bytes). Choose {READABLE}.")
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 10**6
        raise PhotoError(f"{name!r} is too large: over {limit} MB. Scale it down, or save it as JPEG first.")
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        raise PhotoError(f"{name!r} is HEIC, which cannot be read here. Export it as JPEG or PNG first.")
    with told_as_photo_errors(name):
        format_name, decoder_bytes = inspect(data)
        with quiet(format_name == "TIFF"):
            return _decode(_opened(data, name, format_name), name, data, decoder_bytes)


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
            f"{name!r} is not a picture that can be read ({len(data)} bytes). Choose {READABLE}."
        ) from error
    return image


def _decode(image: Image.Image, name: str, data: bytes = b"", decoder_bytes: int = 0) -> Photo:
    check_sides(image.width, image.height, name)
    check_cost(image, len(data), decoder_bytes, name)
    image.seek(0)
    found = read_16bit(image, data, decoder_bytes) if data else None
    reduced = found is None and has_16_bits(image, data)
    if found is None:
        image = _loaded(image, data, decoder_bytes)
        found = image_to_rgb(image, orientation(image)), image
    colours, told = found
    icc = None if colours.converted else kept_icc(told, colours.grey)
    alike = colours.pixels, colours.alpha, icc, kept_exif(told), name, colours.pixels_16bit, colours.grey
    return Photo(*alike, reduced=reduced and colours.pixels_16bit is None)


def _loaded(image: Image.Image, data: bytes, decoder_bytes: int) -> Image.Image:
    try:
        image.load()
    except OSError:
        if image.format != "JPEG" or not data:
            raise
        image.im = None  # type: ignore[assignment]  # what was decoded in vain is not held while it is tried again
        whole = ended(data, decoder_bytes)
        if whole is None:
            raise
        return whole
    return image
