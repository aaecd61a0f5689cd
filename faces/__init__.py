"""Photos and faces: open safely, detect, align, cut, put back. Knows nothing of the flow."""

from __future__ import annotations

from faces.align import Alignment, align
from faces.compositing.paste import paste
from faces.crop import crop, crop_float
from faces.detect import MIN_FACE_PIXELS, Detector
from faces.errors import FaceError, NoFaceError, PhotoError
from faces.face import Face
from faces.files.photo import MAX_FILE_BYTES, MAX_PIXELS, Photo, PhotoSource, open_photo, save_photo
from faces.files.write import check_no_source, check_target

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_PIXELS",
    "MIN_FACE_PIXELS",
    "Alignment",
    "Detector",
    "Face",
    "FaceError",
    "NoFaceError",
    "Photo",
    "PhotoError",
    "PhotoSource",
    "align",
    "check_no_source",
    "check_target",
    "crop",
    "crop_float",
    "open_photo",
    "paste",
    "save_photo",
]
