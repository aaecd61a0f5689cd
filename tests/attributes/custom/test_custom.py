"""Sliders of one's own: learned from real faces, kept beside their model, and doing what they say."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.editor import Editor
from attributes import FOUND, LABEL_NAMES, YOUR_OWN, DatasetError, DirectionsError, FaceSet
from attributes.__main__ import main
from attributes.custom.components import find_components
from attributes.custom.store import (
    listed_sliders,
    load_slider,
    load_sliders,
    save_slider,
    sliders_folder,
)
from attributes.directions.directions import Directions
from attributes.directions.population import Population
from attributes.sliders.slider import Direction, Slider
from data.photos import aligned_faces, table_photos
from faces import Detector, crop
from glow import Checkpoint, Glow, GlowConfig, TrainingRecord, load_checkpoint, save_checkpoint
from storage.assets import FACES_64
from storage.tensors import write_safetensors

SMILING = LABEL_NAMES.index("Smiling")
MEASURES = ("name", "title", "group", "up", "down", "low", "high", "sign")


@pytest.fixture(scope="module")
def checkpoint_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Glowface's model in a folder of its own, so that sliders made for it do not lie in the repository."""
    folder = tmp_path_factory.mktemp("model")
    for path in (FACES_64, FACES_64.with_suffix(".directions.safetensors")):
        shutil.copy(path, folder / path.name)
    return folder / FACES_64.name


@pytest.fixture(scope="module")
def two_folders(celebahq_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """16 real faces that smile, and 16 that do not."""
    faces = FaceSet.open(celebahq_folder, "train")
    assert faces.labels is not None
    folders = tuple(tmp_path_factory.mktemp(name) for name in ("with", "without"))
    for folder, smiling in zip(folders, (True, False), strict=True):
        for index in np.nonzero(faces.labels[:, SMILING] == smiling)[0][:16]:
            shutil.copy(faces.paths[index], folder)
    return folders


def learn(checkpoint: Path, *arguments: str | Path) -> int:
    return main(["learn", *map(str, arguments), "--checkpoint", str(checkpoint), "--device", "cpu"])


@pytest.mark.slow
def test_a_slider_learned_from_two_folders_makes_other_faces_smile(
    checkpoint_copy: Path,
    two_folders: tuple[Path, Path],
    validation_faces: torch.Tensor,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert learn(checkpoint_copy, "My grin", "--with", two_folders[0], "--without", two_folders[1]) == 0
    said = capsys.readouterr().out
    assert "made from 16 faces with it and 16 without" in said
    assert "--set My_grin=1" in said
    editor = Editor.load(checkpoint_copy, device="cpu")
    assert editor.problems == ()
    slider = editor.directions.slider("My_grin")
    assert (slider.title, slider.group) == ("My grin", YOUR_OWN)
    x = validation_faces[:60].float() / 255
    serious = x[editor.classifier.balanced_probabilities(x)[:, SMILING] < 0.5]
    latent = editor.checkpoint.model.encode(serious)
    smiles = []
    for value in (0.0, 0.5, 1.0):
        decoded = editor.decode(editor.directions.move(latent, {"My_grin": value}))
        smiles.append(float(editor.classifier.balanced_probabilities(decoded)[:, SMILING].mean()))
    assert smiles[0] < smiles[1] < smiles[2]
    assert smiles[2] > smiles[0] + 0.3
    moved = editor.directions.move(latent, {"My_grin": 1.0})
    assert editor.directions.move(moved, {"My_grin": -1.0}) is latent


@pytest.mark.slow
def test_a_table_gives_a_slider_for_each_of_its_labels(
    checkpoint_copy: Path, two_folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["file,Grin,Sulk"]
    for folder, (grin, sulk) in zip(two_folders, (("1", "0"), ("no", "yes")), strict=True):
        for path in sorted(folder.iterdir()):
            rows.append(f"{path.name},{grin},{sulk}")
            shutil.copy(path, tmp_path)
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n\n")
    assert learn(checkpoint_copy, "--csv", tmp_path / "labels.csv", "--aligned", "yes") == 0
    assert capsys.readouterr().out.count("made from 16 faces with it and 16 without") == 2
    checkpoint = load_checkpoint(checkpoint_copy)
    folder = sliders_folder(checkpoint_copy)
    grin, sulk = (load_slider(folder / f"{name}.safetensors", checkpoint) for name in ("grin", "sulk"))
    torch.testing.assert_close(grin.vector.flatten(), -sulk.vector.flatten(), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Smiling", "--with", "{many}", "--without", "{many}"], "'Smiling' is one of the 40 labels' sliders already"),
        (["wide smile?", "--with", "{few}", "--without", "{many}"], "there are 3 photos with 'wide smile?'"),
        (["A", "--with", "{none}", "--without", "{many}"], "there are no pictures"),
        (["A", "--with", "{many}"], "give a name with two folders"),
        (["...", "--with", "{many}", "--without", "{many}"], "needs a letter"),
        (["A", "--csv", "{none}/no.csv"], "cannot be read as a CSV table"),
        (["A", "--csv", "{none}/no.csv", "--with", "{many}"], "either --csv, or"),
    ],
)
def test_what_cannot_be_learned_is_said_in_one_line(
    arguments: list[str], message: str, tmp_path: Path, astronaut_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = {"none": tmp_path / "none", "few": tmp_path / "few", "many": tmp_path / "many"}
    for count, folder in zip((0, 3, 12), folders.values(), strict=True):
        folder.mkdir()
        for number in range(count):
            shutil.copy(astronaut_file, folder / f"{number}.png")
    assert learn(FACES_64, *(argument.format(**folders) for argument in arguments)) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert message in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the first row of .* is 'empty'"),
        ("photo,Grin\n", "is 'photo,Grin'; it must be file,LABEL"),
        ("file,Grin\na.png,maybe\n", "line 2 of .* is 'a.png,maybe'"),
        ("file,Grin\na.png\n", "line 2 of .* is 'a.png'"),
        ("file,Grin\nb.png,1\n", "line 2 of .* names 'b.png', and there is no file"),
        ("file,Grin\n.,1\n", "line 2 of .* names '.', and there is no file"),
        ("file,Grin\n/dev/zero,1\n", "line 2 of .* names '/dev/zero', and there is no file"),
        ("file,Grin\n\0,1\n", r"line 2 of .* names '\\x00', and there is no file"),
        ("file,Grin\n" + "x" * 5000 + ",1\n", "line 2 of .* names 'xxx"),
        ("file,Grin\n" + "x" * 200_000 + ",1\n", "cannot be read as a CSV table .*field larger"),
        ("file," + ",".join(map(str, range(1000))), "the first row of .* has 1001 columns; 1000 is the most"),
        ("file,Grin\na.png,\ud8001\n", "cannot be read as a CSV table .*no UTF-8"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "t.csv").write_text(text, errors="surrogatepass")
    with pytest.raises(DatasetError, match=message):
        table_photos(tmp_path / "t.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"], ids=["plain", "byte-order mark"])
def test_unknown_values_count_for_neither_side(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "t.csv").write_text("file,Grin,Hat\na.png,,True\n", encoding=encoding)
    assert table_photos(tmp_path / "t.csv") == {"Grin": ([], []), "Hat": ([tmp_path / "a.png"], [])}


def test_photos_are_aligned_unless_they_are_already(
    editor: Editor, astronaut: np.ndarray, astronaut_file: Path, two_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    portrait = editor.open(astronaut)
    (tmp_path / "text.png").write_text("no picture")
    cut = sorted(two_folders[0].iterdir())[:3]
    found = aligned_faces([astronaut_file, tmp_path / "text.png", *cut], 64, "auto", Detector())
    assert np.array_equal(found.pixels[0], crop(astronaut, portrait.alignment, 64).transpose(2, 0, 1))
    assert len(found.left_out) == 1
    assert "text.png" in found.left_out[0]
    assert np.array_equal(found.pixels[1:], aligned_faces(cut, 64, "yes", Detector()).pixels)


def test_another_models_slider_is_refused_and_nothing_else_is_lost(tmp_path: Path) -> None:
    config = GlowConfig(image_size=16, levels=2, flow_steps=1, widths=(8, 8))
    save_checkpoint(tmp_path / "m.safetensors", Glow(config), TrainingRecord())
    other = load_checkpoint(tmp_path / "m.safetensors")
    vector = other.model.sample_latent(1)
    foreign = Direction(Slider(name="Foreign", title="Foreign", group=YOUR_OWN), vector, 0.0, 1.0)
    for file in (FACES_64, FACES_64.with_suffix(".directions.safetensors")):
        shutil.copy(file, tmp_path)
    folder = sliders_folder(tmp_path / FACES_64.name)
    path = save_slider(folder, foreign, other.hash, {})
    assert load_slider(path, other).slider == foreign.slider
    with pytest.raises(DirectionsError, match="belongs to another checkpoint"):
        load_slider(path, load_checkpoint(FACES_64))
    (folder / "broken.safetensors").write_bytes(b"no slider")
    editor = Editor.load(tmp_path / FACES_64.name, device="cpu")
    assert editor.directions.names == LABEL_NAMES
    assert len(editor.problems) == 2
    assert any("foreign.safetensors belongs to another checkpoint" in problem for problem in editor.problems)
    assert any("broken.safetensors is broken" in problem for problem in editor.problems)


def odd_slider(path: Path, model_hash: str, vector: float = 1.0, **fields: Any) -> None:
    """A slider's file of a tiny model whose header says something else, or whose vector is of these numbers."""
    said = dict.fromkeys(("up", "high"), 1.0) | dict.fromkeys(("down",), 1.0) | {"low": -1.0, "group": YOUR_OWN}
    said |= {"name": path.stem, "title": path.stem} | {key: fields.pop(key) for key in [*fields] if key in MEASURES}
    header = {"kind": "slider", "version": 1, "model_hash": model_hash, "mean": 0.0, "deviation": 1.0, "slider": said}
    write_safetensors(path, {"scale.0": torch.full((1, 12, 2, 2), vector)}, header | fields)


def test_no_junk_in_the_folder_stops_what_is_whole(tmp_path: Path) -> None:
    """Each broken file is told of, and the one whole slider is there."""
    model = Glow(GlowConfig(image_size=4, levels=1, flow_steps=1, widths=(8,)))
    save_checkpoint(tmp_path / "m.safetensors", model, TrainingRecord())
    checkpoint = load_checkpoint(tmp_path / "m.safetensors")
    folder = tmp_path / "sliders"
    odd: dict[str, dict[str, Any]] = {
        "nan": {"vector": math.nan},
        "reversed": {"low": 1.0, "high": -1.0},
        "endless": {"high": math.inf},
        "no number": {"up": "1"},
        "long": {"up": 10**400},
        "nothing": {"down": 0},
        "nameless": {"title": " "},
        "two lines": {"title": "a\nb"},
        "foreign": {"group": "Hair"},
        "unknown": {"sign": 1},
        "list": {"slider": []},
        "mean": {"mean": math.nan},
        "deviation": {"deviation": -1.0},
    }
    for name, fields in odd.items():
        odd_slider(folder / f"{name}.safetensors", checkpoint.hash, **fields)
    odd_slider(folder / "whole.safetensors", checkpoint.hash)
    os.mkfifo(folder / "pipe.safetensors")
    (folder / "folder.safetensors").mkdir()
    (folder / "gone.safetensors").symlink_to(folder / "nowhere")
    (folder / "bytes\n.safetensors").write_bytes(bytes(range(256)))
    labels = Directions((), checkpoint.model.sample_latent(1)[:0], Population(*torch.zeros(2, 0).double()), "", 0)
    found = load_sliders(folder, checkpoint, labels)
    assert [direction.slider.name for direction in found.directions] == ["whole"]
    assert len(found.problems) == len(odd) + 4
    assert all(problem.isprintable() for problem in found.problems)
    listed = {slider.name for slider in listed_sliders(folder)}
    assert listed == {"whole", "nan", "mean", "deviation"}, "of which the headers are whole"


@pytest.mark.slow
def test_components_are_the_latents_principal_ones(checkpoint: Checkpoint, celebahq_folder: Path) -> None:
    faces = FaceSet.open(celebahq_folder)
    assert faces.labels is not None
    found = find_components(checkpoint, faces, 3)
    x = np.stack([faces.read(i, 64) for i in range(len(faces))])
    with torch.inference_mode():
        z = checkpoint.model.encode(torch.from_numpy(x).float() / 255).flatten().double()
    centred = z - z.mean(0)
    _, lengths, axes = torch.linalg.svd(centred, full_matrices=False)
    for place, component in enumerate(found):
        vector = component.direction.vector.flatten()[0].double()
        assert float((vector / vector.norm()) @ axes[place]) ** 2 == pytest.approx(1, abs=1e-3)
        assert component.variance == pytest.approx(float(lengths[place] ** 2 / lengths.square().sum()), rel=1e-3)
        products = z @ vector
        assert component.direction.mean == pytest.approx(float(products.mean()), abs=0.05)
        assert component.direction.deviation == pytest.approx(float(products.std()), rel=1e-3)
        flags = torch.from_numpy(faces.labels[:, SMILING]).double()
        expected = float(torch.corrcoef(torch.stack([products, flags]))[0, 1])
        assert component.correlations[SMILING] == pytest.approx(expected, abs=0.01)
        assert component.direction.slider.group == FOUND
        assert component.direction.slider.title.startswith(f"Component {place + 1} (mostly ")
