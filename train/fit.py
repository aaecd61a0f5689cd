"""The training loop.

    python -m train fit --preset faces-64 --data data/celebahq --out runs/faces-64
    torchrun --nproc-per-node 8 -m train fit --preset faces-128 --data data/celebahq --out runs/faces-128

The same command goes on with a run that was stopped. ``OUT`` then holds two ``state-….safetensors`` (to go on from),
``model.safetensors`` (the averaged weights: the model to use), ``samples/``, ``log.jsonl`` and ``tensorboard/``.
"""

from __future__ import annotations

import copy
import math
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from data.loader import Batches, BatchLoader, Draws
from data.picture_set import PictureSet
from errors import GlowfaceError
from glow.checkpoint import Checkpoint, TrainingRecord, kernels_are_half, round_kernels, save_checkpoint
from glow.device import fastest_net_dtype, keep_freed_memory
from glow.distributed import World
from glow.model import Glow
from storage.lock import LockedError, locked
from train.ema import EMA
from train.evaluation.bits_per_dim import bits_per_dim
from train.metric_logger import MetricLogger, StepMeter
from train.optimiser import Optimiser
from train.parallel import apply_ddp, apply_fsdp, check_parallel
from train.settings.config import FitConfig
from train.settings.run_options import RunOptions
from train.start import starting_model
from train.state import ResumeError, load_state, save_state, state_files
from train.step.learning_rate_schedule import learning_rate_factor
from train.step.pictures import pictures_on_device
from train.step.training_step import TrainingStep

MAX_SKIPPED = 20
"""Steps in a row without a finite gradient, after which a run ends."""

SHOW_EVERY = 10
"""Steps between figures on the progress bar."""

MODEL_FILE = "model.safetensors"


class TrainingDivergedError(GlowfaceError):
    """Too many steps in a row had no finite gradient."""


def fit(
    config: FitConfig,
    pictures: PictureSet,
    validation_pixels: Tensor,
    out: Path,
    *,
    world: World,
    options: RunOptions | None = None,
    warm_start: Checkpoint | None = None,
) -> float:
    """Train until ``config.steps``, from the last state in ``out`` where there is one.

    Args:
        config: what decides the result.
        pictures: what to train on.
        validation_pixels: uint8 ``(M, 3, H, W)`` on the CPU.
        out: the run's folder; only the main process's machine need have it.
        world: the processes that share the work. Each calls this with the same arguments.
        options: how the run works; the defaults if left out.
        warm_start: whose weights to start from in a fresh ``out``, grown where it is for pictures of half the size, and
            whose pictures to count as seen.

    Returns:
        The averaged weights' bits/dim on the validation pictures; with ``config.patience`` the best, which is kept.

    Raises:
        InvalidValueError: ``warm_start`` is of another shape than ``config`` says and cannot grow to it, or the
            processes cannot work so.
        ResumeError: ``out`` holds a run with another config, or another process trains there.
        TrainingDivergedError: the gradient was not finite in many steps in a row, or the model's bits/dim are not
            finite at the end. A model that gives no finite bits/dim is never written.
        CheckpointError: the disk is full.
    """
    options = options or RunOptions()
    config = replace(config, warm_start=warm_start.hash if warm_start else "")
    check_parallel(config, options, world)
    # MKL counts cores in its own way until it is told a number; a run must round alike in each process it goes on in.
    torch.set_num_threads(torch.get_num_threads())
    keep_freed_memory()
    try:
        with locked(out / ".lock", wait=False) if world.is_main else nullcontext():
            run = _Run(config, pictures, validation_pixels, out, world=world, options=options, warm_start=warm_start)
            return run.train()
    except LockedError as error:
        raise ResumeError(f"another process is training in {out}; wait for it, or choose another --out.") from error


class _Run:
    """A run from where its folder says that it is; the parameters are those of :func:`fit`."""

    def __init__(
        self,
        config: FitConfig,
        pictures: PictureSet,
        validation_pixels: Tensor,
        out: Path,
        *,
        world: World,
        options: RunOptions,
        warm_start: Checkpoint | None,
    ) -> None:
        self.config, self.pictures, self.validation_pixels = config, pictures, validation_pixels
        self.out, self.world, self.options = out, world, options
        self.seen_before = warm_start.record.images_seen if warm_start else 0
        # A flow that stays as it is must also be written as it is: its sliders go by the hash of the file's numbers.
        self.half_kernels = not config.freeze_flow or warm_start is None or kernels_are_half(warm_start.model)
        fresh = world.broadcast_object(not state_files(out))
        model = starting_model(config, lambda: self.batches(config.initialise_batch)(0), warm_start, world, fresh=fresh)
        model.memory = options.memory
        unsharded = model
        if options.shard:
            unsharded = copy.deepcopy(model).cpu()
            apply_fsdp(model, world)
        self.optimiser = Optimiser(model, config)
        self.ema = EMA(model, unsharded, config.ema)
        self.parts = (model, self.ema, self.optimiser)
        self.progress = load_state(out, config, len(pictures), self.parts, world)
        # The faster dtype is measured, and a run must not change it on its way.
        before = getattr(torch, self.progress.nets) if self.progress.nets else None
        nets = options.net_dtype or before or world.broadcast_object(fastest_net_dtype(world.device))
        self.progress.nets = str(nets).removeprefix("torch.")
        model.set_precision(nets=nets)
        self.on_device = pictures_on_device(pictures, config.model, world.device, wanted=options.pictures_on_device)
        self.step = TrainingStep(
            apply_ddp(model, world),
            self.optimiser,
            self.ema,
            config,
            world,
            pictures_of=self.on_device or (lambda x: x),
            graphs=options.graphs,
            tell=_tell if world.is_main else lambda _: None,
        )
        self.logger = MetricLogger(out, self.progress.step) if world.is_main else None
        self.meter = StepMeter(world, config.batch)

    def train(self) -> float:
        """The loop: step, log, validate, save."""
        config, options, progress = self.config, self.options, self.progress
        score = progress.best
        if self.finished and not config.patience:
            score = bits_per_dim(self.ema.model(), self.validation_pixels, world=self.world)
        loader = iter(self.loader())
        quiet = None if self.world.is_main else True
        bar = tqdm(total=config.steps, initial=progress.step, desc="training", disable=quiet)
        self.meter.start()
        while not self.finished:
            with self.meter.waiting():
                batch = next(loader)
            loss, gradient, skipped = self.step(batch, progress.step)
            self.meter.add(loss, skipped)
            progress.step += 1
            bar.update()
            if progress.step % SHOW_EVERY == 0 and not bar.disable:
                bar.set_postfix(bits_per_dim=f"{loss.item():.3f}", gradient=f"{gradient.item():.2f}")
            if progress.step % options.log_every == 0:
                self.log_steps(gradient)
            if progress.step % options.eval_every == 0 or progress.step == config.steps:
                with self.meter.paused():
                    score = self.validate()
            if progress.step % options.save_every == 0 or self.finished:
                save_state(self.out, config, progress, self.parts, self.world)
        bar.close()
        if self.logger is not None:
            self.logger.close()
        found = progress.best if config.patience else score
        if not math.isfinite(found):
            raise TrainingDivergedError(
                f"the model of step {progress.step} gives no finite bits/dim; start again with a lower --learning-rate "
                "and another --out."
            )
        return found

    @property
    def finished(self) -> bool:
        """Whether all steps are taken, or validation has not got better for as long as asked."""
        patience = self.config.patience
        return self.progress.step >= self.config.steps or 0 < patience <= self.progress.stale

    def log_steps(self, gradient: Tensor) -> None:
        """Log what the steps since the last line of the log have come to."""
        config, step = self.config, self.progress.step
        loss, images_per_second, waiting_for_data = self.meter.read()
        rate = config.learning_rate * learning_rate_factor(config, step - 1)
        metrics = {"train": loss, "gradient": gradient.item(), "learning_rate": rate}
        metrics |= {"images_per_second": images_per_second, "waiting_for_data": waiting_for_data}
        if self.logger is not None:
            self.logger.log(step, **metrics)
        if (count := self.meter.skipped_in_a_row()) >= MAX_SKIPPED:
            raise TrainingDivergedError(
                f"{count} steps in a row up to step {step} had no finite gradient; start again with a lower "
                "--learning-rate and another --out."
            )

    def validate(self) -> float:
        """Measure the averaged weights on the validation pictures, draw samples, and write the model for use."""
        config, progress = self.config, self.progress
        averaged = self.ema.model()
        if self.half_kernels:
            round_kernels(averaged)  # as they will be stored
        score = bits_per_dim(averaged, self.validation_pixels, world=self.world)
        better = score < progress.best  # NaN is not
        progress.best, progress.stale = (score, 0) if better else (progress.best, progress.stale + 1)
        if self.logger is not None:
            self.logger.log(progress.step, validation=score)
            count = len(self.validation_pixels)
            tqdm.write(f"step {progress.step}: {score:.4f} bits/dim on {count} validation pictures")
            if not math.isfinite(score):
                _tell("this model is of no use: it is not written, nor asked for samples")
                return score
            self.logger.log_samples(progress.step, averaged, config.seed)
            if better or not config.patience:
                self.write_model(averaged, score)
        return score

    def write_model(self, averaged: Glow, score: float) -> None:
        """Write the averaged weights as the model to use."""
        step, metrics = self.progress.step, {"bits_per_dim": score}
        learnt_from = 0 if self.config.freeze_flow else step * self.config.batch
        seen = self.seen_before + learnt_from
        record = TrainingRecord(step=step, images_seen=seen, data=self.options.data, metrics=metrics)
        save_checkpoint(self.out / MODEL_FILE, averaged, record, half=self.half_kernels)

    def batches(self, batch: int, kind: type[Batches] = Batches) -> Batches:
        """The batches of all steps, of so many pictures each."""
        model, config = self.config.model, self.config
        return kind(self.pictures, model.image_size, batch, model.n_bits, config.seed, mirror=config.mirror)

    def loader(self) -> BatchLoader:
        """This process's share of the batches that are left."""
        config, world, workers = self.config, self.world, self.options.workers
        first, last, pin = self.progress.step, config.steps, world.device.type == "cuda"
        batches = self.batches(config.batch, Batches if self.on_device is None else Draws)
        return BatchLoader(batches, first, last, rank=world.rank, world_size=world.size, workers=workers, pin=pin)


def _tell(what: str) -> None:
    """Say something about how the run works, beside its progress bar."""
    tqdm.write(f"note: {what}", file=sys.stderr)
