"""The learning rate's course over a run: it rises from 0, stays, and falls to 0, both in a straight line."""

from __future__ import annotations

from train.settings.config import FitConfig


def learning_rate_share(config: FitConfig, step: int) -> float:
    """The share of the full learning rates that step ``step``, counted from 0, is taken with."""
    warm = min(1.0, (step + 1) / max(1, config.warmup))
    left = (config.steps - step) / max(1.0, config.decay_share * config.steps)
    return warm * min(1.0, left)
