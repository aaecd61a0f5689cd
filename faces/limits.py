"""How large a photo may be: its file, its sides, and the memory that opening it takes."""

from __future__ import annotations

from PIL import Image

from faces.errors import PhotoError

__all__ = [
    "MAX_16BIT_PIXELS",
    "MAX_FILE_BYTES",
    "MAX_MEMORY_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "STRIPS_BYTES",
    "check_cost",
    "check_sides",
]

MAX_PIXELS = 100_000_000
"""Largest photo that is decoded, in pixels: 100 megapixels are 300 MB as RGB."""

MAX_SIDE = 65_535
"""Longest side in pixels: JPEG's own limit. Thinner and longer than that is no photo."""

MAX_16BIT_PIXELS = 60_000_000
"""Most pixels whose 16 bits a channel are kept. Of larger photos, and of those that would not fit into
:data:`MAX_MEMORY_BYTES` together with their file and their alpha (from about 40 megapixels on), 8 are read."""

MAX_FILE_BYTES = 200_000_000
"""Largest file that is read, which is also the most that the web app takes as an upload."""

MAX_MEMORY_BYTES = 950_000_000
"""Most memory that opening one photo may take, its file included: 1 GB less what the estimate leaves out."""

STRIPS_BYTES = 40_000_000
"""What the conversion in strips holds at a time (`faces.files.modes`), and smaller things."""

_DECODER_BYTES = {"WEBP": 14, "AVIF": 14}
"""Bytes a pixel that a decoder holds beside Pillow's picture, as measured. Others work row by row, or their
headers tell (`faces.headers.structure`)."""


_MAX_PROFILED_PIXELS = 25_000_000
"""Most pixels whose colours a profile has to convert, about 6 million a second: CMYK and LAB."""


def check_sides(width: int, height: int, name: str) -> None:
    """Raises :class:`PhotoError` for more pixels, or a longer side, than any photo may have."""
    if width * height > MAX_PIXELS:
        limit = f"the limit of {MAX_PIXELS // 10**6} megapixels"
    elif max(width, height) > MAX_SIDE:
        limit = f"the limit of {MAX_SIDE} pixels a side"
    else:
        return
    raise PhotoError(f"{name!r} is too large: {width} x {height} pixels, over {limit}. Scale it down first.")


def check_cost(image: Image.Image, file_bytes: int, decoder_bytes: int, name: str) -> None:
    """Refuse a picture that is not decoded yet and would take more than :data:`MAX_MEMORY_BYTES`, or many seconds.

    Args:
        image: as opened, with its size and mode known.
        file_bytes: length of its file.
        decoder_bytes: what the decoder holds at once, as far as the file's headers tell.
        name: for the message.

    Raises:
        PhotoError: it is too large for its mode and format.
    """
    width, height = image.size
    pixels = width * height
    canvas = pixels * _canvas_bytes(image.mode)
    # The result: RGB, and one more for alpha, or RGB in 8 and in 16 bits. Decoders are done when it is made.
    with_alpha = image.mode in ("LA", "PA", "RGBA") or image.has_transparency_data
    result = pixels * (9 if image.mode.startswith("I;16") and pixels <= MAX_16BIT_PIXELS else 4 if with_alpha else 3)
    decoder = decoder_bytes + pixels * _DECODER_BYTES.get(image.format or "", 0)
    need = file_bytes + canvas + max(result, decoder) + STRIPS_BYTES
    if pixels > _MAX_PROFILED_PIXELS and (
        image.mode == "LAB" or (image.mode == "CMYK" and "icc_profile" in image.info)
    ):
        raise PhotoError(
            f"{name!r} is too large: {width} x {height} pixels in mode {image.mode}, of which up to "
            f"{_MAX_PROFILED_PIXELS // 10**6} megapixels are converted. Scale it down first, or save it as RGB."
        )
    if need > MAX_MEMORY_BYTES:
        raise PhotoError(
            f"{name!r} is too large: {width} x {height} pixels as {image.format} in mode {image.mode} would take "
            f"{need / 1e6:.0f} MB to open, over the limit of {MAX_MEMORY_BYTES // 10**6} MB. Scale it down first, or "
            "save it as a plain (not progressive) JPEG."
        )


def _canvas_bytes(mode: str) -> int:
    """Bytes a pixel that Pillow holds for a mode."""
    if mode in ("1", "L", "P"):
        return 1
    return 2 if mode.startswith("I;16") else 4
