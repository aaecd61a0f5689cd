"""Sixteen bits a channel, as the writers are given them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from faces.files.modes import row_strips

__all__ = ["Picture16Bit"]

Array = np.ndarray[Any, Any]


class Picture16Bit(NamedTuple):
    """A picture to be written."""

    colour: Array
    """``(H, W, C)`` uint16, C is 1 for grey and else 3."""
    alpha: Array | None
    """``(H, W)`` uint8 or uint16."""

    def strips(self) -> Iterator[Array]:
        """``(rows, W, 1 to 4)`` uint16, from the top."""
        for rows in row_strips(*self.colour.shape[:2]):
            if self.alpha is None:
                yield self.colour[rows]
            else:
                alpha = self.alpha[rows, :, None]
                wide = alpha if alpha.dtype == np.uint16 else alpha.astype(np.uint16) * np.uint16(257)
                yield np.concatenate([self.colour[rows], wide], axis=2)
