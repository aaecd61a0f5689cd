"""Photos of every kind through the editor: what is not moved comes back as it was, in its own depth and kind."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from app.cli import main
from app.editor import Editor
from app.portraits.view import View
from app.series.blending import blend_apart
from app.session import Session
from app.ui.editing.saving import save
from app.ui.server.folder import ServerFolder
from app.ui.server.uploads import Uploads
from app.ui.visits.visit import Visit
from faces import NoFaceError, open_photo, save_photo
from faces.profiles import converted
from storage.assets import FACES_64
from tests.faces.files.crafted import png_16bit, samples_16bit
from tests.profiles import display_p3


@pytest.fixture
def photo_16bit(astronaut: np.ndarray) -> np.ndarray:
    """A face of 16 bits a channel, with alpha: ``(96, 80, 4)``."""
    part = astronaut[60:156, 180:260].astype(np.uint16) * 257
    noise = np.random.default_rng(0).integers(0, 200, part.shape, dtype=np.uint16)
    return np.dstack([part - np.minimum(part, noise), 65535 - np.minimum(part[:, :, 0], 40_000)])


def unmoved(source: Path, target: Path) -> int:
    return main(["edit", str(source), "--face", "whole", "--checkpoint", str(FACES_64), "-o", str(target)])


def test_the_command_line_gives_sixteen_bits_back(photo_16bit: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(png_16bit(photo_16bit))
    tifffile.imwrite(tmp_path / "in.tif", photo_16bit, photometric="rgb", extrasamples=["unassalpha"])
    assert unmoved(tmp_path / "in.png", tmp_path / "out.png") == 0
    assert np.array_equal(samples_16bit((tmp_path / "out.png").read_bytes()), photo_16bit)
    assert unmoved(tmp_path / "in.tif", tmp_path / "out.tif") == 0
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), photo_16bit)


def test_depth_that_is_lost_is_told(
    photo_16bit: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    animated = png_16bit(photo_16bit, (b"acTL", struct.pack(">II", 1, 0)))  # of which 16 bits are not read
    (tmp_path / "in.png").write_bytes(animated)
    assert unmoved(tmp_path / "in.png", tmp_path / "out.png") == 0
    assert "note: in.png: of its 16 bits a channel, 8 are kept" in capsys.readouterr().err
    (tmp_path / "in.png").write_bytes(png_16bit(photo_16bit))
    assert unmoved(tmp_path / "in.png", tmp_path / "out.png") == 0
    assert "16 bits" not in capsys.readouterr().err


def test_the_session_exports_sixteen_bits_and_shows_eight(
    editor: Editor, photo_16bit: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "in.png").write_bytes(png_16bit(photo_16bit))
    session = Session(editor)
    with suppress(NoFaceError):
        session.open(tmp_path / "in.png")
    session.use_whole()
    session.export(tmp_path / "out.png")
    assert np.array_equal(samples_16bit((tmp_path / "out.png").read_bytes()), photo_16bit)
    seen = session.picture(session.view(1000, face=False))
    assert seen.pixels_16bit is None
    assert np.array_equal(seen.pixels, session.before().pixels)


def test_the_download_has_sixteen_bits(editor: Editor, photo_16bit: np.ndarray, tmp_path: Path) -> None:
    folder = ServerFolder(tmp_path / "server")
    folder.ensure()
    visit = Visit(editor, "me", Uploads(folder, 3600))
    (tmp_path / "face.png").write_bytes(png_16bit(photo_16bit))
    with suppress(NoFaceError):
        visit.session.open(tmp_path / "face.png")
    visit.session.use_whole()
    save(visit, "PNG", "whole", False)
    (written,) = visit.folder.rglob("face-edited.png")
    assert np.array_equal(samples_16bit(written.read_bytes()), photo_16bit)
    visit.end()


def test_grey_stays_grey(astronaut: np.ndarray, tmp_path: Path) -> None:
    grey = Image.fromarray(astronaut).convert("L")
    grey.save(tmp_path / "in.png")
    assert unmoved(tmp_path / "in.png", tmp_path / "out.png") == 0
    with Image.open(tmp_path / "out.png") as image:
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image), np.asarray(grey))
    photo = open_photo(tmp_path / "in.png")
    for side in (100, 1000):
        part = View.whole(photo, side).cut(photo)
        assert part.grey
        save_photo(part, tmp_path / "part.png")
        with Image.open(tmp_path / "part.png") as image:
            assert image.mode == "L"


def test_a_photo_with_a_wider_profile_is_shown_in_the_screens_colours_and_kept_in_its_own(
    editor: Editor, astronaut: np.ndarray, tmp_path: Path
) -> None:
    """As phones write them: the preview is no duller than the photo, and the file keeps values and profile."""
    phone = tmp_path / "phone.png"
    Image.fromarray(converted(astronaut, None, display_p3())).save(phone, icc_profile=display_p3())
    session = Session(editor)
    session.open(phone)
    whole = session.view(512, face=False)
    for shown in (session.before(whole), session.picture(whole)):
        assert np.abs(shown.pixels.astype(int) - astronaut).mean() < 1.0
    session.set({"Smiling": 1.0})
    assert np.abs(session.picture(whole).pixels.astype(int) - session.before(whole).pixels).max() > 20
    session.export(tmp_path / "edited.png")
    kept = open_photo(tmp_path / "edited.png")
    assert kept.icc_profile == display_p3()
    corner = np.s_[:40, :40]
    np.testing.assert_array_equal(kept.pixels[corner], open_photo(phone).pixels[corner])


def test_a_blend_of_photos_with_two_profiles_shifts_no_colour(
    editor: Editor, astronaut: np.ndarray, tmp_path: Path
) -> None:
    """The same photo in sRGB and in Display P3: with the second's numbers taken for the first's, red moved by 6."""
    phone = tmp_path / "phone.png"
    Image.fromarray(converted(astronaut, None, display_p3())).save(phone, icc_profile=display_p3())
    plain, wide = editor.open(astronaut), editor.open(phone)
    x, y = plain.alignment.to_photo(np.array([0.5, 0.6])).astype(int)
    skin = np.s_[y - 40 : y + 40, x - 30 : x + 30]
    assert (astronaut[skin].astype(int) - wide.photo.pixels[skin])[..., 0].mean() > 5
    assert editor.blend(plain, wide, 0) is plain.photo
    assert editor.blend(wide, plain, 0) is wide.photo
    alike = editor.blend(plain, editor.open(astronaut), 1.0).pixels.astype(int)
    for first, second in ((plain, wide), (wide, plain)):
        for blended in (editor.blend(first, second, 1.0), blend_apart(editor, first, second, 0.9, 1.0)):
            assert blended.icc_profile == first.photo.icc_profile
            corner = np.s_[:40, :40]
            np.testing.assert_array_equal(blended.pixels[corner], first.photo.pixels[corner])
            shown = converted(blended.pixels, blended.icc_profile).astype(int)
            assert np.abs((shown - alike)[skin].mean((0, 1))).max() < 2.0
