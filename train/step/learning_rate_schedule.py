"""The learning rate over a run: linear warm-up from 0, constant, then linear decay to 0."""

from __future__ import annotations

from train.settings.config import FitConfig


def learning_rate_factor(config: FitConfig, step: int) -> float:
    """What the full learning rates are multiplied by for step ``step``, counted from 0."""
    warmup = min(1.0, (step + 1) / max(1, config.warmup))
    decay = (config.steps - step) / max(1.0, config.decay_share * config.steps)
    return warmup * min(1.0, decay)
