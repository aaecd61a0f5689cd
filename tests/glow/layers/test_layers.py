"""One contract over all flow layers: shape, inverse, log-determinant, gradient, save and load, repr."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import glow.layers
from glow.config import GlowConfig
from glow.layers.actnorm import ActNorm
from glow.layers.coupling import AdditiveCoupling, AffineCoupling
from glow.layers.dequantiser import Dequantiser
from glow.layers.flow_layer import FlowLayer
from glow.layers.flow_step import FlowStep, make_mixing, make_step
from glow.layers.invertible_conv import Conv1x1, Conv1x1LU
from glow.layers.prior import SplitPrior, StandardPrior, TopPrior
from glow.layers.squeeze import Squeeze


def step(**fields: object) -> FlowStep:
    """A step of a config with 4 channels."""
    return make_step(GlowConfig(levels=1, widths=(8,), **fields), 4, 8)  # type: ignore[arg-type]


LAYERS: dict[str, Callable[[], FlowLayer]] = {
    "actnorm": lambda: ActNorm(4),
    "1x1 convolution, LU": lambda: make_mixing("1x1-lu", 4),
    "1x1 convolution, full": lambda: make_mixing("1x1-full", 4),
    "shuffle": lambda: make_mixing("shuffle", 4),
    "reverse": lambda: make_mixing("reverse", 4),
    "affine coupling": lambda: AffineCoupling(4, 8),
    "affine coupling with coordinates": lambda: AffineCoupling(4, 8, coordinates=True),
    "additive coupling": lambda: AdditiveCoupling(4, 8),
    "additive coupling with coordinates": lambda: AdditiveCoupling(4, 8, coordinates=True),
    "affine coupling with bounded input": lambda: AffineCoupling(4, 8, input_bound=0.5),
    "split prior": lambda: SplitPrior(4),
    "split prior with bounded input": lambda: SplitPrior(4, input_bound=0.5),
    "standard prior": StandardPrior,
    "top prior per channel": lambda: TopPrior((4, 1, 1)),
    "top prior per position": lambda: TopPrior((4, 4, 4)),
    "squeeze": Squeeze,
    "dequantiser, 1 bit": lambda: Dequantiser(4, 1, 8),
    "dequantiser, 5 bits": lambda: Dequantiser(4, 5, 8),
    "step": step,
    "step with coordinates": lambda: step(coordinates=True),
    "step, full matrix": lambda: step(permutation="1x1-full"),
    "step, shuffle": lambda: step(permutation="shuffle"),
    "step, reverse": lambda: step(permutation="reverse"),
    "step, additive": lambda: step(coupling="additive"),
}


@pytest.fixture(params=LAYERS, ids=lambda name: name.replace(",", "").replace(" ", "-"))
def layer(request: pytest.FixtureRequest) -> FlowLayer:
    """A layer in float64 with all parameters away from their (often trivial) start."""
    torch.manual_seed(0)
    layer = LAYERS[request.param]().double()
    by = 0.1 if isinstance(layer, Dequantiser) else 0.3  # noise that is pressed to its bin's edge does not come back
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(by * torch.randn_like(parameter))
    return layer


@pytest.fixture
def x(layer: FlowLayer) -> torch.Tensor:
    draw = torch.rand if isinstance(layer, Dequantiser) else torch.randn
    return draw(3, 4, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_shape(layer: FlowLayer, x: torch.Tensor) -> None:
    y, logdet = layer(x)
    assert y.numel() == x.numel()
    assert logdet.shape == (3,)


def test_inverse_gives_the_input_back(layer: FlowLayer, x: torch.Tensor) -> None:
    torch.testing.assert_close(layer.inverse(layer(x)[0]), x, atol=1e-10, rtol=0)


def test_logdet_is_that_of_the_jacobian(layer: FlowLayer, x: torch.Tensor) -> None:
    logdet = layer(x)[1]
    for picture, claimed in zip(x, logdet, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda p: layer(p[None])[0], picture)
        _, true = torch.linalg.slogdet(jacobian.reshape(picture.numel(), picture.numel()))
        torch.testing.assert_close(claimed, true, atol=1e-9, rtol=0)


def test_pictures_do_not_influence_each_other(layer: FlowLayer, x: torch.Tensor) -> None:
    torch.testing.assert_close(layer(x)[0][1:2], layer(x[1:2])[0], atol=1e-12, rtol=0)


def test_gradient_reaches_input_and_all_parameters(layer: FlowLayer, x: torch.Tensor) -> None:
    x.requires_grad_()
    y, logdet = layer(x)
    (y.square().sum() + logdet.sum()).backward()
    for tensor in (x, *layer.parameters()):
        assert tensor.grad is not None
        assert torch.isfinite(tensor.grad).all()
        assert tensor.grad.any()


def test_save_and_load(layer: FlowLayer, x: torch.Tensor, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Fixed orders are part of what is saved: a fresh layer has another one."""
    if not layer.state_dict():
        pytest.skip("nothing to save")
    save_file({name: tensor.contiguous() for name, tensor in layer.state_dict().items()}, tmp_path / "layer")
    fresh = LAYERS[request.node.callspec.params["layer"]]().double()
    fresh.load_state_dict(load_file(tmp_path / "layer"))
    assert torch.equal(fresh(x)[0], layer(x)[0])


def test_repr_names_the_layer(layer: FlowLayer) -> None:
    assert repr(layer).startswith(type(layer).__name__)


def test_actnorm_normalises_its_first_batch() -> None:
    x = 3 * torch.randn(16, 4, 4, 4) + 5
    layer = ActNorm(4)
    layer.initialise(x)
    y = layer(x)[0].transpose(0, 1).flatten(1)
    torch.testing.assert_close(y.mean(1), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.std(1, unbiased=False), torch.ones(4), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", [Conv1x1, Conv1x1LU])
def test_1x1_convolutions_start_as_a_rotation(kind: type[Conv1x1] | type[Conv1x1LU]) -> None:
    layer = kind(12)
    weight = layer.weight(torch.float64)
    torch.testing.assert_close(weight @ weight.T, torch.eye(12, dtype=torch.float64), atol=1e-5, rtol=0)
    assert layer.condition() == pytest.approx(1, abs=1e-4)


def test_a_nearly_singular_mixing_has_a_large_condition_number() -> None:
    layer = Conv1x1LU(12)
    with torch.no_grad():
        layer.log_s[3] = -12
    assert layer.condition() > 1e4


def test_permutations_only_reorder() -> None:
    x = torch.randn(1, 8, 2, 2)
    for kind in ("shuffle", "reverse"):
        y = make_mixing(kind, 8)(x)[0]  # type: ignore[arg-type]
        assert torch.equal(y.sort(1).values, x.sort(1).values)
    assert torch.equal(y, x.flip(1))


@pytest.mark.parametrize("kind", [AffineCoupling, AdditiveCoupling])
def test_couplings_refuse_an_odd_number_of_channels(kind: type[AffineCoupling] | type[AdditiveCoupling]) -> None:
    with pytest.raises(ValueError, match="3 is odd"):
        kind(3, 8)


def test_layers_know_nothing_of_the_engines_that_make_them_fast() -> None:
    files = sorted(Path(glow.layers.__path__[0]).glob("*.py"))
    assert len(files) > 5
    assert not [file.name for file in files if "glow.engines" in file.read_text()]
