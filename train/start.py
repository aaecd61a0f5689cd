"""What a run starts from: fresh weights, another model's, or those of a smaller model that grows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import torch

from glow.checkpoint import Checkpoint
from glow.distributed import World
from glow.grow import can_grow, grow
from glow.layers.flow_layer import Images
from glow.model import Glow
from storage.values import InvalidValueError
from train.settings.config import FitConfig

OPTIONS = {
    "image_size": "--image-size",
    "levels": "--levels",
    "flow_steps": "--flow-steps",
    "widths": "--widths",
    "n_bits": "--n-bits",
    "coupling": "--coupling",
    "permutation": "--variant",
}
"""The options that set a model's shape; the other fields come with a preset."""


def check_start(config: FitConfig, warm_start: Checkpoint | None) -> None:
    """Refuse weights that a run cannot start from.

    Raises:
        InvalidValueError: ``warm_start`` has another shape and cannot grow to the config's, or there is no flow to
            freeze.
    """
    grows = warm_start is not None and can_grow(warm_start.model.config, config.model)
    if config.freeze_flow and (warm_start is None or grows):
        raise InvalidValueError("--freeze-flow keeps a flow as it is; give one with --warm-start, of the same shape.")
    if warm_start is None or grows:
        return
    theirs, ours = asdict(warm_start.model.config), asdict(config.model)
    growing = config.model.image_size == 2 * warm_start.model.config.image_size
    if growing:
        theirs |= {"image_size": ours["image_size"], "levels": theirs["levels"] + 1}
        theirs["widths"] = (ours["widths"][0], *theirs["widths"])
    other = [
        f"{OPTIONS.get(name, f'{name}, set by the preset,')} {theirs[name]} there, {ours[name]} here"
        for name in ours
        if theirs[name] != ours[name] and name != "dequantiser_width"
    ]
    if growing:
        other = other or ["channels must be mixed by learned 1×1 convolutions"]
        raise InvalidValueError(
            f"--warm-start is a model that cannot grow to this one ({'; '.join(other)}); mend that."
        )
    if other:
        raise InvalidValueError(f"--warm-start is a model of another shape ({'; '.join(other)}); give its own options.")


def starting_model(
    config: FitConfig, first_batch: Callable[[], Images], warm_start: Checkpoint | None, world: World, *, fresh: bool
) -> Glow:
    """The model that a run starts from, on its device; the same in all processes.

    Args:
        config: the run's.
        first_batch: the pictures to initialise with, in [0, 1].
        warm_start: whose weights to start from, if any; of half the picture size where it is to grow.
        world: the processes that share the work.
        fresh: whether the weights will be used, not those of a run that goes on.

    Raises:
        InvalidValueError: as :func:`check_start`.
    """
    check_start(config, warm_start)
    torch.manual_seed(config.seed)
    model = Glow(config.model).to(world.device)
    initialise: list[Callable[[Images], None]] = []
    if warm_start is None:
        initialise.append(model.initialise)
    else:
        small = warm_start.model
        if can_grow(small.config, config.model):
            # Of its own: the main process alone draws from it, and only where a run begins.
            generator = torch.Generator().manual_seed(config.seed)
            initialise.append(lambda x: grow(small, model, x, generator))
        else:
            new_dequantiser = small.config.dequantiser_width != config.model.dequantiser_width
            start = small.state_dict()
            flow = {name: value for name, value in start.items() if not name.startswith("dequantiser.")}
            model.load_state_dict({**model.state_dict(), **(flow if new_dequantiser else start)})
            if new_dequantiser and model.dequantiser is not None:  # it changes nothing at first
                initialise.append(model.dequantiser.initialise)
    if fresh and world.is_main and initialise:
        x = first_batch().to(world.device)
        for work in initialise:
            work(x)
    if config.freeze_flow and model.dequantiser is not None:
        model.requires_grad_(False)
        model.dequantiser.requires_grad_(True)
    # The very same numbers everywhere, though the machines be different ones.
    for tensor in model.state_dict().values():
        world.broadcast(tensor)
    return model
