"""Growing: the larger model knows at first what the smaller one knows."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from glow.config import GlowConfig
from glow.grow import can_grow, grow
from glow.model import Glow

SMALL = GlowConfig(
    image_size=16, levels=2, flow_steps=3, widths=(8, 12), coordinates=True, top_prior="position", input_bound=4.0
)


def wild(model: Glow) -> Glow:
    """The model with all parameters away from where they start, so that each of them counts."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def grown(small: Glow, x: torch.Tensor) -> Glow:
    config = replace(small.config, image_size=32, levels=3, widths=(10, *small.config.widths))
    torch.manual_seed(2)
    model = Glow(config)
    grow(small, model, x)
    return model.eval()


@pytest.fixture
def x() -> torch.Tensor:
    return torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"coupling": "additive", "permutation": "1x1-full", "top_prior": "channel", "coordinates": False},
        {"split_prior": "standard", "top_prior": "standard", "flow_steps": 1, "input_bound": None},
        {"dequantiser_width": 8},
    ],
)
@torch.no_grad()
def test_latents_of_the_halved_picture_are_the_small_models(changes: dict, x: torch.Tensor) -> None:
    small = wild(Glow(replace(SMALL, **changes)))
    model = grown(small, x)
    theirs, logdet = small(F.avg_pool2d(x, 2))
    ours, whole = model(x)

    torch.testing.assert_close(ours.scales[1].chunk(2, 1)[0], theirs.scales[0], atol=1e-3, rtol=1e-3)
    top = ours.scales[2].unflatten(1, (2, 2, -1))[:, :, 0].flatten(1, 2)
    torch.testing.assert_close(top, theirs.scales[1], atol=1e-3, rtol=1e-3)
    if small.dequantiser is not None:
        assert model.dequantiser is not None
        for name, value in small.dequantiser.state_dict().items():
            assert torch.equal(model.dequantiser.state_dict()[name], value)
    # Beside the small model there is nothing yet but one linear map of each block: the same for all pictures.
    rest = whole - logdet
    torch.testing.assert_close(rest, rest[:1].expand(6), atol=1e-2, rtol=1e-4)
    torch.testing.assert_close(model.decode(ours), x, atol=1e-4, rtol=0)


@torch.no_grad()
def test_a_real_photo_comes_back_and_its_details_begin_about_as_wide_as_noise(astronaut: np.ndarray) -> None:
    """There the details are much smaller than the means, so the wavelets' matrix is badly scaled."""
    tiles = torch.from_numpy(astronaut).permute(2, 0, 1).float().div(255).unfold(1, 32, 32).unfold(2, 32, 32)
    x = tiles.permute(1, 2, 0, 3, 4).flatten(0, 1)
    latent = (model := grown(wild(Glow(SMALL)), x)).encode(x)
    out, on = latent.scales[0], latent.scales[1].chunk(2, 1)[1]
    assert float(out.std()) == pytest.approx(1, abs=0.3)  # colours' details go together, and are turned
    assert float(on.std()) == pytest.approx(1, abs=0.3)
    torch.testing.assert_close(model.decode(latent), x, atol=1e-4, rtol=0)
    assert max(model.conditions()[0]) < 1e3


@torch.no_grad()
def test_details_begin_with_unit_variance(x: torch.Tensor) -> None:
    latent = grown(wild(Glow(SMALL)), x).encode(x)
    details = [latent.scales[0], latent.scales[1].chunk(2, 1)[1]]
    for detail in details:
        assert float(detail.std()) == pytest.approx(1, abs=0.05)


def test_all_weights_of_the_grown_model_learn(x: torch.Tensor) -> None:
    """Zeros towards the details must not stay zeros."""
    model = grown(wild(Glow(SMALL)), x)
    zeros = {name: value == 0 for name, value in model.named_parameters() if not name.endswith(("lower", "upper"))}
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(3):
        optimiser.zero_grad()
        model.bits_per_dim(x).mean().backward()
        optimiser.step()
    still = {name: zero & (model.get_parameter(name) == 0) for name, zero in zeros.items()}
    # A hidden unit that no picture wakes learns nothing, in any model.
    assert not [name for name, zero in still.items() if float(zero.float().mean()) > 0.2]


@pytest.mark.parametrize(
    "changes",
    [
        {"image_size": 64},
        {"levels": 2, "widths": (10, 12)},
        {"widths": (10, 8, 14)},
        {"flow_steps": 2},
        {"permutation": "shuffle"},
    ],
)
def test_what_cannot_grow_is_refused(changes: dict, x: torch.Tensor) -> None:
    config = replace(SMALL, **{"image_size": 32, "levels": 3, "widths": (10, 8, 12), **changes})
    small = replace(SMALL, permutation=config.permutation)
    assert not can_grow(small, config)
    with pytest.raises(ValueError, match="twice the size"):
        grow(Glow(small), Glow(config), x)
