"""What decides a run's result: the model's shape and how it is trained, one frozen config that its states carry."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from glow.config import GlowConfig
from glowface import __version__
from storage.values import InvalidValueError

OptimiserKind = Literal["adam", "adamax", "muon"]
MAY_CHANGE = ("steps", "accumulation", "patience")
"""Fields that may be changed when a run goes on: its end, and how a step is cut into pieces."""


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """The config of a run: all that decides its result. Where and how fast it runs is in ``RunOptions``.

    Raises:
        InvalidValueError: a field has a value that cannot be trained with.
    """

    model: GlowConfig = field(default_factory=GlowConfig)
    """The model's shape."""

    steps: int = 20_000
    """Optimiser steps in all. May be changed when a run goes on; the learning rate's end moves along."""

    batch: int = 32
    """Pictures in one step."""

    accumulation: int = 1
    """Parts that each process's share of a step is cut into, one after the other: less memory, the same gradient up to
    rounding. May be changed when a run goes on."""

    optimiser: OptimiserKind = "adam"
    """Adam or Adamax (Kingma & Ba 2015, arXiv 1412.6980); or Muon (Jordan et al. 2024), which makes the steps of the
    coupling nets' kernels orthogonal, with Adam for all else."""

    learning_rate: float = 1e-3
    """Adam's or Adamax's learning rate after the warm-up."""

    muon_rate: float = 0.02
    """Muon's learning rate after the warm-up, for the coupling nets' kernels as matrices."""

    warmup: int = 500
    """Steps over which the learning rate rises from 0."""

    decay_share: float = 0.3
    """The last share of all steps, over which the learning rate falls to 0 in a straight line."""

    gradient_clip: float = 1.0
    """Largest norm of the gradient of bits/dim; longer ones are shortened to it."""

    ema: float = 0.999
    """Decay of the moving average of the weights, which is what is evaluated, sampled from and released."""

    mirror: bool = True
    """Whether half of the pictures are mirrored."""

    patience: int = 0
    """Validations in a row without a better score after which the run ends; the best model is what is kept. 0 trains to
    the end and keeps the last. May be changed when a run goes on."""

    initialise_batch: int = 256
    """Pictures that the actnorms are initialised from."""

    warm_start: str = ""
    """Hash of the flow whose weights the run starts from; empty for fresh weights."""

    freeze_flow: bool = False
    """Whether only the learned dequantiser is trained, for a flow that stays as it is."""

    seed: int = 0
    """Seed of the weights, the order of the data, the flips and the noise."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "accumulation", "initialise_batch"):
            if getattr(self, name) < 1:
                raise InvalidValueError(f"{name} is {getattr(self, name)}; it must be at least 1.")
        for name in ("learning_rate", "muon_rate", "gradient_clip"):
            if not getattr(self, name) > 0:
                raise InvalidValueError(f"{name} is {getattr(self, name)}; it must be above 0.")
        for name in ("warmup", "patience"):
            if getattr(self, name) < 0:
                raise InvalidValueError(f"{name} is {getattr(self, name)}; it must be at least 0.")
        if self.freeze_flow and not self.model.dequantiser_width:
            raise InvalidValueError(
                "freeze_flow trains the dequantiser alone, and there is none; give --dequantiser-width."
            )
        if self.optimiser not in get_args(OptimiserKind):
            raise InvalidValueError(
                f"optimiser is {self.optimiser!r}; it must be one of {', '.join(get_args(OptimiserKind))}."
            )
        if not 0 <= self.decay_share <= 1 or not 0 <= self.ema < 1:
            raise InvalidValueError(
                f"decay_share is {self.decay_share} and ema {self.ema}; they must be from 0 to 1, ema below it."
            )

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values, for JSON."""
        return asdict(self) | {"model": self.model.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FitConfig:
        """The config back from :meth:`to_dict`'s values."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise InvalidValueError(
                f"the run's config has unknown fields {sorted(unknown)}; it needs a newer Glowface than {__version__}."
            )
        return cls(**{**values, "model": GlowConfig.from_dict(values["model"])})
