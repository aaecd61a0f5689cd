"""The training loop.

    python -m train fit --preset faces-64 --data data/celebahq --out runs/faces-64

The same command goes on with a run that was stopped. ``OUT`` then holds ``state.safetensors`` (to go on from),
``model.safetensors`` (the averaged weights: the model to use), ``samples/`` and ``log.jsonl``.
"""

from __future__ import annotations

import copy
import json
import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.utils import save_image
from tqdm import tqdm

from glow.checkpoint import Checkpoint, TrainingRecord, save_checkpoint
from glow.device import fastest_net_dtype
from glow.model import Glow, Memory
from train.config import FitConfig
from train.data import Batches
from train.evaluate import bits_per_dim
from train.state import load_state, save_state

MAX_BAD_STEPS = 20
LOG_EVERY = 50
SHOW_EVERY = 10
MODEL_FILE = "model.safetensors"


class TrainingDivergedError(RuntimeError):
    """Too many steps in a row had no finite gradient."""


def fit(
    config: FitConfig,
    train_pixels: Tensor,
    validation_pixels: Tensor,
    out: Path,
    *,
    device: torch.device,
    data: str = "",
    net_dtype: torch.dtype | None = None,
    memory: Memory = "store",
    warm_start: Checkpoint | None = None,
    save_every: int = 250,
    look_every: int = 1000,
) -> float:
    """Train until ``config.steps``, from the last checkpoint in ``out`` where there is one.

    Args:
        config: the recipe.
        train_pixels: uint8 ``(N, 3, H, W)`` on the CPU.
        validation_pixels: uint8 ``(M, 3, H, W)`` on the CPU.
        out: the run's folder.
        device: where to compute.
        data: the data in words, for the checkpoint's record.
        net_dtype: dtype of the coupling nets; None takes the faster of float32 and bfloat16.
        memory: what becomes of activations, as in :data:`glow.model.Memory`.
        warm_start: whose weights to start from in a fresh ``out``, and whose pictures to count as seen.
        save_every: steps between checkpoints.
        look_every: steps between validations, sample grids and models written for use.

    Returns:
        The averaged weights' bits/dim on the validation pictures.

    Raises:
        ValueError: ``warm_start`` is of another shape than ``config`` says.
        ResumeError: ``out`` holds a run with another recipe.
        TrainingDivergedError: the gradient was not finite in many steps in a row.
    """
    config = replace(config, warm_start=warm_start.hash if warm_start else "")
    model = _made(config, train_pixels, warm_start).to(device)
    model.set_precision(nets=net_dtype or fastest_net_dtype(device))
    model.memory = memory
    batches = Batches(train_pixels, config.batch, config.model.n_bits, config.seed)
    averaged = copy.deepcopy(model).requires_grad_(False)
    averaged.set_precision()
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
    parts = (model, averaged, optimiser)
    first = load_state(out, config, parts)

    noise = averaged.sample_latent(36, 1.0, torch.Generator().manual_seed(config.seed))

    def look(step: int) -> float:
        score = _look(averaged, validation_pixels, noise, out, step)
        seen = step * config.batch + (warm_start.record.images_seen if warm_start else 0)
        record = TrainingRecord(step=step, images_seen=seen, data=data, metrics={"bits_per_dim": score})
        save_checkpoint(out / MODEL_FILE, averaged, record)
        return score

    # These stay on the device, and are looked at only now and then: reading them would make a GPU wait at every step.
    bad_steps, finite, total = (torch.zeros((), device=device) for _ in range(3))
    started = time.perf_counter()
    bar = tqdm(range(first, config.steps), initial=first, total=config.steps, desc="training", disable=None)
    for step in bar:
        for group in optimiser.param_groups:
            group["lr"] = config.rate(step)
        loss = model.bits_per_dim(batches(step).to(device, non_blocking=True)).mean()
        optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.gradient_clip)
        bad = (~torch.isfinite(norm)).float()
        optimiser.found_inf = bad  # type: ignore[attr-defined]  # the fused optimiser then leaves all as it is
        optimiser.step()
        _update_average(averaged, model, config.ema, step)
        bad_steps = (bad_steps + 1) * bad
        total += torch.where(bad > 0, 0.0, loss.detach())
        finite += 1 - bad
        done = step + 1
        if done % SHOW_EVERY == 0:
            bar.set_postfix(bits_per_dim=f"{loss.item():.3f}", gradient=f"{norm.item():.2f}")
        if done % LOG_EVERY == 0:
            rate = LOG_EVERY * config.batch / (time.perf_counter() - started)
            train = total.item() / max(1.0, finite.item())
            _log(out, step=done, train=train, gradient=norm.item(), images_per_second=round(rate, 1))
            if (count := int(bad_steps.item())) >= MAX_BAD_STEPS:
                raise TrainingDivergedError(
                    f"{count} steps in a row up to step {step} had no finite gradient; start again with a "
                    "lower --learning-rate and another --out."
                )
            total.zero_()
            finite.zero_()
            started = time.perf_counter()
        if done % save_every == 0 or done == config.steps:
            save_state(out, config, done, parts)
        if done % look_every == 0 and done < config.steps:
            look(done)

    return look(config.steps)


def _made(config: FitConfig, train_pixels: Tensor, warm_start: Checkpoint | None) -> Glow:
    """The model that the run starts from, on the CPU."""
    torch.manual_seed(config.seed)
    model = Glow(config.model)
    if warm_start is None:
        model.initialise(Batches(train_pixels, config.initialise_batch, config.model.n_bits, config.seed)(0))
        return model
    theirs, ours = asdict(warm_start.model.config), asdict(config.model)
    other = [f"{name} {theirs[name]} there, {ours[name]} here" for name in ours if theirs[name] != ours[name]]
    if other:
        raise ValueError(f"--warm-start is a model of another shape ({', '.join(other)}); give its own options.")
    model.load_state_dict(warm_start.model.state_dict())
    return model


@torch.no_grad()
def _update_average(averaged: Glow, model: Glow, decay: float, step: int) -> None:
    """Exponential moving average whose memory grows with the run, so that the first weights are soon forgotten."""
    weight = 1 - min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(averaged.parameters()), list(model.parameters()), weight)


def _look(model: Glow, validation_pixels: Tensor, noise: Any, out: Path, step: int) -> float:
    """Measure on the validation pictures, draw a grid of samples (temperature 0.7, the same noise each time)."""
    score = bits_per_dim(model, validation_pixels)
    (out / "samples").mkdir(parents=True, exist_ok=True)
    with torch.inference_mode():
        grid = model.decode(noise * 0.7).clamp(0, 1)
    save_image(grid, out / "samples" / f"step-{step:07d}.png", nrow=6, padding=1)
    _log(out, step=step, validation=score)
    tqdm.write(f"step {step}: {score:.4f} bits/dim on {len(validation_pixels)} validation pictures")
    return score


def _log(out: Path, **values: float) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with (out / "log.jsonl").open("a") as file:
        file.write(json.dumps({name: value if math.isfinite(value) else None for name, value in values.items()}) + "\n")
