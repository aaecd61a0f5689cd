"""Training on a GPU, ours against other implementations of the same shape: ``python -m benchmarks.gpu``.

Needs ``pip install -r benchmarks/requirements.txt``, and for rosinality's glow-pytorch the path of a clone of it:

    python -m benchmarks.gpu --rosinality ../glow-pytorch

All run in one process, one after the other, in as many rounds as were asked for and go into ``--minutes``. Theirs take
the loss of a batch that lies on the GPU, its gradients and a step of PyTorch's fused Adam. Ours takes the whole step of
``train fit``: it also has the batch sent, shortens the gradient, skips what is not finite, and averages the weights. A
run of ``train fit`` itself, which also reads pictures and draws noise, is measured last. The table goes to
docs/benchmarks/README.md, where it was made on a GPU.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.report import write_section
from benchmarks.speed.implementations import IMPLEMENTATIONS, PEERS, Implementation, Size
from benchmarks.speed.worker import wait_for_gpu
from data.cache import CachedPictures
from glow import Glow, GlowConfig
from glow.device import choose_device, fastest_net_dtype
from glow.distributed import World
from glow.graphs import WARM_UP, CudaGraphs
from train.ema import EMA
from train.fit import fit
from train.optimiser import Optimiser
from train.parallel import Objective
from train.settings.config import FitConfig
from train.settings.run_options import RunOptions
from train.step.training_step import TrainingStep

Step = Callable[[], object]
GRAPH, PLAIN = "one CUDA graph", "one launch after the other"
FIT_STEPS = 30
"""Steps in a line of the log of ``train fit``; the first line is left out."""


class LeftOutError(Exception):
    """An implementation cannot be measured here; the message says why, and what to do."""


def config_of(size: Size) -> FitConfig:
    """Our training of a model of this size."""
    widths = (size.width,) * size.levels
    model = GlowConfig(image_size=size.image_size, levels=size.levels, flow_steps=size.flow_steps, widths=widths)
    return FitConfig(model=model, batch=size.batch, initialise_batch=size.batch)


def our_step(size: Size, device: torch.device, nets: torch.dtype | None, how: str) -> Step:
    """The step of ``train fit``, of a batch that lies ready on the CPU."""
    graphs = CudaGraphs() if how == GRAPH else None
    if graphs is not None and not graphs.can_record(device):
        raise LeftOutError(f"there are no CUDA graphs on {device}")
    config, x = config_of(size), size.pictures()
    model = Glow(config.model)
    model.initialise(x)
    model.to(device).set_precision(nets=nets)
    if device.type == "cuda":
        x = x.pin_memory()
    told: list[str] = []
    step = TrainingStep(
        Objective(model),
        Optimiser(model, config),
        EMA(model, model, config.ema),
        config,
        World(device),
        pictures_of=lambda pictures: pictures,
        graphs=graphs,
        tell=told.append,
    )

    def take() -> None:
        step([x], config.warmup)

    if graphs is not None:
        for _ in range(WARM_UP + 1):
            take()
        if "not as one" in told[0]:
            raise LeftOutError(told[0])
    return take


def their_step(build: Callable[[Size], Implementation], size: Size, device: torch.device) -> Step:
    """Loss, gradients and Adam's step of another implementation, of a batch that lies on the device."""
    x = size.pictures().to(device)
    implementation = build(size)
    implementation.module.to(device)
    with torch.no_grad():
        implementation.initialise(x)
    optimiser = torch.optim.Adam(implementation.parameters, lr=1e-4, fused=True)

    def take() -> None:
        optimiser.zero_grad()
        implementation.loss(x).backward()
        optimiser.step()

    return take


def installed(name: str) -> Callable[[Size], Implementation]:
    """What builds one of the peers.

    Raises:
        LeftOutError: it is not installed.
    """
    if find_spec(name) is None:
        raise LeftOutError(f"it is not installed; run `pip install {name}`")
    return IMPLEMENTATIONS[name]


def rosinality(folder: Path | None) -> Callable[[Size], Implementation]:
    """What builds rosinality's Glow (https://github.com/rosinality/glow-pytorch), from a clone of it.

    Raises:
        LeftOutError: none is given, or something that it needs is not installed.
    """
    if folder is None:
        raise LeftOutError("clone https://github.com/rosinality/glow-pytorch and give its folder with --rosinality")
    spec = spec_from_file_location("rosinality_model", folder / "model.py")
    assert spec is not None
    assert spec.loader is not None
    theirs: Any = module_from_spec(spec)
    try:
        spec.loader.exec_module(theirs)
    except ImportError as error:
        raise LeftOutError(f"it needs what is not installed ({error}); run `pip install {error.name}`") from error
    coupling = theirs.AffineCoupling

    def build(size: Size) -> Implementation:
        theirs.AffineCoupling = partial(coupling, filter_size=size.width)  # which it else leaves at 512
        model = theirs.Glow(3, size.flow_steps, size.levels)

        def loss(x: Tensor) -> Tensor:
            log_p, logdet, _ = model(x - 0.5)
            return -(log_p + logdet).mean()

        def initialise(x: Tensor) -> None:
            loss(x)

        return Implementation(
            model, loss, lambda x: model(x - 0.5), lambda encoded: model.reverse(encoded[2], True), initialise
        )

    return build


def pictures_a_second(take: Step, batch: int, seconds: float) -> float:
    """Of steps for so long, after some that do not count, all of them waited for."""
    for _ in range(WARM_UP):
        take()
    wait_for_gpu()
    start, steps = time.perf_counter(), 0
    while steps == 0 or time.perf_counter() - start < seconds:
        for _ in range(5):  # the GPU is not kept waiting while these are launched
            take()
        wait_for_gpu()
        steps += 5
    return steps * batch / (time.perf_counter() - start)


def fit_speed(size: Size, device: torch.device, graphs: CudaGraphs | None, workers: int) -> float:
    """Pictures a second by the log of ``train fit``, on copies of noise."""
    if graphs is not None and not graphs.can_record(device):
        raise LeftOutError(f"there are no CUDA graphs on {device}")
    config = replace(config_of(size), steps=3 * FIT_STEPS)
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "pictures.u8", Path(folder) / "run"
        shape = (4 * size.batch, 3, size.image_size, size.image_size)
        pixels = torch.randint(0, 256, shape, dtype=torch.uint8)
        pixels.numpy().tofile(path)
        rare = 10**9
        options = RunOptions(workers=workers, graphs=graphs, log_every=FIT_STEPS, eval_every=rare, save_every=rare)
        pictures = CachedPictures(path, size.image_size)
        fit(config, pictures, pixels[:1], out, world=World(device), options=options)
        lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return float(statistics.median([line["images_per_second"] for line in lines if "train" in line][1:]))


def measure(
    args: argparse.Namespace, size: Size, device: torch.device
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Pictures a second by row of the table, of each round; and what was left out, with the reason."""
    nets = fastest_net_dtype(device)
    fast = str(nets).removeprefix("torch.")
    made: dict[str, Callable[[], Step]] = {}
    for how in (GRAPH, PLAIN):
        for dtype in dict.fromkeys((nets, torch.float32)):
            name = f"Glowface, {str(dtype).removeprefix('torch.')} nets, {how}"
            made[name] = partial(our_step, size, device, dtype, how)
    made["rosinality's glow-pytorch"] = lambda: their_step(rosinality(args.rosinality), size, device)
    for peer in PEERS:
        made[peer] = partial(lambda name: their_step(installed(name), size, device), peer)
    end = time.monotonic() + 60 * args.minutes
    found: dict[str, list[float]] = {}
    left_out: dict[str, str] = {}

    def note(name: str, work: Callable[[], float]) -> None:
        if name in left_out:
            return
        if time.monotonic() > end:
            if name not in found:
                left_out[name] = f"{args.minutes:g} minutes were over; give more with --minutes"
            return
        try:
            found.setdefault(name, []).append(work())
            print(f"{name}: {found[name][-1]:.0f} pictures a second", file=sys.stderr)
        except torch.OutOfMemoryError:
            left_out[name] = "it needs more memory than there is"
        except Exception as error:  # of others' code too, and none may cost the rest its turn
            left_out[name] = str(error) if isinstance(error, LeftOutError) else f"it failed, {error!r}"
        if name in left_out:
            found.pop(name, None)
            print(f"{name}: left out, {left_out[name]}", file=sys.stderr)
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()

    for _ in range(args.rounds):
        for name, make in made.items():
            note(name, lambda make=make: pictures_a_second(make(), size.batch, args.seconds))  # type: ignore[misc]
    for how, graphs in ((GRAPH, CudaGraphs()), (PLAIN, None)):
        note(f"`train fit`, {fast} nets, {how}", partial(fit_speed, size, device, graphs, args.workers))
    return found, left_out


def table(found: dict[str, list[float]], left_out: dict[str, str]) -> str:
    """Medians over the rounds, and how many times the fastest of the others that is; then what was left out."""
    speeds = {name: statistics.median(of_rounds) for name, of_rounds in found.items()}
    others = [speed for name, speed in speeds.items() if "Glowface" not in name and "train fit" not in name]
    lines = ["| training | pictures a second | of the fastest of the others |", "| --- | ---: | ---: |"]
    for name, speed in speeds.items():
        ratio = f"{speed / max(others):.2f}" if others else ""
        lines.append(f"| {name} | {speed:.0f} | {ratio} |")
    told = [f"Left out: {name} ({reason})." for name, reason in left_out.items()]
    return "\n".join(lines) + ("\n\n" + "\n".join(told) if told else "")


def main(words: list[str] | None = None) -> None:
    """Measure, and write the section where a GPU was measured."""
    shape = Size(flow_steps=16, width=512, batch=64)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu")
    parser.add_argument("--rosinality", type=Path, help="folder of a clone of rosinality/glow-pytorch")
    parser.add_argument("--device", default="auto", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=6.0, help="that a turn takes (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=8.0, help="after which none is begun (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=8, help="processes that draw noise (default: %(default)s)")
    for name in ("image_size", "levels", "flow_steps", "width", "batch"):
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=int, default=getattr(shape, name), help="default: %(default)s")
    args = parser.parse_args(words)
    if args.rosinality is not None and not (args.rosinality / "model.py").exists():
        parser.error(f"there is no model.py in {args.rosinality}; give the folder of a clone with --rosinality")
    device = choose_device(args.device)
    size = Size(**{name: getattr(args, name) for name in ("image_size", "levels", "flow_steps", "width", "batch")})
    found, left_out = measure(args, size, device)
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    text = (
        f"{where}, {size.image_size}×{size.image_size}, K = {size.flow_steps}, L = {size.levels}, width {size.width}, "
        f"batch {size.batch}, torch {torch.__version__}; medians of {args.rounds} turns of {args.seconds:g} seconds. "
        "The others compute in float32, as they come, on a batch that lies on the GPU; each row of Glowface is the "
        "whole step of `train fit`, with the batch sent from the CPU. The rows `train fit` are by its own log, with "
        "noise drawn for each picture.\n\nCommand: `python -m benchmarks.gpu`\n\n" + table(found, left_out)
    )
    print(text)
    if device.type != "cuda":
        print(f"this ran on {device}, not on a CUDA GPU: nothing was written to the report", file=sys.stderr)
        return
    write_section(f"Training on a GPU, {where}", text)


if __name__ == "__main__":
    main()
