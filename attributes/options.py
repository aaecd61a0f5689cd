"""Options that several commands of ``glowface attributes`` share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from storage.assets import DEFAULT_CHECKPOINT

Limit = Annotated[int | None, typer.Option(help="use only the first so many faces")]
Data = Annotated[str, typer.Option(help="labelled faces: CelebA-HQ or torchvision's CelebA")]
DirectionsFile = Annotated[Path | None, typer.Option(show_default="beside the checkpoint")]


@dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """Where to compute."""

    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps")] = "auto"


@dataclass(frozen=True, kw_only=True)
class ModelOptions(DeviceOptions):
    """Which model."""

    checkpoint: Annotated[Path, typer.Option(help="the model", show_default="the one of Glowface")] = DEFAULT_CHECKPOINT


@dataclass(frozen=True, kw_only=True)
class FacesOptions(ModelOptions):
    """Which model, on which faces."""

    data: Data
