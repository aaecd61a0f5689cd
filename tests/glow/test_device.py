"""Which device and dtype are taken."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from glow.device import choose_device, fastest_net_dtype

SPIN = "import torch\nx = torch.randn(800, 800)\nprint('spinning', flush=True)\nwhile True: x @ x"


def test_an_unknown_device_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="try --device cpu"):
        choose_device("toaster")


def test_a_busy_machine_gets_the_same_dtype() -> None:
    alone = fastest_net_dtype(torch.device("cpu"))
    other = subprocess.Popen([sys.executable, "-c", SPIN], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        other.stdout.readline()
        assert [fastest_net_dtype(torch.device("cpu")) for _ in range(3)] == [alone] * 3
    finally:
        other.kill()
        other.wait()


def test_the_number_of_threads_stays() -> None:
    before = torch.get_num_threads()
    fastest_net_dtype(torch.device("cpu"))
    assert torch.get_num_threads() == before
