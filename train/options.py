"""The options of ``glowface train``, and of ``python -m train``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from errors.command_line import Seed, one_of
from glow.config import CouplingKind, PermutationKind
from glow.model import Memory
from glow.variants import VARIANTS
from storage.assets import DEFAULT_CHECKPOINT, DEFAULT_MATTE
from train.matte import EPOCHS
from train.metric_logger import COLUMNS, TEMPERATURES
from train.settings.config import OptimiserKind
from train.settings.presets import PRESETS

BY_PRESET = "by preset"
ROWS = ",".join(map(str, TEMPERATURES))
DEVICES = "auto, cpu, cuda, cuda:1, mps"


def temperatures(text: str) -> tuple[float, ...]:
    """An option's value: numbers from 0 on, between commas."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or not all(0 <= value < math.inf for value in values):
        raise typer.BadParameter(f"{text} must be numbers of at least 0 between commas")
    return values


@dataclass(frozen=True, kw_only=True)
class SharedOptions:
    """Options of all that runs a model."""

    device: Annotated[str, typer.Option(help=DEVICES)] = "auto"
    seed: Seed = 0


@dataclass(frozen=True, kw_only=True)
class PicturesOptions(SharedOptions):
    """Which pictures, and how they are read."""

    data: Annotated[str, typer.Option(help="folder of pictures; docs/training.md lists the known layouts")]
    limit: Annotated[int | None, typer.Option(min=1, help="use only the first so many pictures of each split")] = None
    cache: Annotated[Path, typer.Option(help="folder for copies of the pictures at the model's size")] = Path(
        "runs/cache"
    )
    workers: Annotated[
        int | None, typer.Option(help="processes that read pictures", show_default="as many as help")
    ] = None


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Options of ``fit`` that change the preset's model."""

    image_size: Annotated[
        int | None, typer.Option(help="height and width of the pictures in pixels", show_default=BY_PRESET)
    ] = None
    levels: Annotated[
        int | None, typer.Option(help="L of the paper: how often the picture is squeezed", show_default=BY_PRESET)
    ] = None
    flow_steps: Annotated[
        int | None, typer.Option(help="K of the paper: flow steps in each level", show_default=BY_PRESET)
    ] = None
    widths: Annotated[
        list[int] | None,
        typer.Option(
            metavar="<int> <int> …",
            help="hidden channels of the coupling nets, one number for each level, fine to coarse",
            show_default=BY_PRESET,
        ),
    ] = None
    n_bits: Annotated[int | None, typer.Option(help="bits of each colour channel, 1 to 8", show_default=BY_PRESET)] = (
        None
    )
    dequantiser_width: Annotated[
        int | None,
        typer.Option(
            help="hidden channels of the learned dequantisation's nets; 0 for uniform noise", show_default=BY_PRESET
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ConfigOptions:
    """Options of ``fit`` that change the preset: fields of :class:`FitConfig`."""

    steps: Annotated[int | None, typer.Option(help="optimiser steps in all", show_default=BY_PRESET)] = None
    batch: Annotated[
        int | None, typer.Option(help="pictures in one step, of all processes together", show_default=BY_PRESET)
    ] = None
    accumulation: Annotated[
        int | None,
        typer.Option(
            help="parts that each process's share of a step is computed in: less memory", show_default=BY_PRESET
        ),
    ] = None
    optimiser: Annotated[
        OptimiserKind | None,
        typer.Option(
            help="Muon orthogonalises the steps of the coupling nets' kernels, with Adam for all else",
            show_default=BY_PRESET,
        ),
    ] = None
    learning_rate: Annotated[
        float | None,
        typer.Option(help="learning rate of Adam and Adamax after the warm-up", show_default=BY_PRESET),
    ] = None
    muon_rate: Annotated[
        float | None, typer.Option(help="learning rate of Muon after the warm-up", show_default=BY_PRESET)
    ] = None
    warmup: Annotated[
        int | None, typer.Option(help="steps over which the learning rates rise", show_default=BY_PRESET)
    ] = None
    decay_share: Annotated[
        float | None, typer.Option(help="last share of all steps, over which they fall to 0", show_default=BY_PRESET)
    ] = None
    gradient_clip: Annotated[
        float | None,
        typer.Option(help="largest norm of the gradient; longer ones are shortened", show_default=BY_PRESET),
    ] = None
    ema: Annotated[
        float | None,
        typer.Option(
            help="decay of the weights' moving average, which is the model that is kept", show_default=BY_PRESET
        ),
    ] = None
    patience: Annotated[
        int | None,
        typer.Option(
            help="validations without a better score after which to stop; 0 for never", show_default=BY_PRESET
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class FitOptions(ConfigOptions, ModelOptions, PicturesOptions):
    """Options of ``fit``."""

    out: Annotated[Path, typer.Option(help="the run's folder; a stopped run there goes on")]
    preset: Annotated[str, typer.Option(**one_of(PRESETS), help="shape and settings to begin with")] = "faces-64"
    variant: Annotated[str | None, typer.Option(**one_of(VARIANTS), help="kind of flow, instead of the preset's")] = (
        None
    )
    permutation: Annotated[
        PermutationKind | None, typer.Option(help="what mixes channels, instead of the preset's or variant's")
    ] = None
    coupling: Annotated[CouplingKind | None, typer.Option(help="instead of the preset's or variant's")] = None
    no_mirror: Annotated[bool, typer.Option("--no-mirror", help="show every picture as it is, none mirrored")] = False
    freeze_flow: Annotated[
        bool,
        typer.Option(
            "--freeze-flow",
            help="train only the learned dequantiser, for the flow of --warm-start: latents and sliders stay as they "
            "are",
        ),
    ] = False
    memory: Annotated[
        Memory,
        typer.Option(
            help="what becomes of activations: kept, recomputed step by step, or got back by inverting; ever less "
            "memory and ever more time, for the same gradients"
        ),
    ] = "store"
    shard: Annotated[
        bool, typer.Option("--shard", help="with torchrun: each process keeps only a part of the weights (FSDP)")
    ] = False
    no_graph: Annotated[
        bool, typer.Option("--no-graph", help="launch each operation by itself; with CUDA, a step is else one graph")
    ] = False
    pictures: Annotated[
        Literal["auto", "copied", "streamed"],
        typer.Option(
            help="train on a copy at the model's size, or read the files anew in every epoch; auto copies what fits "
            "into half of the free memory"
        ),
    ] = "auto"
    warm_start: Annotated[
        Path | None,
        typer.Option(
            metavar="CHECKPOINT",
            help="a model whose weights to start from; of half the picture size and one level less, it is grown",
        ),
    ] = None
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        typer.Option(help="of the coupling nets", show_default="the faster, or what the run began with"),
    ] = "auto"
    save_every: Annotated[int, typer.Option(min=1, help="steps between checkpoints")] = 250
    look_every: Annotated[int, typer.Option(min=1, help="steps between validations and sample grids")] = 1000
    log_every: Annotated[int, typer.Option(min=1, help="steps between lines of the log")] = 50


@dataclass(frozen=True, kw_only=True)
class EvalOptions(PicturesOptions):
    """Options of ``eval``."""

    checkpoint: Annotated[Path, typer.Option(help="model", show_default="the one that comes with Glowface")] = (
        DEFAULT_CHECKPOINT
    )
    split: Literal["train", "val", "all"] = "val"
    round_trip: Annotated[bool, typer.Option("--round-trip", help="also encode, decode and compare each picture")] = (
        False
    )
    frechet: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="also the Fréchet distance of N samples to the pictures, in the attribute classifier's features: for "
            "comparing models here, no published FID",
        ),
    ] = None
    temperatures: Annotated[
        Any, typer.Option(parser=temperatures, metavar="NUMBERS", help="of those samples, between commas")
    ] = "0.7"
    json: Annotated[bool, typer.Option("--json", help="print one line of JSON")] = False


@dataclass(frozen=True, kw_only=True)
class SampleOptions(SharedOptions):
    """Options of ``sample``."""

    checkpoint: Annotated[Path, typer.Argument(show_default="the one that comes with Glowface")] = DEFAULT_CHECKPOINT
    output: Annotated[Path, typer.Option("--output", "-o")] = Path("samples.png")
    columns: Annotated[int, typer.Option(min=1, help="samples in a row")] = COLUMNS
    temperatures: Annotated[
        Any, typer.Option(parser=temperatures, metavar="NUMBERS", help="one row for each, between commas")
    ] = ROWS


@dataclass(frozen=True, kw_only=True)
class MatteOptions:
    """Options of ``matte``."""

    data: Annotated[str, typer.Option(help="a folder of aligned faces, such as CelebA-HQ")]
    masks: Annotated[Path, typer.Option(help="what `benchmarks/teacher.py` has made of them")]
    output: Annotated[Path, typer.Option("--output", "-o", show_default="the one of Glowface")] = DEFAULT_MATTE
    epochs: Annotated[int, typer.Option(min=1)] = EPOCHS
    seed: Seed = 0


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """Options of ``prepare``."""

    photos: Annotated[Path, typer.Argument(help="folder of photos")]
    out: Annotated[Path, typer.Argument(help="folder for the aligned faces, as PNG")]
    size: Annotated[int, typer.Option(min=1, help="of the pictures in pixels")] = 256
    faces: Annotated[Literal["largest", "all"], typer.Option(help="which faces of a photo")] = "largest"
    smallest: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="PIXELS",
            help="leave out faces whose square has fewer pixels a side in the photo",
            show_default="half of --size",
        ),
    ] = None
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1")] = "auto"
