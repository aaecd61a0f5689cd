"""The optimisers of a run behind one interface: shards, matrices and skipped steps are all alike to the loop."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor

from glow.layers.coupling_net import CouplingNet
from glow.model import Glow
from storage.values import InvalidValueError
from train.settings.config import FitConfig


def local(tensor: Tensor) -> Tensor:
    """The part of a tensor that is on this process: its shard where it is sharded, else the tensor itself."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


class Optimiser:
    """Adam, Adamax or Muon on a model's parameters.

    Optimisers work on stand-ins, which share their numbers with the parameters: a shard as a plain tensor, a kernel
    ``(out, in, k, k)`` as the matrix ``(out, in·k·k)`` that Muon makes its steps for.

    Args:
        model: the model, on its device, and sharded already if it is to be.
        config: which optimiser, and its learning rates.

    Raises:
        InvalidValueError: Muon is asked for on a sharded model: it needs whole matrices.
    """

    def __init__(self, model: Glow, config: FitConfig) -> None:
        self.parameters = list(model.parameters())
        sharded = any(isinstance(parameter, DTensor) for parameter in self.parameters)
        kernels = _kernels(model) if config.optimiser == "muon" else set()
        if kernels and sharded:
            raise InvalidValueError("optimiser muon needs whole matrices and cannot be sharded; choose adam or adamax.")
        self._stand_ins = [_stand_in(parameter, matrix=parameter in kernels) for parameter in self.parameters]
        pairs = list(zip(self.parameters, self._stand_ins, strict=True))
        self._owners = {stand_in: parameter for parameter, stand_in in pairs}
        rest = [stand_in for parameter, stand_in in pairs if parameter not in kernels]
        self._sharded = sharded
        self._full_rates = [config.learning_rate]
        self.of_each: list[torch.optim.Optimizer]
        """PyTorch's optimisers."""
        if config.optimiser == "adamax":
            self.of_each = [torch.optim.Adamax(rest, lr=config.learning_rate, foreach=True)]
        else:
            # CUDA's own wants to read the rate on the GPU, where a graph is recorded; the others read it on the CPU.
            on_gpu = rest[0].device.type == "cuda"
            where: dict[str, Any] = {"device": rest[0].device} if on_gpu else {"dtype": torch.float64}
            rate = torch.tensor(config.learning_rate, **where)
            self.of_each = [torch.optim.Adam(rest, lr=rate, fused=True, capturable=on_gpu)]
        if kernels:
            matrices = [stand_in for parameter, stand_in in pairs if parameter in kernels]
            self.of_each.append(torch.optim.Muon(matrices, lr=config.muon_rate, weight_decay=0.0))
            self._full_rates.append(config.muon_rate)
        self._rates: list[float | Tensor] = [optimiser.param_groups[0]["lr"] for optimiser in self.of_each]

    @property
    def recordable(self) -> bool:
        """Whether steps never wait for a number, so that they can be recorded: fused Adam's on one process."""
        return len(self.of_each) == 1 and isinstance(self.of_each[0], torch.optim.Adam) and not self._sharded

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in (*self.parameters, *self._stand_ins):
            parameter.grad = None

    def set_learning_rate_factor(self, factor: float) -> None:
        """Take the next steps with the learning rates after the warm-up times this factor."""
        for place, full in enumerate(self._full_rates):
            rate = self._rates[place]
            if isinstance(rate, Tensor):
                rate.fill_(full * factor)
            else:
                self._rates[place] = full * factor

    def step(self, largest_norm: float) -> tuple[Tensor, Tensor]:
        """Take a step by the parameters' gradients, or none if one of these is not finite.

        Args:
            largest_norm: to which longer gradients are shortened.

        Returns:
            The gradient's norm, and 1 if no step was taken, else 0; both scalars on the model's device, which the host
            has not waited for where it need not.
        """
        for parameter, stand_in in zip(self.parameters, self._stand_ins, strict=True):
            if stand_in is not parameter and parameter.grad is not None:
                stand_in.grad = local(parameter.grad).view(stand_in.shape)
        gradients = [stand_in.grad for stand_in in self._stand_ins if stand_in.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if self._sharded:
            squares = norm.square()
            torch.distributed.all_reduce(squares)
            norm = squares.sqrt()
        torch.nn.utils.clip_grads_with_norm_(self._stand_ins, largest_norm, norm)
        bad = (~torch.isfinite(norm)).float()
        adam = self.of_each[0] if isinstance(self.of_each[0], torch.optim.Adam) else None
        if adam is None or len(self.of_each) > 1:
            # Only the fused Adam can leave all as it is by itself; for the others the host has to look.
            if bad.item():
                return norm, bad
        else:
            adam.found_inf = bad  # type: ignore[attr-defined]
        for optimiser, rate in zip(self.of_each, self._rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate  # PyTorch's own becomes a copy where a state is loaded
            optimiser.step()
        return norm, bad

    def state_tensors(self) -> dict[str, tuple[Tensor, nn.Parameter | None]]:
        """The optimisers' state by name, each tensor with the parameter that it is of the shape and shards of.

        Scalars have none.
        """
        named: dict[str, tuple[Tensor, nn.Parameter | None]] = {}
        for place, optimiser in enumerate(self.of_each):
            for index, stand_in in enumerate(optimiser.param_groups[0]["params"]):
                for name, value in optimiser.state.get(stand_in, {}).items():
                    owner = self._owners[stand_in] if value.ndim else None
                    named[f"{place}.{index}.{name}"] = (value, owner)
        return named

    def load_state_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Put back :meth:`state_tensors`, full ones, of which a sharded model takes its parts."""
        for place, optimiser in enumerate(self.of_each):
            listed = optimiser.param_groups[0]["params"]
            states: dict[int, dict[str, Any]] = {}
            for name, tensor in tensors.items():
                which, index, key = name.split(".")
                if int(which) == place:
                    owner = self._owners[listed[int(index)]]
                    states.setdefault(int(index), {})[key] = shard(tensor, owner) if tensor.ndim else tensor
            optimiser.load_state_dict({**optimiser.state_dict(), "state": states})


def shard(full: Tensor, like: Tensor) -> Tensor:
    """This process's part of a full tensor that is cut as ``like`` is; the tensor itself if that is not cut."""
    if not isinstance(like, DTensor):
        return full
    # Every process has the full tensor: nothing is sent.
    cut = distribute_tensor(full, like.device_mesh, like.placements, src_data_rank=None)
    return cut.to_local()


def full_tensor(part: Tensor, like: Tensor | None) -> Tensor:
    """The full tensor of which this process has ``part``, cut as ``like`` is. All processes must call it."""
    if not isinstance(like, DTensor):
        return part
    return DTensor.from_local(
        part, like.device_mesh, like.placements, shape=like.shape, stride=like.stride()
    ).full_tensor()


def _kernels(model: Glow) -> set[nn.Parameter]:
    """The kernels of the coupling nets' convolutions."""
    nets = (module for module in model.modules() if isinstance(module, CouplingNet))
    return {conv.weight for net in nets for conv in net.convolutions}


def _stand_in(parameter: nn.Parameter, *, matrix: bool) -> nn.Parameter:
    if matrix:
        return nn.Parameter(parameter.detach().view(len(parameter), -1))
    return nn.Parameter(cast("Any", parameter).to_local()) if isinstance(parameter, DTensor) else parameter
