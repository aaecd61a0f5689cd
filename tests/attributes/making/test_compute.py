"""The pass over labelled faces: equal to its definition, in one process and in two, and bound to its model."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from attributes import LABEL_NAMES, DirectionBasis, DirectionsError, FaceSet, load_directions
from attributes.directions.mean_difference import LabelSums
from attributes.making.chance import channel_variances, without_chance
from attributes.making.compute import compute_directions
from data.loader import load_pixels
from glow import Checkpoint, Glow, GlowConfig, Latent, TrainingRecord, load_checkpoint, save_checkpoint
from tests.conftest import ROOT


@pytest.fixture
def tiny(tmp_path: Path) -> Checkpoint:
    torch.manual_seed(0)
    config = GlowConfig(image_size=16, levels=2, flow_steps=1, widths=(8, 8))
    save_checkpoint(tmp_path / "m.safetensors", Glow(config), TrainingRecord())
    return load_checkpoint(tmp_path / "m.safetensors")


@pytest.fixture
def computed(tiny: Checkpoint, celebahq_folder: Path) -> DirectionBasis:
    return compute_directions(tiny, FaceSet.open(celebahq_folder), batch=10, plain=True)


@pytest.fixture
def labelled(tiny: Checkpoint, celebahq_folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents of real faces, and their labels."""
    faces = FaceSet.open(celebahq_folder)
    assert faces.labels is not None
    latents = tiny.model.encode(load_pixels(faces, 16).float() / 255).flatten()
    return latents, torch.from_numpy(faces.labels.copy())


def test_the_mean_kind_is_the_mean_difference_of_real_faces(
    computed: DirectionBasis, labelled: tuple[torch.Tensor, torch.Tensor]
) -> None:
    z, labels = labelled
    flag = labels[:, LABEL_NAMES.index("Smiling")]
    directions = computed.directions("mean")
    got = directions.vectors[LABEL_NAMES.index("Smiling")].flatten()[0]
    torch.testing.assert_close(got, (z[flag].mean(0) - z[~flag].mean(0)).float(), atol=0.01, rtol=0)
    assert directions.faces == 128


@pytest.mark.parametrize("kind", ["mean", "partial"])
def test_where_faces_lie_along_each_direction(
    tiny: Checkpoint, computed: DirectionBasis, celebahq_folder: Path, kind: str
) -> None:
    z = tiny.model.encode(load_pixels(FaceSet.open(celebahq_folder), 16).float() / 255).flatten().double()
    directions = computed.directions(kind)  # type: ignore[arg-type]
    products = z @ directions.vectors.flatten().double().T
    scale = products.std(0).max()
    assert (directions.population.mean - products.mean(0)).abs().max() < 0.01 * scale
    torch.testing.assert_close(directions.population.deviation, products.std(0), atol=0, rtol=0.03)


def test_what_is_chance_is_taken_out_and_what_is_not_stays() -> None:
    """A smooth difference between two kinds of faces in noise, and a label that says nothing of them."""
    generator = torch.Generator().manual_seed(0)
    waves = torch.linspace(0, 6.3, 32).cos()
    truth = 0.2 * waves[:, None] * waves[None] * torch.ones(4, 1, 1)
    labels = torch.rand(400, 2, generator=generator) < 0.4
    faces = torch.randn(400, 4, 32, 32, generator=generator) + labels[:, :1, None, None] * truth
    means = torch.stack([faces[flag].mean(0) - faces[~flag].mean(0) for flag in labels.T])
    counts = torch.stack([labels.sum(0), (~labels).sum(0)], dim=1)
    shrunk = without_chance(Latent((means,)), channel_variances(Latent((faces,))), counts).scales[0]
    assert (shrunk[0] - truth).norm() < 0.5 * (means[0] - truth).norm()
    assert shrunk[0].flatten() @ truth.flatten() > 0.9 * truth.square().sum()
    assert shrunk[1].norm() < 0.3 * means[1].norm()


def test_they_come_back_from_disk(tiny: Checkpoint, computed: DirectionBasis, tmp_path: Path) -> None:
    computed.save(tmp_path / "d.safetensors")
    loaded = load_directions(tmp_path / "d.safetensors", tiny)
    assert torch.equal(loaded.vectors.flatten(), computed.directions().vectors.flatten())
    assert loaded.sliders == computed.directions().sliders


def test_those_of_another_model_are_refused(tiny: Checkpoint, computed: DirectionBasis, tmp_path: Path) -> None:
    computed.save(tmp_path / "d.safetensors")
    with torch.no_grad():
        tiny.model.top.mean.add_(1)
    save_checkpoint(tmp_path / "other.safetensors", tiny.model, TrainingRecord())
    with pytest.raises(DirectionsError, match="belongs to another checkpoint"):
        load_directions(tmp_path / "d.safetensors", load_checkpoint(tmp_path / "other.safetensors"))


def in_two_processes(*arguments: str) -> list[str]:
    """What each of two processes that run Python together with these arguments says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    together = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes = [
        subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=together | {"RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE, text=True,
        )
        for rank in ("0", "1")
    ]  # fmt: skip
    said = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    return said


ADD_A_HALF = """
import sys
from safetensors.torch import load_file, save_file
from attributes.directions.mean_difference import LabelSums
from glow.distributed import init_distributed
with init_distributed("cpu") as world:
    faces = load_file(sys.argv[1])
    mine = slice(world.rank, None, 2)
    sums = LabelSums(faces["latents"].shape[1], 40)
    sums.add(faces["latents"][mine], faces["labels"][mine])
    sums.all_reduce(world)
    if world.is_main:
        save_file({"gram": sums.label_second_moment, "means": sums.mean_directions()}, sys.argv[2])
"""


@pytest.mark.slow
def test_sums_of_two_processes_are_those_of_one_in_float64(
    labelled: tuple[torch.Tensor, torch.Tensor], tmp_path: Path
) -> None:
    latents, labels = labelled
    save_file({"latents": latents, "labels": labels}, tmp_path / "faces")
    in_two_processes("-c", ADD_A_HALF, str(tmp_path / "faces"), str(tmp_path / "sums"))
    alone = LabelSums(latents.shape[1], len(LABEL_NAMES))
    alone.add(latents, labels)
    together = load_file(tmp_path / "sums")
    assert torch.equal(together["gram"], alone.label_second_moment)
    torch.testing.assert_close(together["means"], alone.mean_directions(), atol=1e-12, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("plain", [True, False])
def test_two_processes_compute_what_one_does(
    tiny: Checkpoint, celebahq_folder: Path, tmp_path: Path, plain: bool
) -> None:
    computed = compute_directions(tiny, FaceSet.open(celebahq_folder), batch=10, plain=plain)
    command = ["-m", "attributes", "compute", "--data", str(celebahq_folder), "--split", "all", "--device", "cpu"]
    command += ["--checkpoint", str(tmp_path / "m.safetensors"), "-o", str(tmp_path / "d.safetensors")]
    said = in_two_processes(*command, *["--plain"] * plain)
    assert "40 directions from 128 faces" in said[0]
    assert not said[1]
    tensors = load_file(tmp_path / "d.safetensors")
    torch.testing.assert_close(tensors["gram"], computed.label_second_moment, atol=0, rtol=0)
    torch.testing.assert_close(tensors["spread.covariance"], computed.projection_covariance, atol=1e-3, rtol=1e-3)
    for i, scale in enumerate(computed.means.scales):
        torch.testing.assert_close(tensors[f"mean.{i}"].float(), scale, atol=1e-3, rtol=1e-3)
