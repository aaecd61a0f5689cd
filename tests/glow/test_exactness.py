"""8-bit pictures come back without loss, at real models' sizes, in every precision; docs/benchmarks/exactness.md."""

from __future__ import annotations

import pytest
import torch

from data.dequantise import dequantise
from glow import Checkpoint, Glow, GlowConfig
from glow.device import fastest_net_dtype
from glow.engines.packed_convolution import computes_in
from tests.conftest import Pictures, as_pixels

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.cuda),
]
PRECISIONS = [
    pytest.param((torch.float32, torch.float64, 1e-5), id="float32 nets, float64 flow"),
    pytest.param(
        (torch.bfloat16, torch.float64, 1e-9),
        id="bfloat16 nets, float64 flow",
        marks=pytest.mark.skipif(
            not computes_in(torch.bfloat16) and not torch.cuda.is_available(),
            reason="this CPU has no bfloat16: no model here runs in it, and its emulation takes minutes",
        ),
    ),
    pytest.param((torch.float32, torch.float32, 1e-3), id="all float32"),
]
"""Dtypes of nets and flow, and the largest error that the documentation promises, as a share of the range."""
Precision = tuple[torch.dtype, torch.dtype, float]


@pytest.fixture(scope="module")
def large(celebahq_pictures: Pictures) -> tuple[Glow, torch.Tensor]:
    """A model for 256×256 with the paper's L = 6, a little trained on real faces, and others of them, uint8."""
    pixels = as_pixels(celebahq_pictures(12, "1"), 256)
    torch.manual_seed(0)
    model = Glow(GlowConfig(image_size=256, levels=6, flow_steps=4, widths=(32,) * 6))
    model.set_precision(nets=fastest_net_dtype(torch.device("cpu")))
    model.initialise(dequantise(pixels[:4], 5))
    optimiser = torch.optim.Adam(model.parameters())
    for step in range(20):
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * step / 20
        optimiser.zero_grad()
        model.bits_per_dim(dequantise(pixels[:4], 5)).mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return model, pixels[4:]


def assert_lossless(model: Glow, pixels: torch.Tensor, precision: Precision) -> None:
    nets, flow, bound = precision
    model.requires_grad_(False)  # as loaded models are: they run on the inference engine
    model.set_precision(nets=nets, flow=flow)
    x = pixels.to(model.device).float() / 255
    with torch.inference_mode():
        decoded = model.decode(model.encode(x))
    assert torch.equal((decoded * 255).round().byte().cpu(), pixels)
    assert float((decoded - x).abs().max()) < bound + 2e-7  # the pictures themselves are float32


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_smaller_model(
    checkpoint: Checkpoint, validation_faces: torch.Tensor, device: str, precision: Precision
) -> None:
    model = Glow(checkpoint.model.config)
    model.load_state_dict(checkpoint.model.state_dict())
    assert_lossless(model.to(device), validation_faces[:32], precision)


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_model_for_256_pixels(large: tuple[Glow, torch.Tensor], device: str, precision: Precision) -> None:
    model, pixels = large
    assert_lossless(model.to(device), pixels, precision)
