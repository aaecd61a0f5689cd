"""What a training run is: the model and the recipe, as one frozen config that its checkpoints carry."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from glow.config import GlowConfig


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """The recipe of a run. Everything here decides the result; where and how fast it runs is not in it.

    Raises:
        ValueError: a field has a value that cannot be trained with.
    """

    model: GlowConfig = field(default_factory=GlowConfig)
    """The model's shape."""

    steps: int = 20_000
    """Optimiser steps in all. May be changed when a run goes on; the learning rate's end moves along."""

    batch: int = 32
    """Pictures in one step."""

    learning_rate: float = 1e-3
    """Adam's learning rate after the warm-up."""

    warmup: int = 500
    """Steps over which the learning rate rises from 0."""

    decay_share: float = 0.3
    """The last share of all steps, over which the learning rate falls to 0 in a straight line."""

    gradient_clip: float = 1.0
    """Largest norm of the gradient of bits/dim; longer ones are shortened to it."""

    ema: float = 0.999
    """Decay of the moving average of the weights, which is what is evaluated, sampled from and released."""

    initialise_batch: int = 256
    """Pictures that the actnorms are initialised from."""

    warm_start: str = ""
    """Hash of the checkpoint whose weights the run starts from; empty for fresh weights."""

    seed: int = 0
    """Seed of the weights, the order of the data, the flips and the noise."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "initialise_batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1.")
        if self.learning_rate <= 0 or self.gradient_clip <= 0 or self.warmup < 0:
            raise ValueError("learning_rate and gradient_clip must be above 0, warmup at least 0.")
        if not 0 <= self.decay_share <= 1 or not 0 <= self.ema < 1:
            raise ValueError("decay_share must be from 0 to 1, ema from 0 to below 1.")

    def rate(self, step: int) -> float:
        """Learning rate of step ``step``, counted from 0."""
        warm = min(1.0, (step + 1) / max(1, self.warmup))
        left = (self.steps - step) / max(1.0, self.decay_share * self.steps)
        return self.learning_rate * warm * min(1.0, left)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FitConfig:
        """The config back from :meth:`to_dict`'s values."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"the run's config has unknown fields {sorted(unknown)}; it needs a newer Glowface.")
        return cls(**{**values, "model": GlowConfig.from_dict(values["model"])})
