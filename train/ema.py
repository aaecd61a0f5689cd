"""The exponential moving average (EMA) of a model's weights: what is evaluated, sampled from and released."""

from __future__ import annotations

import copy

import torch

from glow.model import Glow
from train.optimiser import full_tensor, local


class EMA:
    """Exponential moving average of a model's parameters that are trained, cut into shards where these are.

    Args:
        model: the model, sharded already if it is to be.
        unsharded: the same model as it was before, of which copies are made to be used.
        decay: how much of the average stays in each step.
    """

    def __init__(self, model: Glow, unsharded: Glow, decay: float) -> None:
        self._model, self._unsharded, self._decay = model, unsharded, decay
        self.trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
        """The parameters that are trained, by their names."""
        self.tensors = {name: local(parameter).detach().clone() for name, parameter in self.trained.items()}
        """Their averages: this process's part of them."""

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step ``step``. The memory grows with the run, so the first are soon forgotten."""
        weight = 1 - min(self._decay, (1 + step) / (10 + step))
        weights = [local(parameter).detach() for parameter in self.trained.values()]
        torch._foreach_lerp_(list(self.tensors.values()), weights, weight)

    @torch.no_grad()
    def model(self) -> Glow:
        """A model with the averages, in one piece and frozen. All processes of a sharded run must call it."""
        made = copy.deepcopy(self._unsharded).to(next(iter(self.tensors.values())).device).requires_grad_(False)
        for name, parameter in made.named_parameters():
            if name in self.tensors:
                parameter.copy_(full_tensor(self.tensors[name], self.trained[name]))
        buffers = dict(self._model.named_buffers())
        for name, buffer in made.named_buffers():
            buffer.copy_(buffers[name])
        made.set_precision()
        return made.eval()
