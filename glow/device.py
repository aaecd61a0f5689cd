"""Where and how fast to compute."""

from __future__ import annotations

import ctypes
import math
import sys
import time
from functools import lru_cache
from threading import Lock

import torch
from torch import Tensor
from torch.nn import functional as F

from storage.values import InvalidValueError

_measuring = Lock()
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt's names for them, from malloc.h

TURNS = 30
"""How often each dtype is timed where the faster one is looked for: under a tenth of a second in all."""


def choose_device(name: str = "auto") -> torch.device:
    """The device called ``name``; "auto" takes a CUDA GPU, then Apple's, then the CPU.

    Raises:
        InvalidValueError: the device is unknown or not on this machine.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InvalidValueError(f"device {name!r} cannot be used here; try --device cpu.") from error
    return device


def fastest_net_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where a convolution runs clearly faster in it than in float32 on ``device``, else float32.

    Measured rather than looked up: CPUs without bfloat16 instructions compute it by emulation, very slowly. By turns,
    the best of many, and in one thread: beside another busy program, threads that wait for one another tell nothing.
    Once in a process, so that all of its models compute alike.
    """
    with _measuring:  # the number of threads is the process's: two at once would put back each other's 1
        return _measured_net_dtype(device)


@lru_cache
def _measured_net_dtype(device: torch.device) -> torch.dtype:
    seconds = {torch.float32: math.inf, torch.bfloat16: math.inf}
    inputs = {dtype: _convolution_input(device, dtype) for dtype in seconds}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(TURNS):
            for dtype, (x, weight) in inputs.items():
                start = time.perf_counter()
                float(F.conv2d(x, weight, padding=1).sum())  # reading the value waits for the device
                seconds[dtype] = min(seconds[dtype], time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return torch.bfloat16 if seconds[torch.bfloat16] < 0.8 * seconds[torch.float32] else torch.float32


def keep_freed_memory() -> None:
    """Let this process keep memory that it frees, where its C library is GNU's; elsewhere nothing is done.

    That library gives large blocks back to the system and asks for them anew, in each step of a training. The page
    faults take up to a tenth of a CPU's time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    # Older ones refuse more than 32 MiB. Without the first setting, the second would do harm.
    if mallopt is not None and (mallopt(_MMAP_THRESHOLD, 1 << 30) or mallopt(_MMAP_THRESHOLD, 32 << 20)):
        mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)


def _convolution_input(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    x = torch.ones(4, 64, 16, 16, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    return x, torch.ones(64, 64, 3, 3, device=device, dtype=dtype)


def exact_flow_dtype(device: torch.device) -> torch.dtype:
    """The flow's dtype (see :meth:`Glow.set_precision`) that makes round trips exact: float64 where there is one."""
    return torch.float32 if device.type == "mps" else torch.float64
