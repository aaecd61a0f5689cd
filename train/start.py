"""What a run starts from: fresh weights, another model's, or those of a smaller model that grows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import torch

from glow.checkpoint import Checkpoint
from glow.grow import can_grow, grow
from glow.layer import Images
from glow.model import Glow
from train.config import FitConfig
from train.ranks import Ranks


def starting_model(
    config: FitConfig, first_batch: Callable[[], Images], warm_start: Checkpoint | None, ranks: Ranks, *, fresh: bool
) -> Glow:
    """The model that a run starts from, on its device; the same in all processes.

    Args:
        config: the recipe.
        first_batch: the pictures to initialise with, in [0, 1].
        warm_start: whose weights to start from, if any; of half the picture size where it is to grow.
        ranks: the processes that share the work.
        fresh: whether the weights will be used, not those of a run that goes on.

    Raises:
        ValueError: ``warm_start`` is of a shape that does not fit, or there is no flow to freeze.
    """
    torch.manual_seed(config.seed)
    model = Glow(config.model).to(ranks.device)
    if config.freeze_flow and (warm_start is None or _grows(config, warm_start)):
        raise ValueError("--freeze-flow keeps a flow as it is; give one of the same shape with --warm-start.")
    initialise: list[Callable[[Images], None]] = []
    if warm_start is None:
        initialise.append(model.initialise)
    else:
        new_dequantiser = model.dequantiser is not None
        if _grows(config, warm_start):
            small = warm_start.model
            initialise.append(lambda x: grow(small, model, x))
        else:
            new_dequantiser &= _take_over(model, warm_start)
        if new_dequantiser and model.dequantiser is not None:
            initialise.append(model.dequantiser.initialise)
    if fresh and ranks.first and initialise:
        x = first_batch().to(ranks.device)
        for work in initialise:
            work(x)
    if config.freeze_flow and model.dequantiser is not None:
        model.requires_grad_(False)
        model.dequantiser.requires_grad_(True)
    # The very same numbers everywhere, though the machines be different ones.
    for tensor in model.state_dict().values():
        ranks.from_first(tensor)
    return model


def _grows(config: FitConfig, warm_start: Checkpoint) -> bool:
    return can_grow(warm_start.model.config, config.model)


def _take_over(model: Glow, warm_start: Checkpoint) -> bool:
    """Let the model have the weights of one of its shape; whether its dequantiser is still its own."""
    theirs, ours = asdict(warm_start.model.config), asdict(model.config)
    other_dequantiser = theirs.pop("dequantiser_width") != ours.pop("dequantiser_width")
    other = [f"{name} {theirs[name]} there, {ours[name]} here" for name in ours if theirs[name] != ours[name]]
    if other:
        raise ValueError(
            f"--warm-start is a model of another shape ({', '.join(other)}); give its own options, or those of a model "
            "that it can grow to: twice --image-size, one more level in front of --widths, all else the same."
        )
    start = warm_start.model.state_dict()
    flow = {name: value for name, value in start.items() if not name.startswith("dequantiser.")}
    # A new dequantiser changes nothing at first.
    model.load_state_dict({**model.state_dict(), **(flow if other_dequantiser else start)})
    return other_dequantiser
