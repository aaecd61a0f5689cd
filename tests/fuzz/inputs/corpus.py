"""Small sound photos of every kind that is read, from which the fuzzer makes broken ones."""

from __future__ import annotations

import functools
import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image, ImageCms, PngImagePlugin
from skimage.data import astronaut

from tests.faces.files.crafted import lzw_tiff, png_16bit

ORIENTATION, MAKER, CAMERA, GPS, EXPOSURE_BIAS, DATE = 0x0112, 0x010F, 0x8769, 0x8825, 0x9204, 0x9003


@functools.cache
def photos() -> tuple[tuple[str, bytes], ...]:
    """Pairs of a suffix and a file's bytes: about 100 files of 48 x 40 to 160 x 120 pixels."""
    face = Image.fromarray(np.asarray(astronaut())[40:200, 140:300])
    small, wide = face.resize((48, 40)), face.resize((160, 120))
    made = [*_png(small), *_jpeg(small, wide), *_webp(small), *_tiff(small), *_others(small)]
    return tuple((suffix, data) for suffix, data in made if data)


def exif_block() -> bytes:
    """A block with an orientation, a maker, a camera's directory and a place."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = 6, "A maker"
    exif[CAMERA] = {EXPOSURE_BIAS: -1.0 / 3, DATE: "2020:01:02 03:04:05", 0x927C: b"notes" * 9}
    exif[GPS] = {1: "N", 2: (48.0, 51.0, 30.0)}
    return exif.tobytes()


def _bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _modes(image: Image.Image) -> dict[str, Image.Image]:
    grey = image.convert("L")
    alpha = image.convert("RGBA")
    alpha.putalpha(grey)
    values = np.asarray(grey)
    lab = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    return {
        "1": grey.convert("1"), "L": grey, "LA": alpha.convert("LA"), "P": image.quantize(32), "RGB": image,
        "RGBA": alpha, "CMYK": image.convert("CMYK"), "LAB": lab, "YCbCr": image.convert("YCbCr"),
        "I;16": Image.fromarray(values.astype(np.uint16) * 257), "I": Image.fromarray(values.astype(np.int32) * 9),
        "F": Image.fromarray(values.astype(np.float32) / 255),
    }  # fmt: skip


def _png(image: Image.Image) -> list[tuple[str, bytes]]:
    modes = _modes(image)
    words = PngImagePlugin.PngInfo()
    words.add_text("Title", "a photo", zip=True)
    words.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>', zip=True)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    files = [_bytes(modes[mode], "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
    files.append(_bytes(image, "PNG", exif=exif_block(), icc_profile=profile, pnginfo=words))
    files.append(_bytes(modes["P"], "PNG", transparency=3))
    files.append(_bytes(image, "PNG", save_all=True, append_images=[modes["L"].convert("RGB")], disposal=2))
    files.append(png_16bit(np.asarray(image).astype(np.uint16) * 257, (b"tRNS", bytes(6)), interlaced=True))
    rows = b"".join(b"\x02" + row.tobytes() for row in np.asarray(image.convert("RGBA")).astype(">u2") * 257)
    header = struct.pack(">IIBBBBB", *image.size, 16, 6, 0, 0, 0)
    files.append(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(png_chunk(kind, body) for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows))))
        + png_chunk(b"IEND", b"")
    )
    return [("png", data) for data in files]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _jpeg(image: Image.Image, wide: Image.Image) -> list[tuple[str, bytes]]:
    modes = _modes(image)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    files = [_bytes(modes[mode], "JPEG") for mode in ("L", "RGB", "CMYK")]
    files.append(_bytes(wide, "JPEG", progressive=True, exif=exif_block(), icc_profile=profile))
    files.append(_bytes(wide, "JPEG", progressive=True, subsampling=0))
    files.append(_bytes(wide, "JPEG", restart_marker_blocks=2, comment=b"words"))
    files.append(_bytes(image, "JPEG", exif=b"Exif\x00\x00" + _odd_exif()))
    files.append(_bytes(image, "MPO", save_all=True, append_images=[image]))
    return [("jpg", data) for data in files]


def _odd_exif() -> bytes:
    """Turned, with an exposure bias of -1/0."""
    tags = struct.pack("<HHIHH", ORIENTATION, 3, 1, 6, 0) + struct.pack("<HHII", EXPOSURE_BIAS, 10, 1, 38)
    return b"II*\x00\x08\x00\x00\x00\x02\x00" + tags + bytes(4) + struct.pack("<ii", -1, 0)


def _webp(image: Image.Image) -> list[tuple[str, bytes]]:
    modes = _modes(image)
    files = [_bytes(modes[mode], "WEBP", lossless=lossless) for mode in ("RGB", "RGBA") for lossless in (False, True)]
    files.append(_bytes(image, "WEBP", exif=exif_block(), xmp=b'<x tiff:Orientation="3"/>'))
    files.append(_bytes(image, "WEBP", save_all=True, append_images=[image.rotate(90), image.rotate(180)]))
    return [("webp", data) for data in files]


def _tiff(image: Image.Image) -> list[tuple[str, bytes]]:
    modes = _modes(image)
    files = [_bytes(modes[mode], "TIFF") for mode in modes if mode != "YCbCr"]
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "lzma", "zstd"):
        files.append(_bytes(image, "TIFF", compression=compression))
    for compression in ("group3", "group4", "tiff_ccitt"):
        files.append(_bytes(modes["1"], "TIFF", compression=compression))
    files.append(_bytes(modes["F"], "TIFF", compression="tiff_deflate"))
    files.append(_bytes(modes["CMYK"], "TIFF", compression="tiff_lzw", tiffinfo={ORIENTATION: 6}))
    files.append(_bytes(image, "TIFF", big_tiff=True, exif=exif_block()))
    files.append(_bytes(image, "TIFF", save_all=True, append_images=[modes["L"]]))
    values = np.asarray(image).astype(np.uint16) * 257
    files += [lzw_tiff(values, 1), lzw_tiff(values, 2)]
    for options in ({}, {"compression": "zlib", "predictor": True, "rowsperstrip": 7}, {"tile": (16, 32)}):
        stored = io.BytesIO()
        tifffile.imwrite(stored, values, photometric="rgb", **options)
        files.append(stored.getvalue())
        stored = io.BytesIO()
        planes = np.ascontiguousarray(values.transpose(2, 0, 1))
        tifffile.imwrite(stored, planes, photometric="rgb", planarconfig="separate", byteorder=">", **options)
        files.append(stored.getvalue())
    return [("tif", data) for data in files]


def _others(image: Image.Image) -> list[tuple[str, bytes]]:
    modes = _modes(image)
    run_lengths = b"".join(bytes((24, row, 24, 255 - row, 0, 0)) for row in range(40)) + b"\x00\x01"
    head = struct.pack("<IiiHHIIiiII", 40, 48, 40, 1, 8, 1, len(run_lengths), 0, 0, 256, 0)
    runs = (
        b"BM" + struct.pack("<IHHI", 1078 + len(run_lengths), 0, 0, 1078) + head + bytes(range(256)) * 4 + run_lengths
    )
    numbers = " ".join(str(value) for value in np.asarray(modes["L"]).ravel())
    made: list[tuple[str, bytes]] = [
        *(("gif", _bytes(modes[mode], "GIF")) for mode in ("1", "L", "P")),
        ("gif", _bytes(modes["P"], "GIF", save_all=True, append_images=[modes["L"], modes["P"]], disposal=2)),
        *(("bmp", _bytes(modes[mode], "BMP")) for mode in ("1", "L", "P", "RGB", "RGBA")),
        ("bmp", runs),
        ("dib", _bytes(image, "DIB")),
        *(("ppm", _bytes(modes[mode], "PPM")) for mode in ("1", "L", "RGB", "I;16", "F")),
        ("pgm", f"P2\n# words\n48 40\n255\n{numbers}\n".encode()),
        ("ppm", b"P6 48 40 200\n" + image.tobytes()),
        *(("tga", _bytes(modes[mode], "TGA")) for mode in ("L", "P", "RGBA")),
        *(("tga", _bytes(modes[mode], "TGA", compression="tga_rle")) for mode in ("L", "P", "RGBA")),
        *(("pcx", _bytes(modes[mode], "PCX")) for mode in ("1", "L", "P", "RGB")),
        *(("ico", _bytes(image, "ICO", sizes=[(32, 32), (16, 16)], bitmap_format=how)) for how in ("png", "bmp")),
        *(("jp2", _bytes(modes[mode], "JPEG2000")) for mode in ("L", "LA", "RGB", "RGBA", "I;16")),
        ("j2k", _bytes(image, "JPEG2000", no_jp2=True, tile_size=(16, 16), irreversible=True, quality_layers=[30, 10])),
    ]  # fmt: skip
    if "AVIF" in Image.SAVE:
        made += [
            ("avif", _bytes(image, "AVIF", speed=10)),
            ("avif", _bytes(modes["RGBA"], "AVIF", speed=10, exif=exif_block())),
            ("avif", _bytes(image, "AVIF", speed=10, save_all=True, append_images=[image.rotate(90)])),
        ]
    return made
