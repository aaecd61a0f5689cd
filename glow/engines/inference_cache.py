"""What a model keeps of the inference engine, and when that must be made anew."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from threading import Lock

import torch
from torch import Tensor

from glow.engines.inference import InferenceLevel
from glow.engines.inference_net import Shape
from glow.layers.flow_layer import FlowLayer
from glow.layers.flow_step import FlowStep


def is_constant(tensors: Sequence[Tensor]) -> bool:
    """Whether tensors can only change in ways that :class:`InferenceCache` sees."""
    # An optimiser changes those that ask for gradients, and a fused one leaves no trace; nor does inference mode.
    return not any(tensor.requires_grad or tensor.is_inference() for tensor in tensors)


class InferenceCache:
    """A model's levels in the inference engine, made when they are first asked for.

    Kept inverses go wrong when training goes on. So this is for constant tensors (:func:`is_constant`), as
    :func:`glow.load_checkpoint` gives them; they are looked at in every call, and all levels are made anew when one has
    changed.
    """

    def __init__(self) -> None:
        self._state: list[int] = []
        self._pinned: list[Tensor] = []
        self._store: dict[Hashable, list[InferenceLevel]] = {}
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[InferenceCache], tuple[()]]:
        return InferenceCache, ()  # a copy's parameters are others

    def get(
        self,
        tensors: Sequence[Tensor],
        levels: Sequence[tuple[Sequence[FlowStep], FlowLayer | None]],
        shapes: Sequence[Shape],
        dtype: torch.dtype,
    ) -> list[InferenceLevel]:
        """The levels in the inference engine.

        Args:
            tensors: all parameters and buffers of the levels; constant.
            levels: the steps of each level, and its split.
            shapes: ``(C, H, W)`` of each level.
            dtype: of what passes through the flow.
        """
        state = [number for tensor in tensors for number in (tensor.data_ptr(), tensor._version)]
        with self._lock:
            if state != self._state:
                # Held fast, so that no other tensor comes to lie at the same address.
                self._state, self._pinned, self._store = state, [tensor.detach() for tensor in tensors], {}
            name = (dtype, levels[0][0][0].coupling.net_dtype)
            if name not in self._store:
                pairs = zip(levels, shapes, strict=True)
                self._store[name] = [InferenceLevel(steps, split, shape, dtype) for (steps, split), shape in pairs]
            return self._store[name]
