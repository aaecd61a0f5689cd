"""What a CUDA graph does, on the CPU: PyTorch's operations are recorded with the tensors that they were given.

``python -m tests.train.step.cpu_graphs OUT HOW`` trains a small model for 50 steps: ``plain`` or ``recorded``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from data.cache import CachedPictures
from glow import GlowConfig
from glow.distributed import World
from glow.graphs import Work
from train.fit import fit
from train.settings.config import FitConfig
from train.settings.run_options import RunOptions

CPU = torch.device("cpu")
MODEL = GlowConfig(image_size=8, levels=2, flow_steps=1, widths=(8, 8), dequantiser_width=4)


def copies(folder: Path, count: int = 30) -> CachedPictures:
    """Pictures of noise, always the same ones."""
    pixels = torch.randint(0, 256, (count, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    folder.mkdir(parents=True, exist_ok=True)
    pixels.numpy().tofile(folder / "pictures.u8")
    return CachedPictures(folder / "pictures.u8", 8)


def train(out: Path, config: FitConfig, options: RunOptions) -> None:
    """Train on :func:`copies` on the CPU."""
    pictures = copies(out / "pictures")
    fit(config, pictures, torch.from_numpy(pictures.array[:4]), out, world=World(CPU), options=options)


class CpuGraphs:
    """Records each operation with the very tensors that it reads and writes, and refuses what waits for a number.

    As with CUDA's, all that Python has computed in between is as it was when it was recorded.
    """

    def __init__(self) -> None:
        self.operations = 0
        """How many were recorded."""
        self.replays = 0
        """How often they were replayed."""

    def can_record(self, device: torch.device) -> bool:
        return device.type == "cpu"

    def warm_up(self, work: Work, device: torch.device) -> None:
        assert device == CPU
        work()

    def capture(self, work: Work, device: torch.device) -> Work:
        assert device == CPU
        with _Tape() as tape:
            work()
        self.operations = len(tape.recorded)
        done = [True]  # by the recording itself, which on the CPU cannot be had without doing the work

        def replay() -> None:
            if done:
                done.clear()
                return
            self.replays += 1
            tape.replay()

        return replay


class _Tape(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.recorded: list[tuple[Callable[..., Any], Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name.removeprefix("aten::")
        if name in ("_local_scalar_dense", "nonzero", "equal"):
            raise RuntimeError(f"{name} waits for a number")
        made = func(*args, **(kwargs or {}))
        of_memory = name.startswith(("empty", "new_empty"))  # whose values nobody reads
        if not of_memory and not _is_view(func):
            self.recorded.append((func, _plain(args), _plain(kwargs or {}), _plain(made)))
        return made

    @torch.no_grad()
    def replay(self) -> None:
        """Do all operations again, in place."""
        for func, args, kwargs, made in self.recorded:
            anew = func(*args, **kwargs)
            for ours, theirs in zip(tree_leaves(made), tree_leaves(anew), strict=True):
                if isinstance(ours, Tensor) and ours.data_ptr() != theirs.data_ptr():
                    ours.copy_(theirs)


def _is_view(func: Any) -> bool:
    """Whether an operation gives another look at a tensor's memory, and does not write."""
    returned = func._schema.returns
    return bool(returned) and all(r.alias_info is not None and not r.alias_info.is_write for r in returned)


def _plain(values: Any) -> Any:
    """The same memory, without what autograd knows of it."""
    return tree_map(lambda value: value.detach() if isinstance(value, Tensor) else value, values)


if __name__ == "__main__":
    recorded = {"plain": False, "recorded": True}[sys.argv[2]]
    torch.set_num_threads(1)
    train(
        Path(sys.argv[1]),
        FitConfig(model=MODEL, steps=50, batch=7, accumulation=2, warmup=20, learning_rate=1e-2),
        RunOptions(
            graphs=CpuGraphs() if recorded else None,
            pictures_on_device=recorded,
            net_dtype=torch.float32,
            save_every=10,
            eval_every=1000,
        ),
    )
