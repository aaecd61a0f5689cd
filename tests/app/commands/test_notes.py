"""What commands say of sliders that do little on a face."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli import main
from attributes import DirectionBasis, directions_path
from glow import load_checkpoint
from storage.assets import FACES_64


def test_a_slider_that_does_little_on_a_face_is_told(
    astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / FACES_64.name
    model.symlink_to(FACES_64)
    basis = DirectionBasis.load(directions_path(FACES_64), load_checkpoint(model))
    odd = [replace(one, natural_down=0.01) if one.name == "Smiling" else one for one in basis.sliders]
    replace(basis, sliders=tuple(odd)).save(directions_path(model))  # hardly anything of no smile looks natural
    edit = ["edit", str(astronaut_file), "-o", str(tmp_path / "out.png"), "--checkpoint", str(model), "--set"]
    assert main([*edit, "Smiling=-1"]) == 0
    assert "note: Smiling -1 does little here: going further would not look natural" in capsys.readouterr().err
    assert main([*edit, "Smiling=1"]) == 0
    assert "does little" not in capsys.readouterr().err
    batch = ["batch", str(astronaut_file), "-o", str(tmp_path / "out"), "--checkpoint", str(model), "--json", "--set"]
    assert main([*batch, "Smiling=-1"]) == 0
    told = capsys.readouterr()
    assert f"note: {astronaut_file}: Smiling -1 does little here" in told.err
    assert json.loads(told.out)["results"][0]["does_little"] == ["Smiling"]
    assert main([*batch, "Smiling=1"]) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["does_little"] == []
