"""Tensors that are made of parameters alone, kept from call to call where nothing is being trained."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
LARGEST = 8
"""Entries of one store: a user of many batch sizes must not fill the memory."""


def may_change(parts: Iterable[Tensor]) -> bool:
    """Whether one of these tensors may change without a trace: by an optimiser, or under inference mode."""
    return any(part.requires_grad or part.is_inference() for part in parts)


class Kept:
    """A small store of tensors derived from parameters that are not being trained.

    Caches of inverses go wrong when training goes on. So nothing is kept that was made of a parameter which asks for
    gradients: optimisers change these, and fused ones do so without raising the tensor's version. What is made of
    frozen parameters (``requires_grad_(False)``, as :func:`glow.load_checkpoint` gives them) is used for as long as
    these have the same version, address, dtype and device.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[tuple[object, ...], object]] = {}

    def __deepcopy__(self, _memo: object) -> Kept:
        return Kept()  # the copy's parameters are others

    def get(self, name: Hashable, parts: Iterable[Tensor], make: Callable[[], T]) -> T:
        """``make()``, or what it gave the last time for the same ``name`` and unchanged ``parts``."""
        parts = tuple(parts)
        if torch.is_grad_enabled() or may_change(parts):
            return make()
        key = tuple((part._version, part.data_ptr(), part.dtype, part.device) for part in parts)
        entry = self._entries.get(name)
        if entry is None or entry[0] != key:
            entry = (key, make())
            self._entries[name] = entry
            while len(self._entries) > LARGEST:
                del self._entries[next(iter(self._entries))]
        return entry[1]  # type: ignore[return-value]
