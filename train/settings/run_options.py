"""Where, how fast and how watchfully a run works: what does not decide its result, and may change when it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from glow.graphs import CudaGraphs, Graphs
from glow.model import Memory


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a run works. What decides its result is in :class:`train.settings.config.FitConfig`."""

    data: str = ""
    """The data in words, for the checkpoint's record."""

    net_dtype: torch.dtype | None = None
    """Dtype of the coupling nets; None takes what the run began with, or the faster of float32 and bfloat16."""

    memory: Memory = "store"
    """What becomes of activations, as in :data:`glow.model.Memory`."""

    shard: bool = False
    """Whether each process keeps only a part of weights, gradients, average and optimiser state."""

    workers: int = 0
    """Processes that read and prepare pictures ahead, for each training process."""

    save_every: int = 250
    """Steps between states on disk."""

    eval_every: int = 1000
    """Steps between validations, with sample grids and models written for use; ``--look-every`` on the command line."""

    log_every: int = 50
    """Steps between lines of the log."""

    graphs: Graphs | None = field(default_factory=CudaGraphs)
    """How steps are recorded, to be replayed, on devices where they can be; None for not at all."""

    pictures_on_device: bool | None = None
    """Whether the pictures, which must be copies, lie on the device; None for where that leaves it enough memory."""
