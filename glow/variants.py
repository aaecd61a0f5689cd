"""Named kinds of flow: Glow and the two that it grew out of, in this code base's terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glow.config import GlowConfig


def glow(**fields: Any) -> GlowConfig:
    """Affine couplings between learned 1×1 convolutions (Kingma & Dhariwal 2018, arXiv 1807.03039)."""
    return GlowConfig(**fields)


def realnvp_like(**fields: Any) -> GlowConfig:
    """Affine couplings between reversed channels, as in RealNVP (Dinh et al. 2017, arXiv 1605.08803).

    Like the ablation of Glow's paper: its steps, actnorms and priors stay, only the mixing is RealNVP's.
    """
    return GlowConfig(permutation="reverse", coupling="affine", **fields)


def nice_like(**fields: Any) -> GlowConfig:
    """Additive couplings between reversed channels, as in NICE (Dinh et al. 2015, arXiv 1410.8516)."""
    return GlowConfig(permutation="reverse", coupling="additive", **fields)


VARIANTS: dict[str, Callable[..., GlowConfig]] = {"glow": glow, "realnvp-like": realnvp_like, "nice-like": nice_like}
"""The variants by name; each takes the other fields of :class:`GlowConfig`."""
