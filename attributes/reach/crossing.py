"""Where a number that is looked at comes over to the other side, as it is moved along a direction."""

from __future__ import annotations

import torch
from torch import Tensor


def crossing(curve: Tensor, at: Tensor) -> Tensor:
    """Where each column of ``curve`` ``(T, B)``, sampled ``at`` ``(T,)``, first comes to 0; else twice the end."""
    found = torch.full_like(curve[0], 2 * float(at[-1]))
    for t in range(len(at) - 1, 0, -1):
        low, high = curve[t - 1], curve[t]
        here = (low < 0) & (high >= 0)
        found = torch.where(here, at[t - 1] + (at[t] - at[t - 1]) * -low / (high - low), found)
    return found


def between(x: Tensor, at: Tensor, curves: Tensor) -> Tensor:
    """Each face's curves at its place of ``x`` ``(B,)``: ``(B, N)``, from ``(T, B, N)`` sampled ``at`` ``(T,)``."""
    right = torch.searchsorted(at, x).clamp(1, len(at) - 1)
    share = ((x - at[right - 1]) / (at[right] - at[right - 1]))[:, None]
    faces = torch.arange(len(x))
    return torch.lerp(curves[right - 1, faces], curves[right, faces], share)
