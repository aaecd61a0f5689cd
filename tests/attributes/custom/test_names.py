"""What a slider may be called, and which photos are evidence for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from attributes import YOUR_OWN, DirectionsError, FaceSet, load_classifier
from attributes.__main__ import main
from attributes.custom.learn import learn
from attributes.custom.store import check_names_apart, save_slider, slider_name
from attributes.directions.direction_basis import DirectionBasis, directions_path
from attributes.sliders.slider import Direction, Slider
from glow import Checkpoint
from storage.assets import FACES_64
from storage.values import InvalidValueError


def command(*arguments: str | Path) -> int:
    """``learn`` for the model that comes with Glowface; none of these gets as far as to write."""
    return main(["learn", *map(str, arguments), "--checkpoint", str(FACES_64), "--device", "cpu"])


@pytest.fixture(scope="module")
def folders(celebahq_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two times ten real faces."""
    paths = FaceSet.open(celebahq_folder, "train").paths
    made = tuple(tmp_path_factory.mktemp(name) for name in ("with", "without"))
    for number, path in enumerate(paths[:20]):
        shutil.copy(path, made[number % 2])
    return made


def test_names_are_made_of_titles() -> None:
    assert slider_name("Wearing scarf") == "Wearing_scarf"
    assert slider_name(" Größe: 2! ") == "Größe_2"
    for title in ("Blond hair", "blond_hair", "Beard", "No_Beard"):
        with pytest.raises(DirectionsError, match="one of the 40 labels"):
            slider_name(title)
    with pytest.raises(DirectionsError, match="too long for the name of a file"):
        slider_name("眼" * 90)
    with pytest.raises(InvalidValueError, match="1 to 100 characters"):
        slider_name("x" * 320)


def test_two_sliders_never_share_a_file(
    checkpoint: Checkpoint, folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{path},{number % 2},{number % 2}" for number, path in enumerate(sorted(folders[0].iterdir()))]
    (tmp_path / "labels.csv").write_text("\n".join(["file,Scarf,SCARF", *rows]))
    assert command("--csv", tmp_path / "labels.csv") == 1
    assert "'SCARF' and 'Scarf' would share a file" in capsys.readouterr().err
    folder = tmp_path / "sliders"
    direction = Direction(
        Slider(name="Scarf", title="Scarf", group=YOUR_OWN),
        checkpoint.model.sample_latent(1), mean=0.0, deviation=1.0,
    )  # fmt: skip
    save_slider(folder, direction, "0" * 64, {})
    check_names_apart(["Scarf", "Bow"], folder)  # it may be made anew
    with pytest.raises(DirectionsError, match="'scarf' and 'Scarf' would share a file"):
        check_names_apart(["scarf"], folder)


def test_copies_are_no_evidence(folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twelve copies of one photo would be told apart from others without fail."""
    one = next(folders[0].iterdir())
    for number in range(12):
        shutil.copy(one, tmp_path / f"{number}{one.suffix}")
    arguments = ("Copies", "--with", tmp_path, "--without", folders[1], "--aligned", "yes")
    assert command(*arguments) == 1
    told = capsys.readouterr().err
    assert "11 photos are copies of others and count once" in told
    assert "'Copies' has 1 faces with it; it needs at least" in told
    assert command("Same", "--with", folders[0], "--without", folders[0], "--aligned", "yes") == 1
    assert "10 photos are among those with it and those without" in capsys.readouterr().err


def test_a_folder_that_takes_no_sliders_is_told_before_the_work(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "missing.sliders").write_text("a file where the folder should be")
    missing = str(tmp_path / "missing.safetensors")
    assert (
        main(["learn", "Grin", "--with", str(folders[0]), "--without", str(folders[1]), "--checkpoint", missing]) == 1
    )
    assert "sliders cannot be kept in" in capsys.readouterr().err, "it is told before even the model is looked for"


def test_a_title_too_long_for_a_file_is_told_before_the_work(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["learn", "x" * 320, "--with", str(folders[0]), "--without", str(folders[1])]
    assert main([*words, "--checkpoint", str(tmp_path / "missing.safetensors")]) == 1
    told = capsys.readouterr().err
    assert "1 to 100 characters" in told, "it is told before even the model is looked for"
    assert told.count("\n") == 1


def test_faces_that_do_not_differ_make_no_slider(checkpoint: Checkpoint, validation_faces: torch.Tensor) -> None:
    basis = DirectionBasis.load(directions_path(FACES_64), checkpoint)
    same = validation_faces[:10].numpy()
    with pytest.raises(DirectionsError, match="do not differ in any way"):
        learn(checkpoint, basis, load_classifier(), "Nothing", with_it=same, without=same)
