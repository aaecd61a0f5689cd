"""Tensors that are made of parameters alone, kept from call to call where nothing is being trained."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
LARGEST = 8
"""Entries of one store: a user of many batch sizes must not fill the memory."""


class Kept:
    """A small store of derived tensors that can never be stale.

    What is kept is used only while gradients are off and for as long as the tensors it was made of are the very
    same: changes in place raise a tensor's version, moves to other memory change its address. So there is nothing
    to drop when training goes on, which is where caches of inverses go wrong.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[tuple[object, ...], object]] = {}

    def __deepcopy__(self, _memo: object) -> Kept:
        return Kept()  # the copy's parameters are others

    def get(self, name: Hashable, parts: Iterable[Tensor], make: Callable[[], T]) -> T:
        """``make()``, or what it gave the last time for the same ``name`` and unchanged ``parts``."""
        if torch.is_grad_enabled():
            return make()
        key = tuple((part._version, part.data_ptr(), part.dtype, part.device) for part in parts)
        entry = self._entries.get(name)
        if entry is None or entry[0] != key:
            entry = (key, make())
            self._entries[name] = entry
            while len(self._entries) > LARGEST:
                del self._entries[next(iter(self._entries))]
        return entry[1]  # type: ignore[return-value]
