"""Which device and dtype are taken."""

from __future__ import annotations

import pytest
import torch

from glow.device import choose_device, fastest_net_dtype


def test_an_unknown_device_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="try --device cpu"):
        choose_device("toaster")


def test_the_number_of_threads_stays() -> None:
    before = torch.get_num_threads()
    assert fastest_net_dtype(torch.device("cpu")) in (torch.float32, torch.bfloat16)
    assert torch.get_num_threads() == before
