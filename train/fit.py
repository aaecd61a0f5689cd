"""The training loop.

    python -m train fit --preset faces-64 --data data/celebahq --out runs/faces-64
    torchrun --nproc-per-node 8 -m train fit --preset faces-128 --data data/celebahq --out runs/faces-128

The same command goes on with a run that was stopped. ``OUT`` then holds two ``state-….safetensors`` (to go on from),
``model.safetensors`` (the averaged weights: the model to use), ``samples/``, ``log.jsonl`` and ``tensorboard/``.
"""

from __future__ import annotations

import copy
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from data.loader import Batches, Feed
from data.reading import Pictures
from errors import GlowfaceError
from glow.checkpoint import Checkpoint, TrainingRecord, kernels_are_half, round_kernels, save_checkpoint
from glow.device import fastest_net_dtype, keep_freed_memory
from glow.model import Memory
from storage.lock import LockedError, locked
from storage.values import UnfitValueError
from train.distributed import Ranks, check_shard, set_sync, shared, spread
from train.ema import Average
from train.evaluation.bits_per_dim import bits_per_dim
from train.metric_logger import COLUMNS, Journal
from train.optimiser import Optimiser
from train.recipes.config import FitConfig
from train.start import starting_model
from train.state import Progress, ResumeError, load_state, save_state, state_files

MAX_BAD_STEPS = 20
SHOW_EVERY = 10
MODEL_FILE = "model.safetensors"


class TrainingDivergedError(GlowfaceError):
    """Too many steps in a row had no finite gradient."""


def fit(
    config: FitConfig,
    pictures: Pictures,
    validation_pixels: Tensor,
    out: Path,
    *,
    ranks: Ranks,
    data: str = "",
    net_dtype: torch.dtype | None = None,
    memory: Memory = "store",
    shard: bool = False,
    warm_start: Checkpoint | None = None,
    workers: int = 0,
    save_every: int = 250,
    look_every: int = 1000,
    log_every: int = 50,
) -> float:
    """Train until ``config.steps``, from the last checkpoint in ``out`` where there is one.

    Args:
        config: the recipe.
        pictures: what to train on.
        validation_pixels: uint8 ``(M, 3, H, W)`` on the CPU.
        out: the run's folder; only the first process's machine need have it.
        ranks: the processes that share the work. Each calls this with the same arguments.
        data: the data in words, for the checkpoint's record.
        net_dtype: dtype of the coupling nets; None takes the faster of float32 and bfloat16.
        memory: what becomes of activations, as in :data:`glow.model.Memory`.
        shard: whether each process keeps only a part of weights, gradients, average and optimiser state.
        warm_start: whose weights to start from in a fresh ``out``, grown where it is for pictures of half the size, and
            whose pictures to count as seen.
        workers: processes that read and prepare pictures ahead, for each training process.
        save_every: steps between checkpoints.
        look_every: steps between validations, sample grids and models written for use.
        log_every: steps between lines of the log.

    Returns:
        The averaged weights' bits/dim on the validation pictures; with ``config.patience`` the best, which is kept.

    Raises:
        UnfitValueError: ``warm_start`` is of another shape than ``config`` says and cannot grow to it, or the processes
            cannot work so.
        ResumeError: ``out`` holds a run with another recipe, or another process trains there.
        TrainingDivergedError: the gradient was not finite in many steps in a row.
        CheckpointError: the disk is full.
    """
    config = replace(config, warm_start=warm_start.hash if warm_start else "")
    if config.batch < ranks.size * config.accumulation:
        raise UnfitValueError(
            f"a batch of {config.batch} is too small for {ranks.size} processes with {config.accumulation} parts each; "
            "raise --batch or lower --accumulation."
        )
    if shard:
        check_shard(memory, ranks.size)
    # MKL counts cores in its own way until it is told a number; a run must round alike in each process it goes on in.
    torch.set_num_threads(torch.get_num_threads())
    keep_freed_memory()
    try:
        with locked(out / ".lock", wait=False) if ranks.first else nullcontext():
            run = _Run(
                config=config,
                pictures=pictures,
                validation_pixels=validation_pixels,
                out=out,
                ranks=ranks,
                data=data,
                net_dtype=net_dtype,
                memory=memory,
                shard=shard,
                warm_start=warm_start,
            )
            return run.train(workers, save_every, look_every, log_every)
    except LockedError as error:
        raise ResumeError(f"another process is training in {out}; wait for it, or choose another --out.") from error


class _Run:
    """A run from where its folder says that it is; the parameters are those of :func:`fit`."""

    def __init__(
        self,
        *,
        config: FitConfig,
        pictures: Pictures,
        validation_pixels: Tensor,
        out: Path,
        ranks: Ranks,
        data: str,
        net_dtype: torch.dtype | None,
        memory: Memory,
        shard: bool,
        warm_start: Checkpoint | None,
    ) -> None:
        self.config, self.pictures, self.validation_pixels = config, pictures, validation_pixels
        self.out, self.ranks, self.data = out, ranks, data
        self.seen_before = warm_start.record.images_seen if warm_start else 0
        # A flow that stays as it is must also be written as it is: its sliders go by the hash of the file's numbers.
        self.half = not config.freeze_flow or warm_start is None or kernels_are_half(warm_start.model)
        fresh = ranks.told_by_first(not state_files(out))
        self.model = model = starting_model(
            config, lambda: _batches(config, pictures, config.initialise_batch)(0), warm_start, ranks, fresh=fresh
        )
        model.memory = memory
        skeleton = model
        if shard:
            skeleton = copy.deepcopy(model).cpu()
            spread(model, ranks)
        self.optimiser = Optimiser(model, config)
        self.average = Average(model, skeleton, config.ema)
        self.parts = (model, self.average, self.optimiser)
        self.progress: Progress = load_state(out, config, len(pictures), self.parts, ranks)
        # The faster dtype is measured, and a run must not change it on its way.
        before = getattr(torch, self.progress.nets) if self.progress.nets else None
        nets = net_dtype or before or ranks.told_by_first(fastest_net_dtype(ranks.device))
        self.progress.nets = str(nets).removeprefix("torch.")
        model.set_precision(nets=nets)
        self.objective = shared(model, ranks)
        self.journal = Journal(out, self.progress.step) if ranks.first else None

    def train(self, workers: int, save_every: int, look_every: int, log_every: int) -> float:
        """The loop."""
        config, ranks, progress, device = self.config, self.ranks, self.progress, self.ranks.device
        score = progress.best
        if self.over() and not config.patience:
            score = bits_per_dim(self.average.model(), self.validation_pixels, ranks=ranks)
        batches = _batches(config, self.pictures, config.batch)
        feed = iter(
            Feed(
                batches,
                progress.step,
                config.steps,
                rank=ranks.rank,
                ranks=ranks.size,
                workers=workers,
                pin=device.type == "cuda",
            )
        )
        # These stay on the device, and are looked at only now and then: to read them makes a GPU wait.
        bad_steps, finite, total = (torch.zeros((), device=device) for _ in range(3))
        started, waited, logged = time.perf_counter(), 0.0, progress.step
        bar = tqdm(total=config.steps, initial=progress.step, desc="training", disable=None if ranks.first else True)
        while not self.over():
            asked = time.perf_counter()
            x = next(feed).to(device, non_blocking=True)
            waited += time.perf_counter() - asked
            loss = torch.zeros((), device=device)
            pieces = x.tensor_split(config.accumulation)
            for place, piece in enumerate(pieces, start=1):
                set_sync(self.objective, place == len(pieces))
                # Gradients come as the mean over the processes: of sums, so that shares need not be equal.
                part = self.objective(piece) * (ranks.size / config.batch)
                part.backward()
                loss += part.detach()
            norm, bad = self.optimiser.step(config.rate(progress.step), config.gradient_clip)
            self.optimiser.clear()
            self.average.update(progress.step)
            bad_steps = (bad_steps + 1) * bad
            total += torch.where(bad > 0, 0.0, loss)
            finite += 1 - bad
            progress.step += 1
            bar.update()
            if progress.step % SHOW_EVERY == 0 and not bar.disable:
                bar.set_postfix(bits_per_dim=f"{loss.item():.3f}", gradient=f"{norm.item():.2f}")
            if progress.step % log_every == 0:
                train = ranks.sum(total).item() / ranks.size / max(1.0, finite.item())
                seconds = time.perf_counter() - started
                self._log(
                    train=train,
                    gradient=norm.item(),
                    learning_rate=config.learning_rate * config.rate(progress.step - 1),
                    images_per_second=round((progress.step - logged) * config.batch / seconds, 1),
                    waiting_for_data=round(waited / seconds, 4),
                )
                if (count := int(bad_steps.item())) >= MAX_BAD_STEPS:
                    raise TrainingDivergedError(
                        f"{count} steps in a row up to step {progress.step} had no finite gradient; start again with a "
                        "lower --learning-rate and another --out."
                    )
                total.zero_()
                finite.zero_()
                started, waited, logged = time.perf_counter(), 0.0, progress.step
            if progress.step % look_every == 0 or progress.step == config.steps:
                looked = time.perf_counter()
                score = self.look()
                started += time.perf_counter() - looked
            if progress.step % save_every == 0 or self.over():
                save_state(self.out, config, progress, self.parts, ranks)
        bar.close()
        if self.journal is not None:
            self.journal.close()
        return progress.best if config.patience else score

    def over(self) -> bool:
        """Whether all steps are taken, or validation has not got better for as long as asked."""
        patience = self.config.patience
        return self.progress.step >= self.config.steps or 0 < patience <= self.progress.stale

    def look(self) -> float:
        """Measure the averaged weights on the validation pictures, draw samples, and write the model for use."""
        config, progress = self.config, self.progress
        averaged = self.average.model()
        if self.half:
            round_kernels(averaged)  # as they will be stored
        score = bits_per_dim(averaged, self.validation_pixels, ranks=self.ranks)
        better = score < progress.best  # NaN is not
        progress.best, progress.stale = (score, 0) if better else (progress.best, progress.stale + 1)
        if self.journal is not None:
            noise = averaged.sample_latent(COLUMNS, 1.0, torch.Generator().manual_seed(config.seed))
            self.journal.draw(progress.step, averaged, noise)
            self._log(validation=score)
            tqdm.write(
                f"step {progress.step}: {score:.4f} bits/dim on {len(self.validation_pixels)} validation pictures"
            )
            if better or not config.patience:
                # Those that the flow has learnt from.
                seen = self.seen_before + (0 if config.freeze_flow else progress.step * config.batch)
                metrics = {"bits_per_dim": score}
                record = TrainingRecord(step=progress.step, images_seen=seen, data=self.data, metrics=metrics)
                save_checkpoint(self.out / MODEL_FILE, averaged, record, half=self.half)
        return score

    def _log(self, **values: float) -> None:
        if self.journal is not None:
            self.journal.log(self.progress.step, **values)


def _batches(config: FitConfig, pictures: Pictures, batch: int) -> Batches:
    model = config.model
    return Batches(pictures, model.image_size, batch, model.n_bits, config.seed, mirror=config.mirror)
